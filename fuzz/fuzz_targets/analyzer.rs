//! Records of any kind to one camera's analyzer, and any bytes as its snapshot.
#![no_main]

use bytes::{Buf, Bytes};
use flumen_analyzer::{Analyzer, Settings};
use flumen_base::wire::{PacketHeader, SourcePosition};
use flumen_base::{CameraId, Packet};
use libfuzzer_sys::fuzz_target;
use prost::Message;

const CAMERA: &str = "yard";

fuzz_target!(|data: &[u8]| {
    let Some((&how, rest)) = data.split_first() else { return };
    let camera = CameraId::new(CAMERA).expect("a good id");
    if how == 0 { damaged_snapshot(&camera, rest) } else { restart_at(&camera, rest, how) }
});

fn settings() -> Settings {
    Settings {
        max_side: 256,
        max_pixels: 128 * 128,
        max_unit_bytes: 1 << 16,
        ..Settings::default()
    }
}

/// At a place of the input's choice the process dies and goes on from its snapshot.
fn restart_at(camera: &CameraId, records: &[u8], how: u8) {
    let mut analyzer = Analyzer::open(camera, settings()).expect("good settings");
    let mut out = Vec::new();
    for (offset, packet) in packets(records).enumerate() {
        let _ = analyzer.process(at(offset), &packet, &mut out);
        if offset == usize::from(how >> 1) {
            let bytes = analyzer.snapshot().expect("a snapshot");
            analyzer =
                Analyzer::restore(camera, settings(), &bytes).expect("our own snapshot is read");
            assert_eq!(
                analyzer.snapshot().expect("a snapshot"),
                bytes,
                "nothing is lost on the way"
            );
        }
        analyzer.shed(how & 1 == 1 && offset % 8 == 7);
    }
    let _ = analyzer.flush(&mut out);
}

/// A snapshot of a good run with bytes changed (place, 2, little endian; new byte) goes on if it is read.
fn damaged_snapshot(camera: &CameraId, rest: &[u8]) {
    let Some((&count, rest)) = rest.split_first() else { return };
    let Some((changes, records)) = rest.split_at_checked(3 * usize::from(count % 32)) else {
        return;
    };
    let mut analyzer = Analyzer::open(camera, settings()).expect("good settings");
    let mut out = Vec::new();
    for (offset, packet) in packets(records).enumerate() {
        let _ = analyzer.process(at(offset), &packet, &mut out);
    }
    let mut bytes = analyzer.snapshot().expect("a snapshot");
    for change in changes.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]]));
        bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte = change[2]);
    }
    let Ok(mut analyzer) = Analyzer::restore(camera, settings(), &bytes) else { return };
    for (offset, packet) in packets(records).enumerate() {
        let _ = analyzer.process(at(offset), &packet, &mut out);
    }
    let _ = (analyzer.flush(&mut out), analyzer.snapshot());
}

fn at(offset: usize) -> SourcePosition {
    SourcePosition { offset: offset as u64, ..SourcePosition::default() }
}

/// Length-delimited headers, each followed by the length of its bytes (2, big endian) and those.
fn packets(records: &[u8]) -> impl Iterator<Item = Packet> + use<> {
    let mut rest = Bytes::copy_from_slice(records);
    let read = move || {
        let mut header = PacketHeader::decode_length_delimited(&mut rest).ok()?;
        header.camera = CAMERA.into();
        let length = usize::from(rest.try_get_u16().ok()?).min(rest.len());
        Some(Packet { header, data: rest.split_to(length) })
    };
    std::iter::from_fn(read).take(64)
}
