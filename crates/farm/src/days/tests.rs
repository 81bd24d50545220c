use std::collections::BTreeMap;

use flumen_base::wire::Window;

use super::values as at;
use super::*;

fn spec(days: u32, cameras: u32) -> DaysSpec {
    DaysSpec { days, cameras, ..DaysSpec::new(7) }
}

/// One short range with many anomalies of one kind, and its windows.
fn planted(kind: Kind) -> Days {
    let spec =
        DaysSpec { kinds: vec![kind], quiet_days: 1, drift: false, per_day: 1, ..spec(2, 3) };
    Days::new(&spec).unwrap()
}

#[test]
fn counts_follow_the_rate() {
    let spec = DaysSpec { days: 56, cameras: 2, per_day: 0, drift: false, ..DaysSpec::new(3) };
    let days = Days::new(&spec).unwrap();
    let [poisson, wide] = &days.cameras[..] else { panic!("two cameras") };
    let chi = |camera: &CameraDays| {
        // Mean over hours of (count - rate)^2 / rate: 1 for Poisson counts.
        let hours = camera.hours.iter().filter(|h| h.rate > 3.0);
        let all: Vec<f64> = hours.map(|h| (h.visits as f64 - h.rate).powi(2) / h.rate).collect();
        (all.iter().sum::<f64>() / all.len() as f64, all.len() as f64)
    };
    let (mean, n) = chi(poisson);
    // Chi-square with n degrees: mean 1, deviation sqrt(2 / n).
    assert!((mean - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{mean} of {n} hours");
    assert!(chi(wide).0 > 1.5, "{:?}", chi(wide));
    for camera in &days.cameras {
        let (sum, rate) =
            camera.hours.iter().fold((0.0, 0.0), |s, h| (s.0 + h.visits as f64, s.1 + h.rate));
        assert!((sum / rate - 1.0).abs() < 0.06, "{sum} of {rate}");
        // By hour of the week: the counts of eight weeks against eight times the rate.
        let mut by: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        for h in &camera.hours {
            let cell = by.entry(h.hour_of_week).or_default();
            *cell = (cell.0 + h.visits as f64, cell.1 + h.rate);
        }
        assert_eq!(by.len(), 168);
        assert!(by.values().all(|(n, r)| (n - r).abs() <= 6.0 * (r * 4.0).sqrt() + 1.0));
        assert!(camera.hours.iter().filter(|h| h.rate == 0.0).all(|h| h.visits == 0));
    }
}

#[test]
fn a_day_of_the_change_has_its_hours_and_its_offset() {
    let days =
        Days::new(&DaysSpec { from: "2026-03-28".into(), drift: false, per_day: 0, ..spec(2, 1) })
            .unwrap();
    assert_eq!(days.cameras[0].hours.len(), 47);
    let mut windows = days.windows();
    let mut offsets = BTreeMap::new();
    let mut count = 0u64;
    for w in &mut windows {
        *offsets.entry(w.local_offset_s).or_insert(0u64) += 1;
        count += 1;
    }
    assert_eq!(count, 47 * 3600);
    assert_eq!(offsets, BTreeMap::from([(3600, 26 * 3600), (7200, 21 * 3600)]));
    let autumn = DaysSpec { from: "2026-10-25".into(), ..spec(1, 1) };
    assert_eq!(Days::new(&autumn).unwrap().cameras[0].hours.len(), 25);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bytes = |seed| {
        let spec = DaysSpec { seed, ..spec(1, 2) };
        let days = Days::new(&spec).unwrap();
        let mut file = WindowFile::new(Vec::new());
        days.windows().skip(2 * 9 * 3600).take(3000).for_each(|w| file.add(&w).unwrap());
        let mut out = Vec::new();
        let mut all = WindowFile::new(&mut out);
        days.windows().skip(2 * 9 * 3600).take(3000).for_each(|w| all.add(&w).unwrap());
        all.finish().unwrap();
        out
    };
    let first = bytes(5);
    assert!(first == bytes(5) && first != bytes(6));
}

#[test]
fn values_are_whole_and_in_range() {
    let days = Days::new(&spec(1, 3)).unwrap();
    let mut busy = 0;
    for w in days.windows().skip(3 * 8 * 3600).take(3 * 3600) {
        assert_eq!((w.values.len(), w.schema), (DIMENSIONS, SCHEMA));
        assert!(w.values.iter().all(|v| v.is_finite() && *v >= 0.0), "{w:?}");
        assert!(w.values[..at::THINGS_MEAN].iter().all(|v| *v <= 1.0));
        let way: f32 = w.values[at::HEADINGS..at::HEADINGS + 8].iter().sum();
        assert!(way == 0.0 || (way - 1.0).abs() < 1e-3);
        assert!(w.values[at::THINGS_MOST] >= w.values[at::THINGS_MEAN]);
        busy += u32::from(w.values[at::THINGS_MOST] > 0.0);
    }
    assert!(busy > 500, "{busy} of 10,800 seconds have something in sight");
}

#[test]
fn entries_come_near_to_visits() {
    let mut days = Days::new(&DaysSpec { per_day: 0, ..spec(1, 3) }).unwrap();
    write_windows(&mut days, std::io::sink(), &mut |_, _| ()).unwrap();
    for camera in &days.cameras {
        let (visits, entries) =
            camera.hours.iter().fold((0, 0), |s, h| (s.0 + h.visits, s.1 + h.entries));
        let ratio = entries as f64 / visits as f64;
        assert!((0.9..1.5).contains(&ratio), "{}: {entries} entries of {visits} visits", camera.id);
    }
}

/// The windows of a camera's first anomaly, and those of ten minutes before it began.
fn around(days: &Days, camera: &CameraDays) -> (Anomaly, Vec<Window>, Vec<Window>) {
    let anomaly = camera.anomalies.first().expect("one is planted").clone();
    let own = |w: &Window| w.camera == camera.id;
    let before = anomaly.begin_us - 600_000_000;
    let windows = days.windows().filter(own).skip_while(|w| w.begin_us < before);
    let end = anomaly.end_us;
    let (mut earlier, mut during) = (Vec::new(), Vec::new());
    for w in windows.take_while(|w| w.begin_us < end) {
        if w.begin_us < anomaly.begin_us { earlier.push(w) } else { during.push(w) }
    }
    (anomaly, earlier, during)
}

fn most(windows: &[Window], at: usize) -> f32 {
    windows.iter().map(|w| w.values[at]).fold(0.0, f32::max)
}

/// The first camera that has an anomaly of the kind, and its windows.
fn first(kind: Kind) -> (Anomaly, Vec<Window>, Vec<Window>, f64) {
    let days = planted(kind);
    let camera =
        days.cameras.iter().find(|c| !c.anomalies.is_empty()).expect("some camera has one");
    let (anomaly, earlier, during) = around(&days, camera);
    let hour = camera.hours.iter().rev().find(|h| h.begin_us <= anomaly.begin_us).unwrap();
    assert!(anomaly.kind == kind && anomaly.begin_us < anomaly.end_us && !during.is_empty());
    (anomaly, earlier, during, hour.rate)
}

#[test]
fn wrong_time_is_seen_when_nobody_comes() {
    let (_, earlier, during, rate) = first(Kind::WrongTime);
    assert!(rate == 0.0 && most(&during, at::THINGS_MOST) >= 1.0);
    assert!(earlier.iter().filter(|w| w.values[at::THINGS_MOST] > 0.0).count() < 60);
}

#[test]
fn wrong_place_is_seen_where_nobody_goes() {
    let (anomaly, _, during, rate) = first(Kind::WrongPlace);
    let place = anomaly.place.unwrap();
    let there = |w: &&Window| {
        let (x, y) = (w.values[at::FOOT_X], w.values[at::FOOT_Y]);
        w.values[at::THINGS_MOST] == 1.0 && sight::place(x, y) as u32 == place
    };
    assert!(rate > 0.0 && during.iter().filter(there).count() >= 3);
}

#[test]
fn wrong_way_is_seen_in_the_heading() {
    let (_, _, during, rate) = first(Kind::WrongWay);
    assert!(rate > 0.0 && during.iter().any(|w| w.values[at::SPEED_MEAN] > 0.02));
}

#[test]
fn loitering_is_seen_in_the_stay() {
    let (_, _, during, _) = first(Kind::Loitering);
    assert!(most(&during, at::DWELL_MOST) > 100.0, "{}", most(&during, at::DWELL_MOST));
}

#[test]
fn a_crowd_is_seen_in_the_count() {
    let (_, _, during, _) = first(Kind::Crowd);
    assert!(most(&during, at::THINGS_MOST) >= 6.0, "{}", most(&during, at::THINGS_MOST));
}

#[test]
fn absence_is_seen_as_nobody() {
    let (anomaly, _, during, rate) = first(Kind::Absence);
    assert!(rate > 4.0 && anomaly.end_us - anomaly.begin_us >= 5_400_000_000);
    let seen = during.iter().filter(|w| w.values[at::THINGS_MOST] > 0.0).count();
    assert!(seen * 200 < during.len(), "{seen} of {}", during.len());
}

#[test]
fn a_changed_look_is_seen_in_its_parts() {
    let (anomaly, earlier, during, _) = first(Kind::ChangedLook);
    let (parts, by) = anomaly.look.unwrap();
    let mean = |ws: &[Window], p: usize| {
        ws.iter().map(|w| w.values[at::LOOKS + p]).sum::<f32>() / ws.len() as f32
    };
    for p in &parts {
        let change = mean(&during[..600], *p) - mean(&earlier, *p);
        assert!(change * by.signum() > 12.0, "part {p} changed by {change}, planted {by}");
    }
    assert!(parts.len() >= 2);
}

#[test]
fn every_kind_is_planted_and_apart() {
    let spec = DaysSpec { days: 9, quiet_days: 2, ..spec(9, 6) };
    let days = Days::new(&spec).unwrap();
    let mut kinds: BTreeMap<Kind, u32> = BTreeMap::new();
    for camera in &days.cameras {
        assert!(camera.anomalies.len() >= 13, "{camera:?}");
        for pair in camera.anomalies.windows(2) {
            assert!(pair[0].end_us + 1_800_000_000 < pair[1].begin_us);
        }
        camera.anomalies.iter().for_each(|a| *kinds.entry(a.kind).or_default() += 1);
    }
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>(), Kind::NAMED, "{kinds:?}");
    assert!(kinds.values().all(|n| *n >= 6), "{kinds:?}");
    let other = DaysSpec { kinds: Kind::OTHER.to_vec(), ..spec };
    let days = Days::new(&other).unwrap();
    assert!(days.cameras.iter().all(|c| c.anomalies.len() > 3));
}

#[test]
fn paths_are_told_by_their_places() {
    for camera in Days::new(&spec(1, 6)).unwrap().cameras {
        assert!(camera.paths.len() >= 3);
        for path in &camera.paths {
            assert!(path.places.len() >= 2 && path.places.len() <= 12, "{}: {path:?}", camera.id);
            assert!(path.visits > 10 && path.places.iter().all(|p| *p < 12), "{path:?}");
        }
    }
}

#[test]
fn a_failing_camera_gets_worse_until_it_fails() {
    let days = Days::new(&DaysSpec { per_day: 0, ..spec(4, 4) }).unwrap();
    let camera = &days.cameras[3];
    let drift = camera.drift.expect("the fourth camera drifts");
    assert_eq!((drift.failing, drift.damage(drift.begin_us)), (Failing::Sharpness, 0.0));
    assert_eq!(drift.damage(drift.fails_us), 1.0);
    let noons: Vec<f32> = days
        .windows()
        .filter(|w| {
            w.camera == camera.id && (w.begin_us - days.begin_us) % 86_400_000_000 == 43_200_000_000
        })
        .map(|w| w.values[at::SHARPNESS])
        .collect();
    assert!(noons.len() == 4 && noons[3] < 0.7 * noons[0], "{noons:?}");
}
