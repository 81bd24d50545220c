//! `flumen check` and `flumen export` on a data directory that no server holds.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

#[path = "common/mod.rs"]
mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::{flumen, succeed, wait_for};
use flumen_archive::{Archive, ArchiveConfig, LocalStore};
use flumen_base::wire::{Codec, Marker, PacketHeader};
use flumen_base::{Clock, Frame, Plane, SystemClock, topic};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Record};
use flumen_media::{Encoded, Encoder, EncoderConfig, fmp4, nal};
use prost::Message as _;
use serde_json::Value;

const PICTURES: usize = 40;
const STEP_US: i64 = 100_000;

/// Four seconds at 10 pictures a second, a key picture twice a second.
fn film() -> Vec<Encoded> {
    let config = EncoderConfig {
        gop: 5,
        b_frames: 0,
        preset: "ultrafast".into(),
        ..EncoderConfig::new(Codec::H264, 64, 48, 10)
    };
    let mut encoder = Encoder::open(&config).unwrap();
    let mut film = Vec::new();
    for n in 0..PICTURES {
        let luma: Vec<u8> = (0..64 * 48).map(|i| (i % 64 + i / 64 + n * 3) as u8).collect();
        let chroma = vec![128; 32 * 24];
        let plane = |data, w, h| Plane::new(data, w, w, h).unwrap();
        let frame = Frame {
            luma: plane(&luma, 64, 48),
            u: Some(plane(&chroma, 32, 24)),
            v: Some(plane(&chroma, 32, 24)),
            pts_us: n as i64 * STEP_US,
        };
        film.extend(encoder.push(&frame, false).unwrap());
    }
    film.extend(encoder.finish().unwrap());
    film
}

fn put(bus: &Embedded, header: &PacketHeader, value: Bytes) {
    let record = Record {
        key: Bytes::from_static(b"yard"),
        headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
        value,
        timestamp_us: header.arrival_us,
    };
    bus.send(topic::VIDEO, record).unwrap().wait().unwrap();
}

/// A data directory with a log and an archive of `film`, a minute ago.
fn stocked() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let bus = Embedded::open(&dir.path().join("bus"), EmbeddedConfig::default()).unwrap();
    let start_us = SystemClock.wall_us() - 60_000_000;
    let film = film();
    let header = PacketHeader {
        camera: "yard".into(),
        epoch: 1,
        codec: Codec::H264.into(),
        width: 64,
        height: 48,
        duration_us: STEP_US as u32,
        parameter_hash: nal::parameter_hash(Codec::H264, &film[0].data),
        ..PacketHeader::default()
    };
    for (sequence, unit) in (0..).zip(&film) {
        let at_us = start_us + unit.dts_us;
        let times = PacketHeader { dts_us: at_us, arrival_us: at_us, ..header.clone() };
        let pts_us = start_us + unit.pts_us;
        put(&bus, &PacketHeader { pts_us, sequence, key: unit.key, ..times }, unit.data.clone());
    }
    let end = PacketHeader { marker: Marker::EndOfStream.into(), arrival_us: start_us, ..header };
    put(&bus, &end, Bytes::new());

    let store = Arc::new(LocalStore::open(&dir.path().join("archive")).unwrap());
    let config = ArchiveConfig {
        dir: dir.path().join("archive"),
        segment_max: Duration::from_secs(1),
        ..ArchiveConfig::default()
    };
    let archive = Archive::start(bus.clone(), store, config).unwrap();
    wait_for("all to be filed", Duration::from_secs(60), || {
        (archive.status().segments == 4).then_some(())
    });
    archive.stop().unwrap();
    bus.close().unwrap();
    dir
}

fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The files of the log of video that hold something.
fn video_logs(data: &Path) -> Vec<PathBuf> {
    let all = files(&data.join("bus"), ".log").into_iter();
    all.filter(|f| f.to_string_lossy().contains(topic::VIDEO) && long(f) > 4096).collect()
}

fn long(file: &Path) -> u64 {
    file.metadata().unwrap().len()
}

fn spoil(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn damage_of_the_log_is_named_with_topic_offset_file_and_what_to_do() {
    let dir = stocked();
    assert!(succeed(&flumen(dir.path(), &["check"])).contains("all is as promised"));

    let logs = video_logs(dir.path());
    let log = &logs[0];
    spoil(log, long(log) as usize / 2);
    let before = std::fs::read(log).unwrap();
    let told = flumen(dir.path(), &["check"]);
    assert_eq!(told.status.code(), Some(4), "{}", said(&told));
    let words = said(&told);
    assert!(words.contains(&format!("BAD  {}: records ", log.display())), "{words}");
    assert!(words.contains(&format!("of {}, partition ", topic::VIDEO)), "{words}");
    assert!(words.contains("they are lost") && words.contains("Check the disk"), "{words}");
    assert!(words.contains("something is wrong, see above"), "{words}");

    let json = flumen(dir.path(), &["check", "--json"]);
    assert_eq!(json.status.code(), Some(4));
    let findings: Value = serde_json::from_slice(&json.stdout).unwrap();
    let bad: Vec<&Value> =
        findings.as_array().unwrap().iter().filter(|f| f["bad"] == true).collect();
    assert_eq!(bad.len(), 1, "one byte, one finding: {findings}");
    assert_eq!(bad[0]["where"], log.display().to_string());
    let what = bad[0]["what"].as_str().unwrap();
    let numbers: Vec<u64> = what.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(numbers[0] <= numbers[1] && numbers[1] <= PICTURES as u64, "{what}");
    assert_eq!(std::fs::read(log).unwrap(), before, "check changes nothing");
}

#[test]
fn a_torn_tail_of_the_log_is_a_note_and_no_damage() {
    let dir = stocked();
    let log = video_logs(dir.path()).remove(0);
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, [&whole[..], &[0x5a; 100]].concat()).unwrap();
    let words = succeed(&flumen(dir.path(), &["check"]));
    assert!(words.contains("100 bytes that were never acknowledged"), "{words}");
    assert!(words.contains("the next start cuts them off"), "{words}");
}

#[test]
fn export_without_a_server_is_whole_or_not_there_at_all() {
    let dir = stocked();
    let out = dir.path().join("out.mp4");
    let export = |camera| {
        let path = out.display().to_string();
        flumen(dir.path(), &["export", camera, "--from", "-5min", "--to", "now", "--out", &path])
    };
    succeed(&export("yard"));
    let mut reader = fmp4::Reader::open(std::fs::File::open(&out).unwrap()).unwrap();
    let mut pictures = 0;
    while reader.next_unit().unwrap().is_some() {
        pictures += 1;
    }
    assert_eq!((pictures, reader.missing()), (PICTURES, None));
    std::fs::remove_file(&out).unwrap();

    let none = export("nobody");
    assert!(!none.status.success() && said(&none).contains("nobody"), "{}", said(&none));
    let damaged = files(&dir.path().join("archive/video"), ".mp4").remove(1);
    spoil(&damaged, long(&damaged) as usize / 2);
    let refused = export("yard");
    assert!(!refused.status.success());
    let name = damaged.file_name().unwrap().to_str().unwrap();
    assert!(said(&refused).contains(name), "{}", said(&refused));
    assert_eq!(files(dir.path(), ".part"), Vec::<PathBuf>::new());
    assert!(!out.exists(), "nothing that looks whole");
}
