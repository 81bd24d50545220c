use super::*;
use crate::{SceneKind, truth};

fn spec(kind: SceneKind, seed: u64) -> SceneSpec {
    SceneSpec { width: 160, height: 90, frame_rate_hz: 5, frames: 60, ..SceneSpec::new(kind, seed) }
}

#[test]
fn numbers_join_to_spans() {
    assert_eq!(spans([1, 2, 3, 7, 9, 10].into_iter()), [[1, 3], [7, 7], [9, 10]]);
    assert!(spans(std::iter::empty()).is_empty());
}

#[test]
fn every_scene_begins_and_ends_empty_and_has_somebody_between() {
    for kind in SceneKind::ALL {
        let spec = spec(kind, 4);
        let mut renderer = Renderer::new(&spec).unwrap();
        let mut most = 0;
        for number in 0..spec.frames {
            let picture = renderer.draw(number);
            let truth = picture.truth();
            let mask = picture.mask(&truth);
            if number < 5 || number >= spec.frames - 5 {
                assert!(mask.iter().all(|m| *m == 0 || *m == truth::OUTSIDE), "{kind:?} {number}");
            }
            for b in &truth.boxes {
                assert!(b.left + b.width <= 160 && b.top + b.height <= 90 && b.pixels >= 16);
            }
            most = most.max(truth.boxes.len());
        }
        assert!(most > 0, "{kind:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_picture_and_another_another() {
    let draw = |seed| {
        let mut renderer = Renderer::new(&spec(SceneKind::Yard, seed)).unwrap();
        renderer.draw(31).frame().unwrap().luma.data.to_vec()
    };
    assert!(draw(1) == draw(1) && draw(1) != draw(2));
}

#[test]
fn a_made_folder_holds_video_and_truth_that_agree() {
    let dir = tempfile::tempdir().unwrap();
    let spec = SceneSpec { frames: 40, ..spec(SceneKind::Street, 2) };
    let mut last = (0, 0);
    let made = make(&spec, dir.path(), &mut |done, all| last = (done, all)).unwrap();
    assert_eq!((made.frames, last), (40, (40, 40)));
    let events: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("events.json")).unwrap()).unwrap();
    let tracks = std::fs::read_to_string(dir.path().join("tracks.txt")).unwrap();
    let counts = |line: &&str| line.ends_with(",1,-1,-1,-1");
    let first =
        tracks.lines().find(counts).unwrap().split(',').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(events["intervals"][0][0].as_u64().unwrap(), first - 1);
    assert_eq!(std::fs::read_dir(dir.path().join("groundtruth")).unwrap().count(), 40);
    let file = std::fs::read(dir.path().join("video.mp4")).unwrap();
    let mut reader = fmp4::Reader::open(std::io::Cursor::new(file)).unwrap();
    let mut numbers = Vec::new();
    while let Some(unit) = reader.next_unit().unwrap() {
        numbers.push(crate::sei_number(spec.codec, &unit.data).unwrap());
    }
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
}

/// Luma of a frame, its mask, and whether its number can be read.
fn drawn(renderer: &mut Renderer, number: u32) -> (Vec<u8>, Vec<u8>, Option<u32>) {
    let picture = renderer.draw(number);
    let frame = picture.frame().unwrap();
    let mask = picture.mask(&picture.truth());
    (frame.luma.data.to_vec(), mask, crate::read_code(&frame.luma))
}

#[test]
fn weather_and_light_change_the_picture_and_not_the_truth() {
    let address = "synthetic:yard?seed=4&size=320x180&fps=5&seconds=12";
    let mut plain = Renderer::new(&address.parse().unwrap()).unwrap();
    let light = ["night=80&headlights=1", "ir=0+12", "flicker=80"];
    for options in light.into_iter().chain(["weather=rain:90", "weather=snow:90"]) {
        let mut changed = Renderer::new(&format!("{address}&{options}").parse().unwrap()).unwrap();
        for number in [0, 20, 30, 40] {
            let (a, b) = (drawn(&mut plain, number), drawn(&mut changed, number));
            assert!(a.0 != b.0, "{options}");
            assert!(a.1 == b.1 && a.2 == b.2, "{options} {number}");
        }
    }
}

