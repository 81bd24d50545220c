//! What was odd, for a person: what was seen, what is usual.
//!
//! Invariants: the same numbers give the same words on each engine; also trainers use these.
//! Not here: when something is odd (`scorer`, trainers).

use flumen_base::wire::{Minute, Oddity};

use super::minute::day_hour;
use super::profile::{PROFILE_DIMENSIONS, Profile, ProfileScore};

/// Share of the minutes that is called usual.
const USUAL: f64 = 0.95;
const CROWD_MOST: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0];
const HEADINGS: [&str; 8] = [
    "to the right",
    "down to the right",
    "down",
    "down to the left",
    "to the left",
    "up to the left",
    "up",
    "up to the right",
];

/// One of `PROFILE_DIMENSIONS`, by its number, in words; threshold, kind and version are left open.
#[must_use]
pub fn profile_oddity(
    dimension: usize,
    score: &ProfileScore,
    profile: &Profile,
    minute: &Minute,
) -> Oddity {
    let share = if score.score > 0.0 { 1.0 / score.score } else { 1.0 };
    let rare = percent(share);
    let (seen, expected, text) = match dimension {
        0 => (
            1.0,
            share,
            format!("something in sight: so it is in {rare} of the minutes at this hour"),
        ),
        1 => {
            let part = part_of_48(score.at);
            (
                1.0,
                share,
                format!("movement {part}: so it is in {rare} of the minutes with movement"),
            )
        }
        2 => {
            let (place, heading) = (score.at / 8, HEADINGS.get(score.at % 8).unwrap_or(&""));
            let part = part_of_12(place);
            (
                1.0,
                share,
                format!("moving {heading} {part}: so it goes in {rare} of the minutes there"),
            )
        }
        3 => {
            let usual = usual_crowd(profile, minute.hour_of_week);
            let seen = f64::from(minute.things);
            (
                seen,
                usual,
                format!("{} at once: up to {usual} are usual at this hour", minute.things),
            )
        }
        _ => {
            let usual = usual_dwell(profile);
            let seen = minute.dwell_s;
            (seen, usual, format!("something stays for {seen:.0} s: up to {usual} s are usual"))
        }
    };
    let dimension = PROFILE_DIMENSIONS.get(dimension).copied().unwrap_or_default().to_owned();
    Oddity { dimension, seen, expected, score: score.score, text, ..Oddity::default() }
}

/// Nothing in sight for `minutes`, in which `expected` active ones were to come.
#[must_use]
pub fn absence_oddity(minutes: u64, expected: f64) -> Oddity {
    let text = format!(
        "nothing in sight for {minutes} minutes: {expected:.1} with something in sight are usual in them"
    );
    Oddity {
        dimension: "absence".to_owned(),
        seen: 0.0,
        expected,
        score: expected,
        text,
        ..Oddity::default()
    }
}

/// A look that is not one of the usual ones.
#[must_use]
pub fn look_oddity(score: f64, threshold: f64) -> Oddity {
    let text = "the view looks different from all usual ones".to_owned();
    Oddity {
        dimension: "look".to_owned(),
        seen: score,
        expected: threshold,
        score,
        text,
        ..Oddity::default()
    }
}

/// Movement that is far from all usual ones, most of all in one feature.
#[must_use]
pub fn movement_oddity(dimension: &str, score: f64, threshold: f64, feature: usize) -> Oddity {
    let most = match feature {
        0 => "how much moves",
        1 => "how many there are",
        2 | 3 => "how large it is",
        4 | 5 => "where it is",
        6 => "how fast it is",
        7 | 8 => "where it goes",
        9 => "how long it stays",
        _ => "the time of day",
    };
    let text = format!("movement unlike the usual, most of all {most}");
    Oddity {
        dimension: dimension.to_owned(),
        seen: score,
        expected: threshold,
        score,
        text,
        ..Oddity::default()
    }
}

/// The most at once that 95 % of the minutes around an hour have.
fn usual_crowd(profile: &Profile, hour_of_week: u32) -> f64 {
    let g = day_hour(hour_of_week);
    let near = [(g + 23) % 24, g, (g + 1) % 24];
    let crowds = &profile.record().crowds;
    let bin = |b: usize| near.iter().filter_map(|h| crowds.get(h * 8 + b)).fold(0.0, |s, v| s + v);
    let counts: [f64; 8] = std::array::from_fn(bin);
    CROWD_MOST.get(usual_bin(&counts)).copied().unwrap_or_default()
}

/// The longest stay that 95 % of the active minutes have.
fn usual_dwell(profile: &Profile) -> f64 {
    let bin = usual_bin(&profile.record().dwells).min(11);
    5.0 * f64::from(1_u32 << bin)
}

fn usual_bin(counts: &[f64]) -> usize {
    let all = counts.iter().fold(0.0, |sum, v| sum + v);
    let mut sum = 0.0;
    let usual = counts.iter().position(|count| {
        sum += count;
        sum >= USUAL * all
    });
    usual.unwrap_or(0)
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p < 0.1 => "less than 0.1 %".to_owned(),
        p if p < 10.0 => format!("{p:.1} %"),
        p => format!("{p:.0} %"),
    }
}

fn part_of_48(at: usize) -> String {
    part(
        at / 8 / 2,
        match at % 8 {
            0..=2 => 0,
            3 | 4 => 1,
            _ => 2,
        },
    )
}

fn part_of_12(at: usize) -> String {
    part(
        at / 4,
        match at % 4 {
            0 => 0,
            1 | 2 => 1,
            _ => 2,
        },
    )
}

fn part(row: usize, column: usize) -> String {
    let rows = ["at the top", "in the middle", "at the bottom"];
    let columns = [" left", "", " right"];
    let word = |list: &[&'static str; 3], at: usize| list.get(at).copied().unwrap_or("");
    format!("{}{}", word(&rows, row), word(&columns, column))
}
