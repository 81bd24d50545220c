use super::*;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn planted(camera: &str, kind: &str, begin_us: i64, end_us: i64) -> Planted {
    Planted { camera: camera.into(), kind: kind.into(), begin_us, end_us }
}

fn told(camera: &str, begin_us: i64, end_us: i64, score: f64) -> Told {
    Told { camera: camera.into(), begin_us, end_us, score, kind: "x".into() }
}

fn truth() -> Truth {
    Truth {
        cameras: vec!["a".into(), "b".into()],
        from_us: DAY,
        to_us: 3 * DAY,
        planted: vec![
            planted("a", "crowd", DAY + HOUR, DAY + HOUR + 5 * MINUTE),
            planted("b", "absence", 2 * DAY, 2 * DAY + 3 * HOUR),
        ],
        ..Truth::default()
    }
}

#[test]
fn recall_and_false_rate_follow_the_score() {
    let all = [
        told("a", DAY + HOUR + MINUTE, DAY + HOUR + 2 * MINUTE, 9.0),
        // The same one again, and one before the days that count.
        told("a", DAY + HOUR + 3 * MINUTE, DAY + HOUR + 4 * MINUTE, 8.0),
        told("a", HOUR, HOUR + MINUTE, 50.0),
        // Another camera at that time, twice.
        told("b", DAY + HOUR, DAY + HOUR + MINUTE, 7.0),
        told("b", DAY + 5 * HOUR, DAY + 5 * HOUR + MINUTE, 6.0),
        // Found last.
        told("b", 2 * DAY + 2 * HOUR, 2 * DAY + 3 * HOUR + MINUTE, 5.0),
    ];
    let score = anomalies::score(&truth(), &all);
    assert_eq!((score.told, score.recall), (5, 1.0));
    // Two false ones in four camera-days.
    assert_eq!((score.false_a_day, score.false_minutes_a_day), (0.5, 0.5));
    let points: Vec<(f64, f64)> = score.curve.iter().map(|p| (p.recall, p.false_a_day)).collect();
    assert_eq!(points, [(0.5, 0.0), (0.5, 0.0), (0.5, 0.25), (0.5, 0.5), (1.0, 0.5)]);
    assert_eq!(score.recall_at.iter().map(|r| r.1).collect::<Vec<_>>(), [0.5, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(
        score.false_at.iter().map(|r| r.1).collect::<Vec<_>>(),
        [Some(0.0), Some(0.5), Some(0.5), Some(0.5)]
    );
    let crowd = KindRecall { planted: 1, found: 1, found_at_one: 1 };
    assert_eq!(score.kinds.get("crowd"), Some(&crowd));
    assert_eq!(score.false_kinds.get("x"), Some(&2));
}

#[test]
fn who_cries_all_day_finds_nothing() {
    let score =
        anomalies::score(&truth(), &[told("a", DAY, 3 * DAY, 1.0), told("b", DAY, 3 * DAY, 1.0)]);
    assert_eq!((score.recall, score.false_a_day), (0.0, 0.5));
    assert_eq!(
        anomalies::score(&truth(), &[]).recall_at,
        [(0.25, 0.0), (0.5, 0.0), (1.0, 0.0), (2.0, 0.0), (4.0, 0.0)]
    );
}

#[test]
fn a_failing_camera_is_no_false_anomaly_but_a_warning() {
    let drift = Drifting { camera: "a".into(), begin_us: 2 * DAY, fails_us: 3 * DAY };
    let truth = Truth { drifts: vec![drift], ..truth() };
    let all = [
        told("a", 2 * DAY + HOUR, 2 * DAY + 2 * HOUR, 1.0),
        told("b", DAY + 9 * HOUR, DAY + 9 * HOUR, 1.0),
    ];
    assert_eq!(anomalies::score(&truth, &all).false_a_day, 0.25);
    let warned = warnings::score(&truth, &all);
    assert_eq!((warned.failing, warned.warned, warned.lead_h), (1, 1, vec![23.0]));
    assert_eq!(warned.false_a_month, 7.5);
    let late = [told("a", 3 * DAY - 5 * HOUR, 3 * DAY, 1.0)];
    assert_eq!(warnings::score(&truth, &late).warned, 0);
}

#[test]
fn forecasts_stand_beside_the_oracle() {
    let hour = |n: i64, rate, entries| Hour {
        camera: "a".into(),
        begin_us: DAY + n * HOUR,
        rate,
        visits: entries / 2.0,
        entries,
    };
    // Twice as many entries as visits; the crowd's hour is left out.
    let truth = Truth {
        hours: vec![hour(0, 4.0, 10.0), hour(1, 99.0, 1000.0), hour(2, 6.0, 10.0)],
        ..truth()
    };
    let ahead = |n: i64, h: i64, value: f64| Forecast {
        camera: "a".into(),
        at_us: DAY + (n + 1 - h) * HOUR,
        begin_us: DAY + n * HOUR,
        end_us: DAY + (n + 1) * HOUR,
        value,
        low: value - 2.0,
        high: value + 2.0,
    };
    let scores = forecasts::score(
        &truth,
        &[ahead(0, 1, 12.0), ahead(1, 1, 0.0), ahead(2, 1, 6.0), ahead(2, 24, 10.0)],
    );
    let [one, day] = &scores[..] else { panic!("{scores:?}") };
    assert_eq!((one.ahead_h, one.hours, one.error, one.oracle), (1, 2, 3.0, 2.0));
    assert_eq!((one.of_oracle, one.covered, one.width), (1.5, 0.5, 4.0));
    assert_eq!((day.ahead_h, day.hours, day.error, day.covered), (24, 1, 0.0, 1.0));
}

#[test]
fn paths_may_be_told_in_part() {
    let path = |camera: &str, places: &[u32], share| TruePath {
        camera: camera.into(),
        places: places.to_vec(),
        share,
    };
    let truth = Truth {
        paths: vec![
            path("a", &[4, 5, 6, 7], 0.5),
            path("a", &[7, 6, 5, 4], 0.45),
            path("a", &[0, 1], 0.05),
        ],
        ..truth()
    };
    let told = [
        path("a", &[4, 6, 7], 0.4),
        // Backwards, the rare one, another camera's, out of order, no path.
        path("a", &[7, 6], 0.4),
        path("a", &[0, 1], 0.1),
        path("b", &[4, 5, 6, 7], 0.1),
        path("a", &[5, 4, 6], 0.1),
        path("a", &[5], 0.9),
    ];
    let score = paths::score(&truth, &told);
    assert_eq!((score.usual, score.found, score.told, score.right), (2, 1, 5, 3));
    assert_eq!((score.recall, score.precision), (0.5, 0.6));
}

#[test]
fn days_of_the_farm_are_read_and_what_is_not_is_told() {
    use flumen_farm::days::{Days, DaysSpec, write_truth};
    let dir = tempfile::tempdir().unwrap();
    let spec = DaysSpec { days: 2, quiet_days: 1, cameras: 3, ..DaysSpec::new(5) };
    let days = Days::new(&spec).unwrap();
    write_truth(&days, dir.path(), &serde_json::json!({"form": "truth"})).unwrap();
    let truth = Truth::read(dir.path()).unwrap();
    assert_eq!((truth.cameras.len(), truth.hours.len(), truth.camera_days()), (3, 144, 3.0));
    assert!(truth.planted.len() >= 5 && truth.paths.len() >= 9);
    // Its own truth finds all, with no false one.
    let out = dir.path().join("own");
    std::fs::create_dir(&out).unwrap();
    std::fs::copy(dir.path().join("anomalies.jsonl"), out.join("anomalies.jsonl")).unwrap();
    std::fs::copy(dir.path().join("paths.jsonl"), out.join("paths.jsonl")).unwrap();
    let report = score(dir.path(), &[out.clone(), out.join("anomalies.jsonl")]).unwrap();
    for method in &report.methods {
        let a = method.anomalies.as_ref().unwrap();
        assert_eq!((a.recall, a.false_a_day), (1.0, 0.0));
    }
    let paths = report.methods[0].paths.clone().unwrap();
    assert_eq!((paths.recall, paths.precision), (1.0, 1.0));
    assert!(report.table().contains("own") && report.methods[1].paths.is_none());
    report.write(&out).unwrap();
    std::fs::write(out.join("anomalies.jsonl"), "{\"camera\": \"a\"}\n").unwrap();
    let error = score(dir.path(), &[out]).unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
    assert!(score(&dir.path().join("none"), &[]).is_err());
}

#[test]
fn the_farm_makes_the_windows_that_the_analyzer_makes() {
    let names: Vec<String> =
        flumen_analyzer::window_dimensions().into_iter().map(|d| d.name).collect();
    assert_eq!(names.len(), flumen_farm::days::DIMENSIONS);
    for (name, at) in flumen_farm::days::NAMED {
        assert_eq!(names.get(*at).map(String::as_str), Some(*name));
    }
}