#[test]
fn who_walks_in_the_dark_is_not_scored() {
    let address = "synthetic:yard?seed=4&size=320x180&fps=5&seconds=12";
    let mut by_day = Renderer::new(&address.parse().unwrap()).unwrap();
    let mut dark = Renderer::new(&format!("{address}&night=100").parse().unwrap()).unwrap();
    let count = |renderer: &mut Renderer| {
        let frames = (10..50).map(|n| renderer.draw(n).truth());
        frames.fold((0, 0), |(boxes, faint), t| (boxes + t.boxes.len(), faint + t.faint.len()))
    };
    let (day, night) = (count(&mut by_day), count(&mut dark));
    assert!(day.0 > 20 && day.0 > 5 * day.1, "{day:?}");
    assert_eq!(day.0 + day.1, night.0 + night.1, "nobody is lost");
    assert!(night.1 >= day.1, "{day:?} {night:?}");
    let mut tracks = String::new();
    let b = TruthBox { object: 7, left: 1, top: 2, width: 3, height: 4, pixels: 9 };
    let truth = FrameTruth { boxes: vec![b], faint: vec![b], doubtful: true };
    rows(&mut tracks, 5, &truth);
    assert_eq!(tracks, "5,7,1,2,3,4,1,-1,-1,-1\n5,7,1,2,3,4,0,-1,-1,-1\n");
}

#[test]
fn tampering_spoils_its_frames_and_no_other() {
    let address = "synthetic:street?seed=3&size=160x90&fps=5&seconds=40";
    let spans: Vec<String> = crate::Tamper::ALL
        .iter()
        .zip([2, 6, 10, 14, 18, 22, 26, 30])
        .map(|(kind, at)| format!("{}@{at}+3", kind.name()))
        .collect();
    let mut plain = Renderer::new(&address.parse().unwrap()).unwrap();
    let spec = format!("{address}&tamper={}", spans.join(",")).parse().unwrap();
    let mut changed = Renderer::new(&spec).unwrap();
    for (i, kind) in (0u32..).zip(crate::Tamper::ALL) {
        let first = 10 + 20 * i;
        for number in [first - 1, first + 15] {
            assert!(drawn(&mut plain, number) == drawn(&mut changed, number), "{kind:?} {number}");
        }
        let (a, b) = (drawn(&mut plain, first + 7), drawn(&mut changed, first + 7));
        assert!(a.0 != b.0, "{kind:?}");
        assert!(b.1.iter().all(|m| *m == truth::OUTSIDE), "{kind:?}");
        assert_eq!(changed.draw(first + 7).frame().unwrap().pts_us, i64::from(first + 7) * 200_000);
    }
    let frozen = drawn(&mut changed, 26 * 5 + 3);
    assert!(frozen.0 == drawn(&mut plain, 26 * 5 - 1).0, "the last picture before it stays");
}

