//! What a gate misses: many visits to drawn scenes, of several lengths, at every place of a
//! group, gated and ungated.
//!
//! Invariants: the same seed makes the same cameras with the same FFmpeg; the exact mode is the
//! measure, right or wrong.
//! Units: media time in microseconds, frames at `RATE_HZ`.
//! Not here: how the clips are made (`gate_clip`), what a gate costs (`gate`).

use std::path::Path;

use flumen_base::wire::GateMode;
use flumen_base::{Context, Result};
use flumen_farm::{SceneKind, SceneSpec};
use flumen_media::Interrupt;
use serde::Serialize;

use crate::gate_clip::{Coding, RATE_HZ, SIZE, make};
use crate::gate_told::{Found, Pace, middle_and_most, seconds, told, word};
use crate::table;

const CODINGS: [Coding; 8] = [
    Coding::new("h264", 1, 0),
    Coding::new("h264", 2, 0),
    Coding::new("h264", 4, 0),
    Coding::new("h264", 2, 2),
    Coding::new("h265", 2, 0),
    Coding::new("h265", 4, 2),
    Coding::new("h265", 1, 0),
    Coding::new("h264", 4, 2),
];

/// A camera that is visited.
#[derive(Clone, Debug, PartialEq)]
pub struct Visited {
    kind: SceneKind,
    seed: u64,
    /// `day`, `night`, `rain`; under a roof `flicker` instead.
    light: &'static str,
    coding: Coding,
}

/// What a mode told of the visits to some cameras.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recall {
    /// Which cameras.
    pub cameras: String,
    /// `balanced`, `thrifty`.
    pub mode: String,
    /// Share of the pictures that were decoded.
    pub decoded: f64,
    /// Events of the exact mode longer than a group, and how many of them were told.
    pub long: (usize, usize),
    /// The same of shorter ones.
    pub short: (usize, usize),
    /// Events that the exact mode has not.
    pub more: usize,
    /// Begins beside those of the exact mode: median and most, microseconds.
    pub begin_off_us: (i64, i64),
    /// How much later begins are told: median and most, microseconds.
    pub delay_us: (i64, i64),
    #[serde(skip)]
    found: Found,
    #[serde(skip)]
    units: (u64, u64),
}

impl Visited {
    /// Camera `index` of a seed.
    fn drawn(seed: u64, index: usize) -> Visited {
        let kind = SceneKind::ALL.get(index % 4).copied().unwrap_or(SceneKind::Street);
        let third = if kind == SceneKind::Lobby { "flicker" } else { "rain" };
        let light = ["day", "night", third].get(index / 4 % 3).copied().unwrap_or("day");
        // So that each kind of scene meets each way of encoding.
        let at = (index + index / 4) % CODINGS.len();
        let [first, ..] = CODINGS;
        let coding = CODINGS.get(at).copied().unwrap_or(first);
        Visited { kind, seed: seed + index as u64, light, coding }
    }

    fn spec(&self, seconds: u32) -> Result<SceneSpec> {
        let option = match self.light {
            "night" => "&night=70",
            "rain" => "&weather=rain:50&wind=30",
            "flicker" => "&flicker=30",
            _ => "",
        };
        let (name, (width, height)) = (self.kind.name(), SIZE);
        let seed = self.seed;
        format!("synthetic:{name}?seed={seed}&size={width}x{height}&fps={RATE_HZ}&seconds={seconds}{option}")
            .parse()
    }

    fn pace(&self) -> Pace {
        let group_us = i64::from(self.coding.group_s) * 1_000_000;
        Pace { group_us, unit_us: 1_000_000 / i64::from(RATE_HZ) }
    }

    fn name(&self) -> String {
        let Coding { codec, group_s, b_frames } = self.coding;
        let (kind, seed, light) = (self.kind.name(), self.seed, self.light);
        format!("{kind} {seed} {light} {codec} {group_s} s, {b_frames} B")
    }

    /// True when the camera counts for a row of the table.
    fn is(&self, what: &str) -> bool {
        let group = format!("groups of {} s", self.coding.group_s);
        what == "all"
            || what == self.light
            || what == self.coding.codec
            || what == group
            || (what == "B frames" && self.coding.b_frames > 0)
    }
}

