//! What is recorded comes back: spans, pictures, sound, across files.

use std::time::{Duration, Instant};

use flumen_base::wire::{Codec, Gap, GapCause};
use flumen_base::{Kind, topic};
use flumen_bus::Bus;
use flumen_media::fmp4;
use flumen_media::{Decoded, Decoder, Limits, Unit, nal};
use prost::Message;

use super::rig::{Rig, STEP_US, ZERO_US, camera, film, film_b, film_large, is_there};
use crate::{Archive, Span};

/// All units of a film, which must be whole.
fn units(pieces: impl Iterator<Item = flumen_base::Result<bytes::Bytes>>) -> Vec<Unit> {
    let whole: Vec<u8> = pieces.flat_map(|p| p.unwrap().to_vec()).collect();
    let mut reader = fmp4::Reader::open(std::io::Cursor::new(whole)).unwrap();
    let mut units = Vec::new();
    while let Some(unit) = reader.next_unit().unwrap() {
        units.push(unit);
    }
    assert_eq!(reader.missing(), None);
    units
}

fn decoded(units: &[Unit]) -> usize {
    let mut decoder = Decoder::open(Codec::H264, &Limits::default()).unwrap();
    let mut pictures = 0;
    let mut drain = |decoder: &mut Decoder| {
        while let Decoded::Frame(frame) = decoder.next().unwrap() {
            assert!(!frame.damaged);
            pictures += 1;
        }
    };
    for unit in units.iter().filter(|u| !u.audio) {
        decoder.push(&unit.data, unit.pts_us, 0).unwrap();
        drain(&mut decoder);
    }
    decoder.finish().unwrap();
    drain(&mut decoder);
    pictures
}

/// The NAL units, whatever their start codes.
fn nals(data: &[u8]) -> Vec<Vec<u8>> {
    nal::units(data).map(<[u8]>::to_vec).collect()
}

#[test]
fn a_span_comes_back_from_its_key_frame_across_files() {
    for film in [film(), film_b()] {
        let rig = Rig::new();
        rig.shoot(film, 1, 0..60, ZERO_US);
        rig.end(1, ZERO_US + 6_000_000);
        drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
        let rows = rig.rows();
        assert_eq!(rows.len(), 6);
        assert!(rows.windows(2).all(|w| w[0].1 == w[1].0), "{rows:?}");
        let first_us = ZERO_US + film[0].pts_us;
        assert_eq!(rows.iter().map(|r| r.1 - r.0).sum::<i64>(), 6000);

        // From the middle of the second group to the middle of the eighth.
        let video =
            rig.reader().video(&camera(), first_us + 730_000, first_us + 3_650_000).unwrap();
        assert!(video.mime().starts_with("video/mp4; codecs=\"avc1."));
        assert_eq!(video.start_us(), first_us + film[5].dts_us - film[0].pts_us);
        let back = units(video);
        assert!(back[0].key && back[0].dts_us == 0, "{} {}", back[0].key, back[0].dts_us);
        assert!(back.windows(2).all(|w| w[1].dts_us - w[0].dts_us == STEP_US));
        assert_eq!(nals(&back[0].data), nals(&film[5].data));
        assert!((32..=34).contains(&back.len()), "{}", back.len());
        assert_eq!(decoded(&back), back.len());

        let all = units(rig.reader().video(&camera(), 0, i64::MAX).unwrap());
        assert_eq!((all.len(), decoded(&all)), (60, 60));
        assert!(
            all.iter().zip(film).all(|(a, b)| nals(&a.data) == nals(&b.data) && a.key == b.key)
        );
    }
}

