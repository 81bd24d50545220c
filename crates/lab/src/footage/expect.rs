//! What an analysis of a clip should tell, and the rules under which it is asked.
//!
//! Invariants: without zones in the truth the analyzer has no rule, as a camera has when it is new.
//! Units: seconds from the first frame; thousandths of the picture.

use flumen_analyzer::Settings;
use flumen_base::wire::zone::Shape;
use flumen_base::wire::{Rule, RuleKind, Zone, privacy_mask::Corner};

use super::cases::Truth;
use crate::score::{Span, Tolerance, join};

/// Tolerances: motion and tampering, and what happens at zones and lines.
pub(super) const USUAL: Tolerance = Tolerance { before_s: 1.0, late_s: 2.0 };
const AT_ZONES: Tolerance = Tolerance { before_s: 2.0, late_s: 2.0 };
/// Seconds in which whoever put it down, or took it, has gone away: the rule counts from then.
const AWAY_S: f64 = 5.0;
/// The kinds of tampering, as the truth spells them.
const TAMPER: [&str; 8] = [
    "scene-cut",
    "light-off",
    "defocus",
    "signal-lost",
    "noise-burst",
    "camera-moved",
    "freeze",
    "covered",
];
/// What rules tell.
const RULED: [&str; 5] = ["cross", "loiter", "wrong-way", "left", "taken"];

/// What should be told, by kind.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Spans with somebody in sight; several events may tell of one.
    pub motion: Vec<Span>,
    /// Happenings of which each is told once.
    pub single: Vec<Span>,
    /// What may be told though it need not be.
    pub allowed: Vec<Span>,
    /// Kinds that are scored.
    pub kinds: Vec<&'static str>,
    /// Seconds for which a thing stands alone, or is gone, until it is told.
    alone_s: f64,
}

impl Expected {
    /// Reads the truth of a clip with so many frames a second.
    pub fn of(truth: &Truth, fps: f64) -> Expected {
        let at = |frame: u64| frame as f64 / fps;
        let span = |kind: &str, first: u64, last: u64| Span::new(kind, at(first), at(last));
        let seen = truth.intervals.iter().flatten().map(|[a, b]| span("motion", *a, *b)).collect();
        let mut expected = Expected {
            // Somebody behind a tree for a moment is still the same happening.
            motion: join(seen, USUAL.before_s),
            kinds: TAMPER.to_vec(),
            alone_s: truth.alone_s().into(),
            ..Expected::default()
        };
        if truth.intervals.is_some() {
            expected.kinds.push("motion");
        }
        if truth.has_rules() {
            expected.kinds.extend(RULED);
        }
        for e in truth.events.iter().filter(|e| expected.kinds.contains(&e.kind.as_str())) {
            let mut one = span(&e.kind, e.first, e.last);
            one.zone = e.zone.clone().unwrap_or_default();
            expected.single.push(one);
            // Who fetches what was left takes something away.
            let other = match e.kind.as_str() {
                "left" => "taken",
                "taken" => "left",
                _ => continue,
            };
            let Tolerance { before_s, late_s } = expected.tolerance(other);
            expected.allowed.push(Span::new(other, at(e.last) - before_s, at(e.last) + late_s));
        }
        for e in truth.maybe.iter().filter(|e| expected.kinds.contains(&e.kind.as_str())) {
            let Tolerance { before_s, late_s } = expected.tolerance(&e.kind);
            let mut one = Span::new(&e.kind, at(e.first) - before_s, at(e.last) + late_s);
            one.zone = e.zone.clone().unwrap_or_default();
            expected.allowed.push(one);
        }
        // What an analysis makes of frames that are not scored is its own affair.
        for [first, last] in &truth.ignore {
            for kind in expected.kinds.iter().filter(|kind| !TAMPER.contains(*kind)) {
                let (begin, end) = (at(*first) - USUAL.before_s, at(*last) + USUAL.late_s);
                expected.allowed.push(Span::new(kind, begin, end));
            }
        }
        expected
    }

    /// How far from the truth an event of a kind may begin.
    pub fn tolerance(&self, kind: &str) -> Tolerance {
        match kind {
            "left" | "taken" => {
                Tolerance { late_s: AT_ZONES.late_s + self.alone_s + AWAY_S, ..AT_ZONES }
            }
            _ if RULED.contains(&kind) => AT_ZONES,
            _ => USUAL,
        }
    }
}