#[test]
fn what_happens_is_told_beside_the_objects() {
    let dir = tempfile::tempdir().unwrap();
    let spec: SceneSpec =
        "synthetic:street?seed=2&size=160x90&fps=5&frames=40&tamper=covered@2+1.5&weather=rain"
            .parse()
            .unwrap();
    make(&spec, dir.path(), &mut |_, _| ()).unwrap();
    let text = std::fs::read_to_string(dir.path().join("events.json")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(text.contains(r#"{"kind":"covered","first":10,"last":17}"#), "{text}");
    assert_eq!(told["conditions"][0]["kind"], "rain");
    assert!(told["ignore"].as_array().unwrap().contains(&serde_json::json!([10, 17])));
    let tracks = std::fs::read_to_string(dir.path().join("tracks.txt")).unwrap();
    assert!(
        tracks
            .lines()
            .all(|l| !(11..=18).contains(&l.split(',').next().unwrap().parse::<u32>().unwrap()))
    );
}

#[test]
fn what_is_left_is_an_object_and_what_is_taken_leaves_a_hole() {
    for kind in [SceneKind::Yard, SceneKind::Lobby] {
        let address = format!(
            "synthetic:{}?seed=6&size=256x144&fps=5&seconds=60&leave=1&take=1",
            kind.name()
        );
        let spec: SceneSpec = address.parse().unwrap();
        let mut renderer = Renderer::new(&spec).unwrap();
        let told: Vec<Happening> = happening::deeds(&spec, renderer.deeds()).collect();
        assert_eq!(told.iter().map(|h| h.kind).collect::<Vec<_>>(), ["left", "taken"]);
        for h in told {
            assert!(h.first > 5 && h.last < spec.frames - 6 && h.last - h.first >= 5, "{h:?}");
            let sees = |renderer: &mut Renderer, number| {
                let picture = renderer.draw(number);
                let truth = picture.truth();
                let there = truth.boxes.iter().any(|b| Some(b.object) == h.object);
                (there, picture.mask(&truth).contains(&truth::UNKNOWN))
            };
            if h.kind == "left" {
                assert!(!sees(&mut renderer, h.first - 1).0 && !sees(&mut renderer, h.last + 1).0);
                let frames = (h.first..=h.last).step_by(7);
                let seen = frames.clone().filter(|n| sees(&mut renderer, *n).0).count();
                assert!(seen * 2 > frames.count(), "{kind:?}");
            } else {
                let middle = (h.first + h.last) / 2;
                assert!(sees(&mut renderer, middle).1 && !sees(&mut renderer, middle).0);
            }
        }
        for number in [0, spec.frames - 1] {
            let picture = renderer.draw(number);
            let mask = picture.mask(&picture.truth());
            // What stands there has a shadow.
            let empty = [0, truth::SHADOW, truth::OUTSIDE];
            assert!(mask.iter().all(|m| empty.contains(m)), "{kind:?}");
        }
    }
}

#[test]
fn zones_lines_and_lanes_are_told_with_who_breaks_them() {
    for kind in SceneKind::ALL {
        let against = matches!(kind, SceneKind::Street | SceneKind::Yard);
        let more = if against { "&against=1" } else { "" };
        let address = format!(
            "synthetic:{}?seed=6&size=64x64&fps=5&seconds=60&loiter=1&cross=1{more}",
            kind.name()
        );
        let spec: SceneSpec = address.parse().unwrap();
        let renderer = Renderer::new(&spec).unwrap();
        let at_zones = |actor| trespass(&spec, renderer.camera(), renderer.zones(), actor).sure;
        let told: Vec<Happening> = renderer.roles().iter().zip(1u16..).flat_map(at_zones).collect();
        let count = |kind| told.iter().filter(|h| h.kind == kind).count();
        assert!(count("loiter") >= 1 && count("cross") >= 1, "{kind:?} {told:?}");
        assert_eq!(count("wrong-way") > 0, against, "{kind:?}");
        assert_eq!(renderer.zones().len(), if against { 3 } else { 2 });
        let corners = renderer.zones().iter().flat_map(|z| &z.corners);
        assert!(corners.flatten().all(|c| *c <= 1000));
    }
}

#[test]
fn leaves_and_insects_move_and_are_not_objects() {
    let address = "synthetic:park?seed=4&size=256x144&fps=5&seconds=12";
    let mut plain = Renderer::new(&address.parse().unwrap()).unwrap();
    let mut windy = Renderer::new(&format!("{address}&wind=90").parse().unwrap()).unwrap();
    let mut insects = Renderer::new(&format!("{address}&insects=8").parse().unwrap()).unwrap();
    let mut moved = 0;
    for number in [0, 1, 20, 30, 40, 59] {
        let still = drawn(&mut plain, number);
        let blown = drawn(&mut windy, number);
        let count = |m: &[u8]| m.iter().filter(|m| **m == truth::OBJECT).count() as i64;
        moved += blown.0.iter().zip(&still.0).filter(|(a, b)| a.abs_diff(**b) > 20).count();
        assert!((count(&blown.1) - count(&still.1)).abs() < 60, "{number}");
        assert_eq!(count(&blown.1) == 0, count(&still.1) == 0, "{number}");
        let walked = drawn(&mut insects, number);
        let same = |(a, b): (&u8, &u8)| a == b || (*a, *b) == (truth::OBJECT, truth::UNKNOWN);
        assert!(still.1.iter().zip(&walked.1).all(same), "{number}");
        assert_eq!(walked.2, Some(number));
    }
    assert!(moved > 2000, "{moved}");
}
