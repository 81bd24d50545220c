//! What an earlier process left: the end of each stream in the log.
//!
//! Invariants: at most [`MOST_RECORDS`] records of a partition and [`MOST_TIME`] are read; a
//! stream not found there only lacks the exact end of its last span.
//! Not here: what follows from it (`feed`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use flumen_base::wire::{Marker, PacketHeader, Stream};
use flumen_base::{CameraId, Clock, Result, topic};
use flumen_bus::{Bus, Polled, Record, Start, Visibility};
use prost::Message as _;

use crate::handover::Left;
use crate::header;

/// Records looked at in a partition: few, and more when a camera is not among them.
const RECORDS: [u64; 2] = [512, MOST_RECORDS];
const MOST_RECORDS: u64 = 4096;
const MOST_TIME: Duration = Duration::from_millis(2500);

/// What was left, by camera and stream (main or sub).
pub(crate) type LeftBehind = HashMap<(String, Stream), Left>;

/// Reads the end of the video log.
///
/// # Errors
/// As the bus.
pub(crate) fn left_behind(bus: &dyn Bus) -> Result<LeftBehind> {
    let partitions = bus.watermarks(topic::VIDEO)?.iter().map(|w| w.partition).collect();
    Ok(read(bus, &partitions, MOST_RECORDS)?.left)
}

/// Reads the end of the partitions that hold these cameras, as far back as it takes.
///
/// # Errors
/// As the bus.
pub(crate) fn left_of(bus: &dyn Bus, cameras: &BTreeSet<CameraId>) -> Result<LeftBehind> {
    let mut found = LeftBehind::new();
    let mut sought = cameras.clone();
    for records in RECORDS {
        let of = |id: &CameraId| bus.partition_of(topic::VIDEO, id.as_str().as_bytes());
        let partitions: BTreeSet<u32> = sought.iter().map(of).collect::<Result<_>>()?;
        if partitions.is_empty() {
            break;
        }
        let tail = read(bus, &partitions, records)?;
        found.extend(tail.left);
        sought.retain(|id| !tail.seen.contains(id.as_str()));
    }
    Ok(found)
}

/// Writes the end markers that a killed process did not write; gives how many. For a bus that
/// no camera writes to.
///
/// # Errors
/// As the bus.
pub fn end_what_was_left(bus: &dyn Bus, clock: &dyn Clock) -> Result<usize> {
    let mut waiting = Vec::new();
    for left in left_behind(bus)?.into_values() {
        let Some(open) = left.open else { continue };
        let end_us = left.end_us.max(open.dts_us);
        let end = header::of_marker(&open, Marker::EndOfStream, end_us, clock.wall_us());
        let end = PacketHeader { sequence: open.sequence + 1, part: 0, parts: 1, ..end };
        let record = Record {
            key: end.camera.clone().into(),
            headers: vec![(topic::PACKET_HEADER.into(), end.encode_to_vec().into())],
            value: bytes::Bytes::new(),
            timestamp_us: end.arrival_us,
        };
        waiting.push(bus.send(topic::VIDEO, record)?);
    }
    let ended = waiting.len();
    waiting.into_iter().try_for_each(|pending| pending.wait().map(drop))?;
    Ok(ended)
}

/// True when a stream's last picture is so new that its owner may still send.
pub(crate) fn is_fed(left: &LeftBehind, now_us: i64, within: Duration) -> bool {
    let within = i64::try_from(within.as_micros()).unwrap_or(i64::MAX);
    let fresh = |h: &PacketHeader| now_us.saturating_sub(h.arrival_us) < within;
    left.values().filter_map(|l| l.open.as_ref()).any(fresh)
}

#[derive(Default)]
struct Tail {
    left: LeftBehind,
    /// Cameras whose main stream's last record is known.
    seen: HashSet<String>,
}