/// The settings with the zones of a truth, and a rule for each thing that it tells of.
pub(super) fn with_rules(settings: &Settings, truth: &Truth) -> Settings {
    let mut settings = settings.clone();
    if !truth.has_rules() {
        return settings;
    }
    let rule = |kind: RuleKind, zone: &str, seconds: u32, heading: u32| Rule {
        id: format!("{}-{zone}", kind.as_str_name().to_lowercase().replace('_', "-")),
        kind: kind.into(),
        zone: zone.to_owned(),
        seconds,
        heading,
        ..Rule::default()
    };
    settings.rules.push(rule(RuleKind::Motion, "", 0, 0));
    settings.rules.push(rule(RuleKind::Left, "", truth.alone_s(), 0));
    settings.rules.push(rule(RuleKind::Taken, "", truth.alone_s(), 0));
    for zone in &truth.zones {
        let corner = |c: &[u32; 2]| Corner { x_permille: c[0], y_permille: c[1] };
        let shape = if zone.kind == "line" { Shape::Line } else { Shape::Area };
        settings.zones.push(Zone {
            id: zone.id.clone(),
            name: zone.id.clone(),
            shape: shape.into(),
            corners: zone.corners.iter().map(corner).collect(),
        });
        if shape == Shape::Line {
            settings.rules.push(rule(RuleKind::Cross, &zone.id, 0, 0));
        }
        if let Some(seconds) = zone.seconds {
            settings.rules.push(rule(RuleKind::Loiter, &zone.id, seconds, 0));
        }
        if let Some(degrees) = zone.direction {
            let heading = (degrees + 22) / 45 % 8;
            settings.rules.push(rule(RuleKind::WrongWay, &zone.id, 0, heading));
        }
    }
    settings.rules.iter_mut().for_each(|r| r.id = r.id.trim_end_matches('-').to_owned());
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(json: &str) -> Truth {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn zones_become_rules_and_none_leaves_the_settings() {
        let plain = Settings::default();
        assert_eq!(with_rules(&plain, &truth(r#"{"frames": 9}"#)), plain);
        let bag = with_rules(&plain, &truth(r#"{"frames": 9, "alone": 1}"#));
        assert_eq!((bag.rules.len(), bag.rules[1].seconds), (3, 1));
        let truth = truth(
            r#"{"frames": 9, "zones": [
                {"id": "zone", "kind": "area", "corners": [[0,0],[9,0],[9,9]], "seconds": 20},
                {"id": "line", "kind": "line", "corners": [[0,0],[9,9]]},
                {"id": "lane", "kind": "area", "corners": [[0,0],[9,0],[9,9]], "direction": 350}]}"#,
        );
        let made = with_rules(&plain, &truth);
        let kinds: Vec<RuleKind> = made.rules.iter().map(|r| r.kind()).collect();
        use RuleKind::{Cross, Left, Loiter, Motion, Taken, WrongWay};
        assert_eq!(kinds, [Motion, Left, Taken, Loiter, Cross, WrongWay]);
        assert_eq!((made.rules[3].seconds, made.rules[5].heading), (20, 0));
        assert_eq!(made.zones[1].shape(), Shape::Line);
    }

    #[test]
    fn what_is_told_once_and_what_may_be_told() {
        let truth = truth(
            r#"{"frames": 100, "intervals": [[10, 20], [25, 40]], "ignore": [[80, 89]], "zones": [
                {"id": "line", "kind": "line", "corners": [[0,0],[9,9]]}],
                "events": [{"kind": "object", "first": 10, "last": 40},
                {"kind": "left", "first": 20, "last": 60}, {"kind": "freeze", "first": 80, "last": 89}]}"#,
        );
        let expected = Expected::of(&truth, 10.0);
        assert_eq!(expected.motion, [Span::new("motion", 1.0, 4.0)]);
        assert_eq!(expected.single, [Span::new("left", 2.0, 6.0), Span::new("freeze", 8.0, 8.9)]);
        assert_eq!(expected.allowed[0], Span::new("taken", 4.0, 18.0));
        assert!(expected.allowed[1..].iter().all(|s| s.begin_s == 7.0 && s.kind != "freeze"));
        assert!(expected.tolerance("left").late_s > expected.tolerance("cross").late_s);
    }
}
