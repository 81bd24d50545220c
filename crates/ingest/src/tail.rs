//! What an earlier process left: the end of each stream in the log.
//!
//! Invariants: at most [`MOST_RECORDS`] records and [`MOST_TIME`] a start; a stream not found
//! there only lacks the exact end of its last span.
//! Not here: what follows from it (`feed`).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use flumen_base::wire::{Marker, PacketHeader, Stream};
use flumen_base::{Result, topic};
use flumen_bus::{Bus, Polled, Start, Visibility};
use prost::Message as _;

use crate::handover::Left;

/// Records looked at in a partition.
const MOST_RECORDS: u64 = 4096;
const MOST_TIME: Duration = Duration::from_millis(1500);

/// What was left, by camera and stream (main or sub).
pub(crate) type LeftBehind = HashMap<(String, Stream), Left>;

/// Reads the end of the video log.
///
/// # Errors
/// As the bus.
pub(crate) fn left_behind(bus: &dyn Bus) -> Result<LeftBehind> {
    let marks = bus.watermarks(topic::VIDEO)?;
    let from =
        marks.iter().map(|w| (w.partition, w.next.saturating_sub(MOST_RECORDS).max(w.first)));
    let start = Start::Offsets(from.collect());
    let mut to_read: u64 = marks.iter().map(|w| (w.next - w.first).min(MOST_RECORDS)).sum();
    let mut found = LeftBehind::new();
    if to_read == 0 {
        return Ok(found);
    }
    let mut consumer = bus.consumer(&[topic::VIDEO], start, Visibility::Written)?;
    let began = Instant::now();
    while to_read > 0 && began.elapsed() < MOST_TIME {
        let polled = consumer.poll(256, Duration::from_millis(100))?;
        if polled.is_empty() {
            break;
        }
        for thing in polled {
            to_read = to_read.saturating_sub(take(&mut found, thing));
        }
    }
    Ok(found)
}

/// Notes a record; returns how many offsets it stands for.
fn take(found: &mut LeftBehind, thing: Polled) -> u64 {
    let record = match thing {
        Polled::Record(delivered) => delivered.record,
        Polled::Expired { from, to, .. } | Polled::Damaged { from, to, .. } => return to - from,
    };
    let header =
        record.header(topic::PACKET_HEADER).cloned().and_then(|h| PacketHeader::decode(h).ok());
    let Some(header) = header else { return 1 };
    let stream = match header.stream() {
        Stream::Audio => Stream::Main,
        picture => picture,
    };
    let left = found.entry((header.camera.clone(), stream)).or_default();
    left.end_us = left.end_us.max(header.pts_us.saturating_add(i64::from(header.duration_us)));
    match (header.marker(), header.stream()) {
        (Marker::EndOfStream, _) => left.open = None,
        (Marker::None, Stream::Main | Stream::Sub) => left.open = Some(header),
        _ => {}
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_bus::MemoryBus;
    use flumen_bus::Record;

    #[test]
    fn the_end_of_each_stream_is_found_and_whether_it_is_open() {
        let bus = MemoryBus::default();
        let send = |camera: &str, stream: Stream, pts_us: i64, marker: Marker| {
            let header = PacketHeader {
                camera: camera.into(),
                stream: stream.into(),
                epoch: 3,
                pts_us,
                duration_us: 40,
                marker: marker.into(),
                ..PacketHeader::default()
            };
            let record = Record {
                key: camera.to_string().into(),
                headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
                value: bytes::Bytes::new(),
                timestamp_us: 0,
            };
            bus.send(topic::VIDEO, record).unwrap();
        };
        send("yard", Stream::Main, 1000, Marker::None);
        send("yard", Stream::Main, 960, Marker::None);
        send("yard", Stream::Audio, 990, Marker::None);
        send("door", Stream::Main, 500, Marker::None);
        send("door", Stream::Main, 540, Marker::EndOfStream);
        send("door", Stream::Sub, 7, Marker::None);
        let found = left_behind(&bus).unwrap();
        let yard = &found[&("yard".to_string(), Stream::Main)];
        assert_eq!((yard.end_us, yard.open.as_ref().unwrap().pts_us), (1040, 960));
        let door = &found[&("door".to_string(), Stream::Main)];
        assert_eq!((door.end_us, door.open.is_none()), (580, true));
        assert_eq!(found[&("door".to_string(), Stream::Sub)].end_us, 47);
        assert!(left_behind(&MemoryBus::default()).unwrap().is_empty());
    }
}
