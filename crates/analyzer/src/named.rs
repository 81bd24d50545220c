//! Results as records: topic, key, bytes, timestamp and id, ready for any bus.
//!
//! Invariants: all of it depends on the analyzer's output and on the arrival time of the source
//! record alone; two records with one id are equal on every engine and after every restart.

use bytes::Bytes;
use flumen_base::topic;
use flumen_base::wire::{Event, FrameResult, Gap, Insight, Picture, PictureKind, Reject, Window};
use prost::Message;

use crate::Output;

/// One record for a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The topic that it belongs to; `flumen.gaps` is a table, the others are logs.
    pub topic: &'static str,
    /// The camera; in the table of gaps also start and cause.
    pub key: Bytes,
    /// The message.
    pub value: Bytes,
    /// Arrival of the source record.
    pub timestamp_us: i64,
    id: Vec<u8>,
}

impl Named {
    /// What tells this record from all others; a repeat has the same.
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// The record of an output that came from a source record of this arrival.
    pub(crate) fn of(output: &Output, camera: &Bytes, timestamp_us: i64) -> Named {
        let (topic, key, value, id) = match output {
            Output::Frame(f) => (topic::FRAMES, None, f.encode_to_vec(), frame_id(f)),
            Output::Event(e) => (topic::EVENTS, None, e.encode_to_vec(), event_id(e)),
            Output::Picture(p) => (topic::PICTURES, None, p.encode_to_vec(), picture_id(p)),
            Output::Window(w) => (topic::WINDOWS, None, w.encode_to_vec(), window_id(w)),
            Output::Insight(i) => (topic::INSIGHTS, None, i.encode_to_vec(), insight_id(i)),
            Output::Reject(r) => (topic::REJECTS, None, r.encode_to_vec(), reject_id(r)),
            Output::Gap(g) => {
                let key = format!("{}/{}/{}", g.camera, g.start_us, g.cause);
                (topic::GAPS, Some(key), g.encode_to_vec(), gap_id(g))
            }
        };
        let key = key.map_or_else(|| camera.clone(), Bytes::from);
        Named { topic, key, value: value.into(), timestamp_us, id }
    }
}

/// The id of a result as it stands on the bus; none when it can't be read.
pub fn id_of(topic: &str, value: &[u8]) -> Option<Vec<u8>> {
    match topic {
        topic::FRAMES => FrameResult::decode(value).ok().map(|f| frame_id(&f)),
        topic::EVENTS => Event::decode(value).ok().map(|e| event_id(&e)),
        topic::PICTURES => Picture::decode(value).ok().map(|p| picture_id(&p)),
        topic::WINDOWS => Window::decode(value).ok().map(|w| window_id(&w)),
        topic::INSIGHTS => Insight::decode(value).ok().map(|i| insight_id(&i)),
        topic::GAPS => Gap::decode(value).ok().map(|g| gap_id(&g)),
        topic::REJECTS => Reject::decode(value).ok().map(|r| reject_id(&r)),
        _ => None,
    }
}

fn id(topic: &str, camera: &str, numbers: [u64; 2], more: &[u8]) -> Vec<u8> {
    let mut id = format!("{topic}/{camera}/{}/{}/", numbers[0], numbers[1]).into_bytes();
    id.extend_from_slice(more);
    id
}

fn frame_id(f: &FrameResult) -> Vec<u8> {
    id(topic::FRAMES, &f.camera, [f.epoch, f.sequence], &[])
}

fn event_id(e: &Event) -> Vec<u8> {
    id(topic::EVENTS, &e.camera, [u64::from(e.revision), 0], &e.id)
}

fn picture_id(p: &Picture) -> Vec<u8> {
    if p.kind() == PictureKind::Derived {
        return id(topic::PICTURES, &p.camera, [p.epoch, p.sequence], b"derived");
    }
    id(topic::PICTURES, &p.camera, [u64::from(p.revision), 0], &p.event_id)
}

fn window_id(w: &Window) -> Vec<u8> {
    id(topic::WINDOWS, &w.camera, [w.epoch, w.sequence], &[])
}

fn insight_id(i: &Insight) -> Vec<u8> {
    id(topic::INSIGHTS, &i.camera, [u64::from(i.revision), 0], &i.id)
}

fn gap_id(g: &Gap) -> Vec<u8> {
    format!("{}/{}/{}/{}/{}", topic::GAPS, g.camera, g.start_us, g.cause, g.end_us).into_bytes()
}

fn reject_id(r: &Reject) -> Vec<u8> {
    let Some(at) = r.source else {
        return id(topic::REJECTS, &r.camera, [0, 0], &[r.topic.as_bytes(), &r.head].concat());
    };
    id(topic::REJECTS, &r.camera, [u64::from(at.partition), at.offset], &[])
}
