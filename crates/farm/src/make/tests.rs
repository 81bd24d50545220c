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
    let first = tracks.lines().next().unwrap().split(',').next().unwrap().parse::<u64>().unwrap();
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
