//! The bridge gives what the session gives, and the golden file that Java's tests read is true.
//!
//! Layout of `src/test/resources/street.golden`, little endian: number of records of the table of
//! models u32; each: length u32 and bytes of key and value; number of records u32; each:
//! length u32 and bytes of the header, of the value and of the bridge's answer. `UPDATE_GOLDEN=1`
//! writes it anew.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::Path;

use bytes::Bytes;
use std::sync::Arc;

use flumen_analyzer::{Models, Named, Session};
use flumen_base::CameraId;
use flumen_base::wire::{
    self, Camera, Codec, Event, FrameResult, Marker, ModelCard, PacketHeader, Policy, Source,
    SourcePosition, Stream, model_card, source::Role,
};
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

/// Key and value of centres that are far from all that the clip shows: the second counts from
/// the middle on, the third is refused.
fn models() -> Vec<(Vec<u8>, Vec<u8>)> {
    let threshold = model_card::Threshold { dimension: "cluster".into(), score: 1.0 };
    let normal = model_card::Normal {
        camera: "yard".into(),
        mean: vec![0.0; 12],
        deviation: vec![1.0; 12],
        thresholds: vec![threshold],
        ..Default::default()
    };
    let one = |(version, schema, effective_us): (u64, u32, i64)| {
        let card = ModelCard {
            scope: "yard".into(),
            kind: "kmeans".into(),
            version,
            schema,
            effective_us,
            normals: vec![normal.clone()],
            parameters: Some(model_card::Parameters::Clusters(wire::Clusters {
                centres: vec![9.0; 12],
                weights: vec![1.0],
            })),
            ..ModelCard::default()
        };
        (format!("yard/kmeans/{version}").into_bytes(), card.encode_to_vec())
    };
    [(1, 1, 0), (2, 1, START_US + 8_000_000), (3, 9, 0)].into_iter().map(one).collect()
}

/// The number that a call answered.
fn number(reply: &[u8]) -> u64 {
    assert_eq!(reply[0], 0, "{}", String::from_utf8_lossy(&reply[1..]));
    u64::from_le_bytes(reply[1..9].try_into().unwrap())
}

fn answers(sessions: &Sessions, records: &[(Vec<u8>, Bytes)]) -> Vec<Vec<u8>> {
    let n = number(&sessions.open(b"yard", Some(&card().encode_to_vec())));
    learn(sessions, n);
    let one = |(i, (header, value)): (usize, &(Vec<u8>, Bytes))| {
        sessions.process(n, (0, i as u64), Some(header), value.clone())
    };
    records.iter().enumerate().map(one).collect()
}

/// Gives a session the table of models.
fn learn(sessions: &Sessions, n: u64) {
    let table = number(&sessions.models());
    assert_eq!(sessions.follow(n, table), [0]);
    for (offset, (key, value)) in models().iter().enumerate() {
        let told = replies(&sessions.model(table, key, (offset as u64, 7), Some(value))).unwrap();
        let topics: Vec<&str> = told.iter().map(|r| r.0.as_str()).collect();
        assert_eq!(topics, if offset == 2 { vec!["flumen.rejects"] } else { vec![] });
    }
    assert_eq!(sessions.forget(table), [0], "sessions keep what it had");
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
    let mut file = (models().len() as u32).to_le_bytes().to_vec();
    for (key, value) in models() {
        blob(&mut file, &key);
        blob(&mut file, &value);
    }
    file.extend((records.len() as u32).to_le_bytes());
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
    let table = Arc::new(Models::default());
    for (offset, (key, value)) in models().iter().enumerate() {
        let refused = table.put(key, offset as u64, Some(value), 7);
        assert_eq!(refused.is_some(), offset == 2);
    }
    session.follow_models(table);
    for (i, (header, value)) in records.iter().enumerate() {
        let at = SourcePosition { partition: 0, offset: i as u64, generation: 0 };
        session.record(at, Some(header), value.clone(), &mut made);
    }
    let bridged: Vec<Record> = answers.iter().flat_map(|a| replies(a).unwrap()).collect();
    let plain = |n: &Named| (n.topic.to_owned(), n.key.to_vec(), n.timestamp_us, n.value.to_vec());
    assert_eq!(bridged, made.iter().map(plain).collect::<Vec<_>>());
    let of = |topic: &'static str| {
        made.iter().filter(move |n| n.topic == topic).map(|n| n.value.clone())
    };
    let mut events = of("flumen.events").map(|e| Event::decode(e).unwrap());
    assert!(events.any(|e| e.kind == "anomaly"), "the clip has no anomaly");
    let frames = of("flumen.frames").map(|f| FrameResult::decode(f).unwrap());
    let swapped = frames.map(|f| f.model_version).collect::<Vec<_>>();
    assert!(swapped.is_sorted() && swapped.contains(&1) && swapped.contains(&2));
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
    learn(&process, n);
    for (i, (header, value)) in records.iter().enumerate() {
        let answer = process.process(n, (0, i as u64), Some(header), value.clone());
        assert!(answer == whole[i], "record {i}");
        if i % 7 == 3 {
            let snapshot = process.snapshot(n);
            process = Sessions::default();
            n = number(&process.restore(b"yard", &snapshot[1..]));
            learn(&process, n);
        }
    }
}
