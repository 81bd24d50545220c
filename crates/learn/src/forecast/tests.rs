//! Forecasts of made counts, beside an oracle that knows the rates.

use flumen_base::wire::Minute;
use flumen_operators::{Reader, Writer};

use super::{Ended, Forecasts, fit};
use crate::forecast::counts::interval;

const DAYS: u64 = 42;
/// Monday 5 January 2026, 0:00 UTC, in hours.
const BEGIN: u64 = 490_992;

/// Chance from 0 to 1.
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn poisson(&mut self, rate: f64) -> u32 {
        let mut at = 0.0;
        (0..)
            .find(|_| {
                at -= self.unit().ln() / rate.max(1e-12);
                at >= 1.0
            })
            .unwrap_or(0)
    }
}

/// What is to be expected: nobody at night, half as many at weekends, each hour uneven.
fn rate(hour_of_week: u64) -> f64 {
    let (day, hour) = (hour_of_week / 24, hour_of_week % 24);
    let uneven = 0.85 + 0.3 * ((hour_of_week * 37 % 101) as f64 / 100.0);
    let usual = if (7..21).contains(&hour) { 12.0 + 4.0 * (hour % 5) as f64 } else { 0.0 };
    uneven * usual * if day < 5 { 1.0 } else { 0.5 }
}

/// An hour's minutes; what is told when it begins.
fn hour(forecasts: &mut Forecasts, hour: u64, entries: u32, minutes: u64) -> Option<Ended> {
    let mut ended = None;
    for minute in 0..minutes {
        let minute = Minute {
            minute: hour * 60 + minute,
            hour_of_week: (hour - BEGIN) as u32 % 168,
            seen: 60,
            entries: if minute == 0 { entries } else { 0 },
            ..Minute::default()
        };
        ended = ended.or(forecasts.minute(&minute));
    }
    ended
}

fn saved(forecasts: &Forecasts) -> Vec<u8> {
    let mut to = Writer::default();
    forecasts.save(&mut to);
    to.0
}

#[test]
fn after_four_weeks_errors_are_near_those_of_who_knows_the_rates() {
    let (mut chance, mut it) = (Chance(7), Forecasts::default());
    let (mut off, mut oracle, mut busy, mut within) = ([0.0; 2], 0.0, 0.0, 0.0);
    let mut last = None;
    let mut a_day_ago = std::collections::VecDeque::new();
    for h in 0..DAYS * 24 {
        let rate = rate(h % 168);
        let came = chance.poisson(rate);
        let ended = hour(&mut it, BEGIN + h, came, 60);
        if h % 24 == 0 {
            fit(&mut [&mut it]);
        }
        let Some(ended) = ended else { continue };
        let next = &ended.next[0];
        last = Some(ended.next[10].clone());
        assert_eq!((next.hour, ended.next.len(), ended.day), (BEGIN + h, 24, h % 24 == 0));
        a_day_ago.push_back(ended.next[23].mean);
        if h >= 28 * 24 {
            let came = f64::from(came);
            let foretold = [next.mean, a_day_ago[a_day_ago.len() - 24]];
            off.iter_mut().zip(foretold).for_each(|(off, v)| *off += (v - came).abs());
            oracle += (rate - came).abs();
            let (low, high) = interval(next.mean, next.variance);
            busy += f64::from(u8::from(rate > 0.0));
            within += f64::from(u8::from(rate > 0.0 && (low..=high).contains(&came)));
        }
    }
    // As the Spark job computes them (ForecastsTest).
    let last = last.unwrap();
    assert!((last.mean - 27.428_235_686_037_91).abs() < 1e-9, "{}", last.mean);
    assert!((last.variance - 32.209_157_704_535_69).abs() < 1e-9, "{}", last.variance);
    let (of_oracle, covered) = (off.map(|off| off / oracle), within / busy);
    assert!(of_oracle.iter().all(|r| *r <= 1.15), "{of_oracle:?}");
    assert!((0.86..0.94).contains(&covered), "{covered}");
    assert!(saved(&it).len() < 10_000, "{}", saved(&it).len());
}

#[test]
fn it_may_be_ended_anywhere_and_hours_hardly_seen_teach_nothing() {
    let (mut whole, mut cut) = (Forecasts::default(), Forecasts::default());
    for h in 0..30 * 24 {
        let (entries, minutes) = ((rate(h % 168)) as u32, if h % 50 == 7 { 20 } else { 40 });
        let both = [&mut whole, &mut cut].map(|it| {
            let ended = hour(it, BEGIN + h, entries, minutes);
            ended.map(|ended| it.insight("a", &ended))
        });
        assert_eq!(both[0], both[1]);
        cut = Forecasts::load(&mut Reader(&saved(&cut))).unwrap();
        assert_eq!(whole, cut);
        let Some(told) = &both[0] else { continue };
        let past = told.ahead.iter().filter(|a| a.came.is_some());
        assert!(past.clone().count() <= 48 && told.ahead.len() - past.count() == 24);
        assert!(told.ahead.iter().all(|a| a.low <= a.value.round() && a.value.floor() <= a.high));
    }
    assert_eq!(whole.hours, 30 * 24 - 15 - 1, "the last one is under way");
    assert_eq!(Forecasts::load(&mut Reader(&saved(&whole)[..3000])), None);
    // Forty of sixty minutes seen: half as many more are expected.
    let midday = whole.card().0.season[12];
    assert!((midday / (rate(12).floor() * 1.5) - 1.0).abs() < 0.1, "{midday}");
}

#[test]
fn one_wild_hour_and_a_pause_do_no_harm() {
    let mut it = Forecasts::default();
    let mut expected = 0.0;
    for h in (0..21 * 24).chain(25 * 24..40 * 24) {
        let wild = h == 15 * 24 + 12;
        let entries = if wild { 5000 } else { rate(h % 168) as u32 };
        let ended = hour(&mut it, BEGIN + h, entries, 60);
        if let Some(ended) = ended.filter(|_| h % 168 == 12) {
            expected = ended.next[0].mean;
        }
    }
    assert!((expected / rate(12) - 1.0).abs() < 0.2, "{expected} for {}", rate(12));
}
