//! Made days of a camera that fails, and of ones that do not.

use flumen_base::wire::{Insight, Minute, Phase};
use flumen_operators::{Reader, Writer};

use super::Health;

/// Hours of a camera whose sharpness is multiplied by what `harm` says, through its days.
fn told(hours: u64, harm: impl Fn(u64) -> f64) -> Vec<(u64, Insight)> {
    let mut it = Health::default();
    let mut all = Vec::new();
    for h in 0..hours {
        for m in 0..60 {
            let day = if (7..19).contains(&(h % 24)) { 1.0 } else { 0.6 };
            // A day that is not like another.
            let chance = 1.0 + 0.02 * ((h * 37 % 11) as f64 / 10.0 - 0.5);
            let minute = Minute {
                minute: h * 60 + m,
                hour_of_week: (h % 168) as u32,
                seen: 60,
                brightness: 100.0 * day,
                contrast: 40.0 * day,
                sharpness: 7.0 * day * chance * harm(h),
                noise: 1.5 / day,
                unit_rate: 5.0,
                ..Minute::default()
            };
            all.extend(it.minute("a", &minute).map(|insight| (h, insight)));
        }
        let mut to = Writer::default();
        it.save(&mut to);
        assert_eq!(Health::load(&mut Reader(&to.0)).as_ref(), Some(&it));
    }
    all
}

#[test]
fn a_slow_drift_is_told_long_before_and_ends_when_it_is_repaired() {
    // From hour 120 on down to a fifth within 48 hours; the lens is cleaned at hour 170.
    let drift =
        |h: u64| if (120..170).contains(&h) { 1.0 - 0.8 * (h - 120) as f64 / 48.0 } else { 1.0 };
    let told = told(240, drift);
    let (begun, first) = &told[0];
    assert_eq!((first.phase(), first.dimension.as_str()), (Phase::Begin, "sharpness"));
    assert!((124..150).contains(begun), "{begun}");
    assert!(first.text.contains("clean and refocus the lens"), "{}", first.text);
    let (ended, last) = told.last().unwrap();
    assert_eq!(last.phase(), Phase::End);
    assert!((174..180).contains(ended), "{ended}");
    assert!(told.iter().all(|(_, i)| i.id == first.id));
    assert!(told.iter().enumerate().all(|(n, (_, i))| i.revision == n as u32));
    assert!(told.len() > 4, "updates between them");
}

#[test]
fn usual_days_and_changes_at_once_are_no_drift() {
    assert_eq!(told(300, |_| 1.0), []);
    assert_eq!(told(300, |h| if h >= 150 { 0.5 } else { 1.0 }), [], "another lens");
    assert_eq!(told(300, |h| if h % 168 >= 120 { 0.7 } else { 1.0 }), [], "weekends");
}
