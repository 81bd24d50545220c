//! What the boundary costs: the same records through sessions in Rust and, by
//! `flumen.bridge.Cost` of the Java tests, through the bridge.
//!
//! `cost make SCENE FILE` writes the records of a scene of the farm; `cost run FILE PASSES` runs
//! them through a session and prints CPU time a pass; `cost state FILE` prints bytes and times of
//! snapshots.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use bytes::Bytes;
use flumen_analyzer::{Named, Session};
use flumen_base::CameraId;
use flumen_base::wire::{Codec, PacketHeader, SourcePosition};
use flumen_farm::{Clip, SceneSpec};
use prost::Message;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", scene, file] => make(scene, file),
        ["run", file, passes] => run(&read(file), passes.parse().unwrap()),
        ["state", file] => state(&read(file)),
        _ => println!("cost make SCENE FILE | cost run FILE PASSES | cost state FILE"),
    }
}

fn blob(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    to.extend_from_slice(bytes);
}

fn make(scene: &str, file: &str) {
    let spec: SceneSpec = scene.parse().unwrap();
    let clip = Clip::load_or_make(&spec, &std::env::temp_dir(), &mut |_, _| {}).unwrap();
    let mut out = (clip.units.len() as u32).to_le_bytes().to_vec();
    for (n, unit) in clip.units.iter().enumerate() {
        let us = |t: i64| 1_800_000_000_000_000 + t;
        let header = PacketHeader {
            camera: "yard".into(),
            epoch: 1,
            sequence: n as u64,
            codec: Codec::H264.into(),
            pts_us: us(unit.pts_us),
            dts_us: us(unit.dts_us),
            key: unit.key,
            capture_us: us(unit.pts_us),
            arrival_us: us(unit.dts_us),
            parameter_hash: 7,
            ..PacketHeader::default()
        };
        blob(&mut out, &header.encode_to_vec());
        blob(&mut out, &unit.data);
        blob(&mut out, &[]);
    }
    println!("{} records, {} bytes", clip.units.len(), out.len());
    std::fs::write(file, out).unwrap();
}

fn read(file: &str) -> Vec<(Vec<u8>, Bytes)> {
    let bytes = Bytes::from(std::fs::read(file).unwrap());
    let mut at = 4;
    let mut next = || {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        at += 4 + length;
        bytes.slice(at - length..at)
    };
    let count = u32::from_le_bytes(bytes[..4].try_into().unwrap());
    (0..count)
        .map(|_| {
            let record = (next().to_vec(), next());
            next();
            record
        })
        .collect()
}

/// CPU seconds of this process.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn pass(records: &[(Vec<u8>, Bytes)], mut each: impl FnMut(usize, &Session)) -> usize {
    let mut session = Session::open(&CameraId::new("yard").unwrap(), None);
    let mut made = 0;
    for (i, (header, value)) in records.iter().enumerate() {
        let mut out: Vec<Named> = Vec::new();
        let at = SourcePosition { partition: 0, offset: i as u64, generation: 0 };
        session.record(at, Some(header), value.clone(), &mut out);
        made += out.len();
        each(i, &session);
    }
    made
}

fn run(records: &[(Vec<u8>, Bytes)], passes: usize) {
    pass(records, |_, _| {});
    for _ in 0..passes {
        let before = cpu();
        let made = pass(records, |_, _| {});
        println!("rust {:.2} s CPU, {} records -> {made}", cpu() - before, records.len());
    }
}

fn state(records: &[(Vec<u8>, Bytes)]) {
    let (mut sizes, mut saves, mut restores) = (Vec::new(), Vec::new(), Vec::new());
    let camera = CameraId::new("yard").unwrap();
    pass(records, |i, session| {
        if i % 5 == 4 {
            let begun = Instant::now();
            let bytes = session.snapshot().unwrap();
            saves.push(begun.elapsed().as_micros());
            sizes.push(bytes.len());
            if i % 50 == 49 {
                let begun = Instant::now();
                let mut restored = Session::restore(&camera, &bytes).unwrap();
                let (header, value) = &records[(i + 1) % records.len()];
                let at = SourcePosition::default();
                restored.record(at, Some(header), value.clone(), &mut Vec::new());
                restores.push(begun.elapsed().as_micros());
            }
        }
    });
    for (what, mut all) in [
        ("bytes", sizes.iter().map(|s| *s as u128).collect::<Vec<_>>()),
        ("snapshot us", saves),
        ("restore and one unit us", restores),
    ] {
        all.sort_unstable();
        println!("{what}: median {}, largest {}", all[all.len() / 2], all[all.len() - 1]);
    }
}
