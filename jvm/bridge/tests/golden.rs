//! The bridge gives what the session gives, and the golden file that Java's tests read is true.
//!
//! Layout of `src/test/resources/street.golden`, little endian: number of records u32; each:
//! length u32 and bytes of the header, of the value and of the bridge's answer. `UPDATE_GOLDEN=1`
//! writes it anew.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::Path;

use bytes::Bytes;
use flumen_analyzer::{Named, Session};
use flumen_base::CameraId;
use flumen_base::wire::{Camera, Codec, Marker, PacketHeader, Policy, Source, SourcePosition};
use flumen_base::wire::{Stream, source::Role};
use flumen_bridge::{Record, Sessions, replies};
use flumen_farm::{Clip, SceneSpec};
use prost::Message;

const START_US: i64 = 1_800_000_000_000_000;

/// Header and value of each record of a clip, a damaged one and the end of the stream among them.
fn records() -> Vec<(Vec<u8>, Bytes)> {
    let spec: SceneSpec =
        "synthetic:street?seed=3&seconds=16&size=160x90&fps=8&codec=h264".parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip::load_or_make(&spec, dir.path(), &mut |_, _| {}).unwrap();
    let mut all = Vec::new();
    let mut last = PacketHeader::default();
    for (n, unit) in clip.units.iter().enumerate() {
        last = PacketHeader {
            camera: "yard".into(),
            epoch: 1,
            sequence: n as u64,
            codec: Codec::H264.into(),
            width: 160,
            height: 90,
            pts_us: START_US + unit.pts_us,
            dts_us: START_US + unit.dts_us,
            duration_us: 125_000,
            key: unit.key,
            capture_us: START_US + unit.pts_us,
            arrival_us: START_US + unit.dts_us,
            parameter_hash: 7,
            ..PacketHeader::default()
        };
        all.push((last.encode_to_vec(), unit.data.clone()));
        if n == 70 {
            all.push((b"\xff\xff not a header".to_vec(), Bytes::from_static(b"not a unit")));
        }
    }
    let marker = Marker::EndOfStream.into();
    let end = PacketHeader { marker, key: false, sequence: last.sequence + 1, ..last };
    all.push((end.encode_to_vec(), Bytes::new()));
    all
}

fn card() -> Camera {
    let role = Some(Role { analyse: true, ..Role::default() });
    Camera {
        id: "yard".into(),
        enabled: true,
        version: 4,
        sources: vec![Source { stream: Stream::Main.into(), role, ..Source::default() }],
        policy: Some(Policy { sensitivity: 60, ..Policy::default() }),
        ..Camera::default()
    }
}

/// The number that a call answered.
fn number(reply: &[u8]) -> u64 {
    assert_eq!(reply[0], 0, "{}", String::from_utf8_lossy(&reply[1..]));
    u64::from_le_bytes(reply[1..9].try_into().unwrap())
}

fn answers(sessions: &Sessions, records: &[(Vec<u8>, Bytes)]) -> Vec<Vec<u8>> {
    let n = number(&sessions.open(b"yard", Some(&card().encode_to_vec())));
    let one = |(i, (header, value)): (usize, &(Vec<u8>, Bytes))| {
        sessions.process(n, (0, i as u64), Some(header), value.clone())
    };
    records.iter().enumerate().map(one).collect()
}

fn blob(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    to.extend_from_slice(bytes);
}

#[test]
fn the_golden_file_is_what_the_session_gives() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/test/resources/street.golden");
    let records = records();
    let answers = answers(&Sessions::default(), &records);
    let mut file = (records.len() as u32).to_le_bytes().to_vec();
    for ((header, value), answer) in records.iter().zip(&answers) {
        blob(&mut file, header);
        blob(&mut file, value);
        blob(&mut file, answer);
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &file).unwrap();
    }
    let golden = std::fs::read(&path).unwrap();
    assert!(golden == file, "{} is not what is made now: UPDATE_GOLDEN=1", path.display());
    assert!(golden.len() < 300 << 10, "{} bytes", golden.len());

    let mut session = Session::open(&CameraId::new("yard").unwrap(), Some(&card()));
    let mut made: Vec<Named> = Vec::new();
    for (i, (header, value)) in records.iter().enumerate() {
        let at = SourcePosition { partition: 0, offset: i as u64, generation: 0 };
        session.record(at, Some(header), value.clone(), &mut made);
    }
    let bridged: Vec<Record> = answers.iter().flat_map(|a| replies(a).unwrap()).collect();
    let plain = |n: &Named| (n.topic.to_owned(), n.key.to_vec(), n.timestamp_us, n.value.to_vec());
    assert_eq!(bridged, made.iter().map(plain).collect::<Vec<_>>());
    let all =
        ["flumen.frames", "flumen.events", "flumen.pictures", "flumen.windows", "flumen.rejects"];
    for topic in all {
        assert!(bridged.iter().any(|r| r.0 == topic), "the clip has no {topic}");
    }
}

#[test]
fn a_session_goes_on_in_another_process_from_any_record() {
    let records = records();
    let whole = answers(&Sessions::default(), &records);
    let mut process = Sessions::default();
    let mut n = number(&process.open(b"yard", Some(&card().encode_to_vec())));
    for (i, (header, value)) in records.iter().enumerate() {
        let answer = process.process(n, (0, i as u64), Some(header), value.clone());
        assert!(answer == whole[i], "record {i}");
        if i % 7 == 3 {
            let snapshot = process.snapshot(n);
            process = Sessions::default();
            n = number(&process.restore(b"yard", &snapshot[1..]));
        }
    }
}