/// The last records of some partitions.
fn read(bus: &dyn Bus, partitions: &BTreeSet<u32>, records: u64) -> Result<Tail> {
    let mut start = Vec::new();
    let mut until = BTreeMap::new();
    for w in bus.watermarks(topic::VIDEO)? {
        let wanted = partitions.contains(&w.partition) && w.next > w.first;
        let back = if wanted { records } else { 0 };
        start.push((w.partition, w.next.saturating_sub(back).max(w.first)));
        if wanted {
            until.insert(w.partition, w.next);
        }
    }
    let mut tail = Tail::default();
    if until.is_empty() {
        return Ok(tail);
    }
    let mut consumer = bus.consumer(&[topic::VIDEO], Start::Offsets(start), Visibility::Written)?;
    let began = Instant::now();
    while !until.is_empty() && began.elapsed() < MOST_TIME {
        for thing in consumer.poll(256, Duration::from_millis(100))? {
            let (partition, next) = take(&mut tail, thing);
            if until.get(&partition).is_some_and(|&end| next >= end) {
                until.remove(&partition);
            }
        }
    }
    if !until.is_empty() {
        tracing::warn!("the end of {} could not be read in {MOST_TIME:?}", topic::VIDEO);
    }
    Ok(tail)
}

/// Notes a record; gives its partition and the offset behind it.
fn take(tail: &mut Tail, thing: Polled) -> (u32, u64) {
    let delivered = match thing {
        Polled::Record(delivered) => delivered,
        Polled::Expired { partition, to, .. } | Polled::Damaged { partition, to, .. } => {
            return (partition, to);
        }
    };
    let behind = (delivered.position.partition, delivered.position.offset + 1);
    let header = delivered.record.header(topic::PACKET_HEADER).cloned();
    let Some(header) = header.and_then(|h| PacketHeader::decode(h).ok()) else { return behind };
    let stream = match header.stream() {
        Stream::Audio => Stream::Main,
        picture => picture,
    };
    let left = tail.left.entry((header.camera.clone(), stream)).or_default();
    // A fenced owner's late records say nothing about the end.
    if header.epoch < left.epoch {
        return behind;
    }
    left.epoch = header.epoch;
    left.end_us = left.end_us.max(header.pts_us.saturating_add(i64::from(header.duration_us)));
    if header.stream() == Stream::Main {
        tail.seen.insert(header.camera.clone());
    }
    match (header.marker(), header.stream()) {
        (Marker::EndOfStream, _) => left.open = None,
        (Marker::None, Stream::Main | Stream::Sub) => left.open = Some(header),
        _ => {}
    }
    behind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_bus::MemoryBus;

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
        assert_eq!(end_what_was_left(&bus, &flumen_base::SystemClock).unwrap(), 2);
        assert!(left_behind(&bus).unwrap().values().all(|l| l.open.is_none()));
        assert_eq!(end_what_was_left(&bus, &flumen_base::SystemClock).unwrap(), 0);
    }

    #[test]
    fn a_camera_is_found_behind_others_and_a_fenced_owner_is_not_believed() {
        let bus = MemoryBus::default();
        let send = |camera: &str, epoch: u64, pts_us: i64, arrival_us: i64| {
            let header = PacketHeader {
                camera: camera.into(),
                epoch,
                pts_us,
                arrival_us,
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
        send("yard", 9, 1000, 1);
        send("yard", 8, 2000, 2);
        (0..600).for_each(|i| send("door", 3, i, 1_000_000));
        let ids = |names: &[&str]| names.iter().map(|n| CameraId::new(n).unwrap()).collect();
        let found = left_of(&bus, &ids(&["yard", "door", "gate"])).unwrap();
        let yard = &found[&("yard".to_string(), Stream::Main)];
        assert_eq!((yard.epoch, yard.end_us), (9, 1000));
        assert!(is_fed(&found, 1_500_000, Duration::from_secs(1)), "door was fed just now");
        assert!(!is_fed(&found, 9_500_000, Duration::from_secs(1)));
        assert!(left_of(&bus, &ids(&[])).unwrap().is_empty());
    }
}
