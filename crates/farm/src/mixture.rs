//! Options drawn from a seed: a mixture as cameras meet it.
//!
//! Invariants: the same scene, seed and length give the same options, and they pass the checks.

use crate::math::Chance;
use crate::options::{Night, SceneOptions, Span, Tamper, Weather};
use crate::{SceneKind, SceneSpec};

impl SceneSpec {
    /// The `index`-th scene of a draw: scenes take turns, seed and options come by chance.
    ///
    /// 480x270 at 10 frames a second, a minute long: small enough to make many of.
    pub fn drawn(seed: u64, index: u32) -> SceneSpec {
        let mut chance = Chance::new(seed ^ (u64::from(index) << 32) ^ 0xd4a3);
        let kind = SceneKind::ALL.get(index as usize % 4).copied().unwrap_or(SceneKind::Street);
        let mut spec = SceneSpec {
            width: 480,
            height: 270,
            frame_rate_hz: 10,
            frames: 600,
            gop: 20,
            ..SceneSpec::new(kind, chance.bits() >> 40)
        };
        spec.options = SceneOptions::mixture(kind, spec.seed, 60);
        spec
    }
}

impl SceneOptions {
    /// What a camera may meet in `seconds`, drawn from `seed`.
    pub fn mixture(kind: SceneKind, seed: u64, seconds: u32) -> SceneOptions {
        let mut chance = Chance::new(seed ^ 0x3171);
        let c = &mut chance;
        let often = |c: &mut Chance, share: f32, low: usize, high: usize| {
            let drawn = low + c.below(high - low + 1);
            if c.often(share) { drawn as u32 } else { 0 }
        };
        let outdoors = kind != SceneKind::Lobby;
        let one_way = matches!(kind, SceneKind::Street | SceneKind::Yard);
        let mut o = SceneOptions::default();
        let weather = if c.often(0.6) { Weather::Rain } else { Weather::Snow };
        let strength = often(c, 0.35, 20, 90);
        o.weather = (outdoors && strength > 0).then_some((weather, strength));
        let wind = often(c, 0.6, 10, 80);
        o.wind = if outdoors { wind } else { 0 };
        o.insects = often(c, 0.25, 1, 2);
        o.flicker = often(c, if outdoors { 0.15 } else { 0.5 }, 10, 50);
        o.night = night(c);
        o.headlights = o.night.is_some() && c.often(0.7);
        if o.night.is_some() && c.often(0.35) && seconds >= 30 {
            let start_ms = (8 + c.below(seconds as usize / 3) as u32) * 1000;
            o.infra_red.push(Span { start_ms, length_ms: 12_000 });
        }
        if seconds >= 60 {
            o.leave = often(c, 0.35, 1, 1);
            o.take = often(c, 0.35, 1, 1);
            o.loiter = often(c, 0.35, 1, 1);
            o.cross = often(c, 0.5, 1, 2);
            o.against = often(c, 0.4, 1, 2);
        }
        if !one_way {
            o.against = 0;
        }
        let spells = often(c, 0.4, 1, 2);
        let tamper = Tamper::ALL;
        for i in 0..spells.min(seconds / 30) {
            let length_ms = 4000 + 500 * c.below(9) as u32;
            let start_ms = i * 30_000 + 4000 + 500 * c.below(28) as u32;
            o.tamper.push((c.pick(&tamper, Tamper::Freeze), Span { start_ms, length_ms }));
        }
        o
    }
}

fn night(c: &mut Chance) -> Option<Night> {
    let (dark, from) = (60 + c.below(41) as u32, c.below(40) as u32);
    let kind = c.below(10);
    match kind {
        0 | 1 => Some(Night::Fall(dark, dark)),
        2 => Some(Night::Fall(from, dark)),
        3 => Some(Night::Fall(dark, from)),
        4 => Some(Night::Round),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_passes_and_can_be_written() {
        let mut tampered = 0;
        for index in 0..200 {
            let spec = SceneSpec::drawn(11, index);
            assert_eq!(spec.to_string().parse::<SceneSpec>().unwrap(), spec);
            tampered += u32::from(!spec.options.tamper.is_empty());
        }
        assert!((40..120).contains(&tampered), "{tampered}");
        assert_eq!(SceneSpec::drawn(11, 3), SceneSpec::drawn(11, 3));
        assert!(SceneSpec::drawn(11, 3) != SceneSpec::drawn(12, 3));
    }

    #[test]
    fn random_fills_what_is_not_given() {
        let drawn: SceneSpec = "synthetic:yard?seed=9&random=1&wind=7".parse().unwrap();
        let mixture = SceneOptions::mixture(SceneKind::Yard, 9, 60);
        assert_eq!(drawn.options, SceneOptions { wind: 7, ..mixture });
        assert!(!drawn.to_string().contains("random"));
    }
}