/// The rows of the table.
const ROWS: &str =
    "all,groups of 1 s,groups of 2 s,groups of 4 s,h264,h265,B frames,day,night,rain,flicker";

/// Visits to `cameras` cameras drawn from a seed, in each mode; `each` hears a camera's rows.
///
/// # Errors
/// `NotFound` without FFmpeg, errors of `dir`, those of a pass.
pub fn visits(
    dir: &Path,
    (cameras, seed): (usize, u64),
    stop: &Interrupt,
    each: &mut dyn FnMut(&Recall),
) -> Result<Vec<Recall>> {
    std::fs::create_dir_all(dir).context(format!("create {}", dir.display()))?;
    let modes = [GateMode::Balanced, GateMode::Thrifty];
    let blank = |(what, mode): (&str, GateMode)| Recall {
        cameras: what.to_owned(),
        mode: word(mode),
        ..Recall::default()
    };
    let all = modes.into_iter().flat_map(|mode| ROWS.split(',').map(move |what| (what, mode)));
    let mut rows: Vec<Recall> = all.map(blank).collect();
    let clip = dir.join("visits.mp4");
    for camera in (0..cameras).map(|index| Visited::drawn(seed, index)) {
        make(&|s| camera.spec(s), camera.coding, camera.seed, &clip)?;
        let exact = told(&clip, GateMode::Exact, stop)?;
        for mode in modes {
            let gated = told(&clip, mode, stop)?;
            let found = gated.beside(&exact, camera.pace());
            let mut one = blank((&camera.name(), mode));
            one.add(&found, (gated.units, gated.decoded));
            each(&one);
            let counts = |r: &&mut Recall| r.mode == one.mode && camera.is(&r.cameras);
            for row in rows.iter_mut().filter(counts) {
                row.add(&found, (gated.units, gated.decoded));
            }
        }
    }
    rows.retain(|row| row.units.0 > 0);
    std::fs::remove_file(&clip).context(format!("remove {}", clip.display()))?;
    Ok(rows)
}

impl Recall {
    fn add(&mut self, found: &Found, (units, decoded): (u64, u64)) {
        self.found.add(found);
        self.units = (self.units.0 + units, self.units.1 + decoded);
        self.decoded = self.units.1 as f64 / self.units.0.max(1) as f64;
        (self.long, self.short, self.more) = (self.found.long, self.found.short, self.found.more);
        self.begin_off_us = middle_and_most(&self.found.begin_off_us);
        self.delay_us = middle_and_most(&self.found.delay_us);
    }
}

/// The figures for people.
pub fn visits_table(rows: &[Recall]) -> String {
    let head =
        ["gate: visits", "mode", "decoded", "long", "short", "more", "begin off s", "delay s"];
    let mut lines = vec![head.map(String::from).to_vec()];
    let both = |(middle, most)| format!("{} most {}", seconds(middle), seconds(most));
    lines.extend(rows.iter().map(|r| {
        vec![
            r.cameras.clone(),
            r.mode.clone(),
            format!("{:.2}", r.decoded),
            format!("{}/{}", r.long.1, r.long.0),
            format!("{}/{}", r.short.1, r.short.0),
            r.more.to_string(),
            both(r.begin_off_us),
            both(r.delay_us),
        ]
    }));
    table::table(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_meet_each_way_of_encoding() {
        let drawn: Vec<Visited> = (0..24).map(|i| Visited::drawn(7, i)).collect();
        for kind in SceneKind::ALL {
            let of: Vec<_> = drawn.iter().filter(|c| c.kind == kind).collect();
            assert!(
                of.iter().enumerate().all(|(i, a)| of[..i].iter().all(|b| a.coding != b.coding))
            );
            assert!(of.iter().all(|c| c.spec(3).is_ok()));
        }
        assert!(CODINGS.iter().all(|c| drawn.iter().any(|d| d.coding == *c)));
        assert_eq!(drawn[0], Visited::drawn(7, 0));
    }

    #[test]
    fn rows_add_up() {
        let mut row = Recall::default();
        let found = Found { long: (2, 1), ..Found::default() };
        row.add(&found, (10, 2));
        row.add(&found, (10, 4));
        assert_eq!((row.long, row.decoded), ((4, 2), 0.3));
        assert!(visits_table(&[row]).contains("2/4"));
    }
}
