//! Real footage through the archive and back; runs with `FLUMEN_FOOTAGE=DIR` only. The exported
//! films stay in `FLUMEN_OUT` when it is set.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use flumen_archive::{Archive, ArchiveConfig, LocalStore, Reader};
use flumen_base::wire::{Marker, PacketHeader, Stream};
use flumen_base::{CameraId, topic};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Record};
use flumen_media::{Demuxed, Demuxer, Interrupt, Open, Unit, fmp4};
use prost::Message;
use std::sync::Arc;

const START_US: i64 = 1_800_000_000_000_000;

fn read(path: &Path) -> Vec<Unit> {
    let root = path.parent().unwrap().to_path_buf();
    let open = Open { file_roots: vec![root], ..Open::default() };
    let address = format!("file:{}", path.display());
    let mut demuxer = Demuxer::open(&address, &open, &Interrupt::new()).unwrap();
    let mut units = Vec::new();
    while let Demuxed::Unit(unit) = demuxer.read().unwrap() {
        units.push(unit);
    }
    units
}

fn shoot(bus: &dyn Bus, units: &[Unit]) {
    let zero_us = units.iter().map(|u| u.dts_us).min().unwrap();
    let mut counts = [0u64; 2];
    let send = |header: &PacketHeader, data: Bytes| {
        let headers = vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())];
        let record = Record {
            key: Bytes::from_static(b"real"),
            headers,
            value: data,
            timestamp_us: header.arrival_us,
        };
        bus.send(topic::VIDEO, record).unwrap()
    };
    let mut last = None;
    for unit in units {
        let count = &mut counts[usize::from(unit.audio)];
        let header = PacketHeader {
            camera: "real".into(),
            stream: if unit.audio { Stream::Audio } else { Stream::Main }.into(),
            epoch: 1,
            sequence: *count,
            codec: unit.info.codec.into(),
            width: unit.info.width,
            height: unit.info.height,
            sample_rate_hz: unit.info.sample_rate_hz,
            channels: unit.info.channels,
            config: unit.info.config.clone(),
            pts_us: START_US + unit.pts_us - zero_us,
            dts_us: START_US + unit.dts_us - zero_us,
            duration_us: unit.duration_us,
            key: unit.key,
            parameter_hash: unit.parameter_hash,
            arrival_us: START_US + unit.dts_us - zero_us,
            ..PacketHeader::default()
        };
        *count += 1;
        last = Some(send(&header, unit.data.clone()));
    }
    last.unwrap().wait().unwrap();
    let end = PacketHeader {
        camera: "real".into(),
        epoch: 1,
        marker: Marker::EndOfStream.into(),
        arrival_us: START_US,
        ..PacketHeader::default()
    };
    send(&end, Bytes::new()).wait().unwrap();
}

fn through(path: &Path, out: &Path) {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let units = read(path);
    let dir = tempfile::tempdir().unwrap();
    let bus = Embedded::open(&dir.path().join("bus"), EmbeddedConfig::default()).unwrap();
    let place = dir.path().join("archive");
    let config = ArchiveConfig {
        dir: place.clone(),
        segment_max: Duration::from_secs(5),
        ..ArchiveConfig::default()
    };
    let archive =
        Archive::start(bus.clone(), Arc::new(LocalStore::open(&place).unwrap()), config).unwrap();
    shoot(bus.as_ref(), &units);
    archive.stop().unwrap();

    let camera = CameraId::new("real").unwrap();
    let reader = Reader::open(&place).unwrap();
    assert_eq!(reader.check(&mut |_, _| {}).unwrap(), [], "{name}");
    let film = out.join(format!("{name}.mp4"));
    reader.export(&camera, 0, i64::MAX, &film).unwrap();
    let mut back = fmp4::Reader::open(std::fs::File::open(&film).unwrap()).unwrap();
    let (mut pictures, mut sound, mut keys) = (0, 0, 0);
    while let Some(unit) = back.next_unit().unwrap() {
        match unit.audio {
            true => sound += 1,
            false => pictures += 1,
        }
        keys += u64::from(unit.key && !unit.audio);
    }
    let count = |f: fn(&Unit) -> bool| units.iter().filter(|u| f(u)).count();
    assert_eq!(pictures, count(|u| !u.audio), "{name}");
    assert_eq!(keys as usize, count(|u| !u.audio && u.key), "{name}");
    let spoken = count(|u| u.audio);
    assert_eq!(sound, spoken, "{name}");
    let span: i64 = reader
        .timeline(&camera, 0, i64::MAX)
        .unwrap()
        .segments
        .iter()
        .map(|s| s.end_us - s.start_us)
        .sum();
    println!(
        "{name}: {pictures} pictures, {keys} keys, {sound} of {spoken} pieces of sound, {:.3} s",
        span as f64 / 1e6
    );
}

#[test]
fn real_clips_come_back_whole() {
    let Some(root) = std::env::var_os("FLUMEN_FOOTAGE") else { return };
    let kept = std::env::var_os("FLUMEN_OUT").map(PathBuf::from);
    let dir = tempfile::tempdir().unwrap();
    let out = kept.as_deref().unwrap_or(dir.path());
    let mut clips: Vec<PathBuf> = std::fs::read_dir(Path::new(&root).join("clips"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    clips.sort();
    assert!(!clips.is_empty());
    for clip in clips {
        through(&clip, out);
    }
}
