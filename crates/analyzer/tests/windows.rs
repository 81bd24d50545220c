//! Seconds of a stream as vectors: each unit once, what is left out is said.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use std::collections::HashSet;

use common::{Made, at, flat, marker, open, packets, run};
use flumen_analyzer::{Output, WINDOW_DIMENSIONS, WINDOW_SCHEMA, window_dimensions};
use flumen_base::wire::{Codec, Marker, Window};

const MADE: Made = Made { codec: Codec::H264, frames: 100, gop: 12, b_frames: 0 };

fn windows(outputs: Vec<Output>) -> Vec<Window> {
    outputs
        .into_iter()
        .filter_map(|o| if let Output::Window(w) = o { Some(w) } else { None })
        .collect()
}

fn value(window: &Window, name: &str) -> f32 {
    let at = window_dimensions().iter().position(|d| d.name == name).unwrap();
    window.values[at]
}

#[test]
fn each_second_is_one_window_and_each_unit_counts_once() {
    for b_frames in [0, 3] {
        let packets = packets(Made { b_frames, ..MADE }, 1);
        let all = windows(flat(run(&mut open(), &packets, 0)));
        // 100 frames at 15 a second.
        assert_eq!(all.len(), 7, "{b_frames} B frames");
        assert_eq!(all.iter().map(|w| w.units).sum::<u32>(), 100);
        assert_eq!(all.iter().map(|w| w.frames).sum::<u32>(), 100);
        let ids: HashSet<_> = all.iter().map(|w| w.sequence).collect();
        assert_eq!(ids.len(), all.len());
        let bytes: usize = packets.iter().map(|p| p.data.len()).sum();
        let told: f32 =
            all.iter().map(|w| value(w, "byte_rate") * w.duration_us as f32 / 1e6).sum();
        assert!((told - bytes as f32).abs() < 100.0, "{told} of {bytes} bytes");
        for w in &all {
            assert_eq!((w.schema, w.values.len()), (WINDOW_SCHEMA, WINDOW_DIMENSIONS));
            assert!(w.values.iter().all(|v| v.is_finite()), "{w:?}");
            assert_eq!((w.covered_permille, w.tampered), (1000, false));
            assert_eq!(w.begin_pts_us % 1_000_000, 0);
        }
        assert!(all[..6].iter().all(|w| w.duration_us == 1_000_000));
        // The square crosses at 4 pixels a frame: 60 a second of 160.
        let busy = &all[1];
        assert!((value(busy, "speed_mean") - 0.375).abs() < 0.08, "{}", value(busy, "speed_mean"));
        assert!(value(busy, "heading_0") > 0.8 && value(busy, "things_most") >= 1.0);
        assert!((value(busy, "brightness") - 92.0).abs() < 30.0);
        assert!(value(&all[0], "key_units") == 2.0 && value(&all[0], "key_bytes") > 0.0);
    }
}

#[test]
fn what_is_left_out_still_weighs_and_says_so() {
    let packets = packets(MADE, 1);
    let mut analyzer = open();
    let mut out = Vec::new();
    for (i, p) in packets.iter().enumerate() {
        analyzer.shed((20..60).contains(&i));
        analyzer.process(at(i), p, &mut out).unwrap();
    }
    analyzer.flush(&mut out).unwrap();
    let all = windows(out);
    assert_eq!(all.iter().map(|w| w.units).sum::<u32>(), 100);
    let dark = &all[2];
    assert_eq!((dark.units, dark.frames, dark.covered_permille), (15, 0, 0));
    assert!(value(dark, "other_bytes") > 0.0 && value(dark, "brightness") == 0.0);
    assert!(all[1].covered_permille > 0 && all[1].covered_permille < 1000);
}

#[test]
fn a_stream_that_ends_or_begins_anew_ends_its_second() {
    let mut all = packets(Made { frames: 35, ..MADE }, 1);
    all.push(marker(&all, Marker::EndOfStream));
    all.extend(packets(Made { frames: 35, ..MADE }, 2));
    let told = windows(flat(run(&mut open(), &all, 0)));
    let epochs: Vec<_> = told.iter().map(|w| (w.epoch, w.units)).collect();
    assert_eq!(epochs, [(1, 15), (1, 15), (1, 5), (2, 15), (2, 15), (2, 5)]);
    assert!(told[2].duration_us < 400_000, "{:?}", told[2].duration_us);
}