#[test]
fn sound_is_recorded_with_its_picture() {
    let rig = Rig::new();
    for second in 0..3 {
        rig.shoot(film(), 1, second * 10..second * 10 + 10, ZERO_US);
        rig.speak(1, second as u64 * 10, ZERO_US + second as i64 * 1_000_000);
    }
    rig.end(1, ZERO_US + 3_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let back = units(rig.reader().video(&camera(), ZERO_US, ZERO_US + 3_000_000).unwrap());
    let sound: Vec<&Unit> = back.iter().filter(|u| u.audio).collect();
    assert_eq!((back.len() - sound.len(), sound.len()), (30, 30));
    assert!(sound.windows(2).all(|w| w[1].dts_us - w[0].dts_us == 100_000));
    assert_eq!(sound[7].data, vec![7u8; 800]);
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
}

#[test]
fn another_size_begins_another_file_and_a_span_over_both_is_refused_with_the_time() {
    let rig = Rig::new();
    rig.shoot(film(), 1, 0..20, ZERO_US);
    rig.shoot(film_large(), 1, 20..40, ZERO_US);
    rig.end(1, ZERO_US + 4_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    assert_eq!(rig.rows(), [(0, 1000, 10), (1000, 2000, 10), (2000, 3000, 10), (3000, 4000, 10)]);
    let refused =
        rig.reader().video(&camera(), ZERO_US, ZERO_US + 4_000_000).map(|_| ()).unwrap_err();
    assert_eq!(refused.kind(), Kind::Unsupported);
    assert!(refused.message().contains("2027-01-15 08:00:02"), "{refused}");
    assert_eq!(
        units(rig.reader().video(&camera(), ZERO_US + 2_000_000, ZERO_US + 4_000_000).unwrap())
            .len(),
        20
    );
}

#[test]
fn a_span_over_a_change_plays_part_after_part() {
    let rig = Rig::new();
    rig.shoot(film(), 1, 0..20, ZERO_US);
    rig.shoot(film_large(), 1, 20..40, ZERO_US);
    rig.end(1, ZERO_US + 4_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let reader = rig.reader();
    let to_us = ZERO_US + 4_000_000;
    let (first, change_us) = reader.video_part(&camera(), ZERO_US + 300_000, to_us).unwrap();
    assert_eq!(change_us, ZERO_US + 2_000_000);
    assert_eq!(units(first).len(), 20);
    let (second, end_us) = reader.video_part(&camera(), change_us, to_us).unwrap();
    assert_eq!((second.start_us(), end_us), (change_us, to_us));
    assert_eq!(units(second).len(), 20);
    let none = reader.video_part(&camera(), to_us, to_us + 1_000_000).map(|_| ()).unwrap_err();
    assert_eq!(none.kind(), Kind::NotFound);
}

#[test]
fn a_late_epoch_is_filed_and_closes_its_gap() {
    let rig = Rig::new();
    let hour = 3_600_000_000;
    rig.shoot(film(), 1, 0..10, ZERO_US);
    rig.end(1, ZERO_US + 1_000_000);
    rig.shoot(film(), 5, 0..10, ZERO_US + hour);
    let gap = Gap {
        camera: "yard".into(),
        start_us: ZERO_US + 1_000_000,
        end_us: ZERO_US + 7_000_000,
        cause: GapCause::Network.into(),
        detail: "no answer".into(),
    };
    let gaps = rig.bus.table(topic::GAPS).unwrap();
    gaps.put(crate::file::gap_key(&gap).as_bytes(), Some(&gap.encode_to_vec())).unwrap();
    rig.shoot(film(), 2, 0..60, ZERO_US + 1_000_000);
    rig.end(2, ZERO_US + 7_000_000);
    rig.end(5, ZERO_US + hour + 1_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let left: Vec<GapCause> = gaps
        .scan(b"yard/")
        .unwrap()
        .iter()
        .map(|(_, v)| Gap::decode(v.as_slice()).unwrap().cause())
        .collect();
    assert_eq!(left, [GapCause::Backfilled]);
    let told = rig.reader().timeline(&camera(), ZERO_US, ZERO_US + 8_000_000).unwrap();
    assert_eq!(told.segments, [Span { start_us: ZERO_US, end_us: ZERO_US + 7_000_000 }]);
    assert_eq!(
        units(rig.reader().video(&camera(), ZERO_US, ZERO_US + 8_000_000).unwrap()).len(),
        70
    );
}

#[test]
fn units_before_a_key_and_behind_a_hole_are_left_out_and_said() {
    let rig = Rig::new();
    rig.shoot(film(), 1, 2..13, ZERO_US);
    rig.shoot(film(), 1, 41..52, ZERO_US);
    rig.end(1, ZERO_US + 6_000_000);
    let recorder = rig.record(rig.bus.clone(), rig.store()).unwrap();
    assert_eq!(recorder.skipped, 3 + 4);
    assert_eq!(rig.rows(), [(500, 1300, 8), (4500, 5200, 7)]);
}

#[test]
fn the_running_archive_files_exports_and_stops() {
    let rig = Rig::new();
    let archive = Archive::start(rig.bus.clone(), rig.store(), rig.config()).unwrap();
    rig.shoot(film(), 1, 0..38, ZERO_US);
    let begun = Instant::now();
    while archive.status().segments < 3 && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = archive.reader().timeline(&camera(), ZERO_US, ZERO_US + 3_800_000).unwrap();
    assert_eq!(told.unknown, []);
    assert_eq!(told.segments, [Span { start_us: ZERO_US, end_us: ZERO_US + 3_000_000 }]);
    assert_eq!(archive.status().problem, None);
    archive.stop().unwrap();
    assert_eq!(rig.rows().last(), Some(&(3000, 3500, 5)), "whole groups are filed at a stop");

    let archive = Archive::start(rig.bus.clone(), rig.store(), rig.config()).unwrap();
    rig.shoot(film(), 1, 38..60, ZERO_US);
    rig.end(1, ZERO_US + 6_000_000);
    archive.stop().unwrap();
    assert_eq!(rig.rows().iter().map(|r| r.2).sum::<u64>(), 60);

    let out = rig.dir.path().join("film.mp4");
    let bytes = rig.reader().export(&camera(), ZERO_US, ZERO_US + 6_000_000, &out).unwrap();
    assert_eq!(std::fs::metadata(&out).unwrap().len(), bytes);
    assert!(!is_there(&rig.dir.path().join("film.mp4.part")));
    let none = rig.reader().export(&camera(), 0, 1, &out).unwrap_err();
    assert_eq!(none.kind(), Kind::NotFound);
}
