//! What happens in a scene besides objects coming and going, as `events.json` tells it.
//!
//! Invariants: frames from 0, both ends within; kinds of tampering are spelled as in addresses;
//! a condition (weather, light, lens) is nothing that anybody should be told of. Zones and
//! lines are held against where somebody stands on the ground, whoever it is:
//! `loiter` from the moment at which the zone's seconds are over until the zone is left,
//! `cross` in the frame in which the line is stepped over, `wrong-way` while one goes against
//! the lane, `left` from when a thing is put down until it is fetched, `taken` from when it is
//! taken until it is brought back.

use serde::Serialize;

use crate::SceneSpec;
use crate::acts::Deed;
use crate::ground::{Ground, LOITER_S, Spot, crosses, inside};
use crate::lens::Insects;
use crate::options::Weather;
use crate::plan::{Role, Who};
use crate::tamper::Spell;

/// Something that begins and ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Happening {
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// Who put it down or took it, and who fetched it or brought it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<[u16; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<&'static str>,
    /// Of a line, seen from its first corner to its second in the picture: `right` or `left`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<&'static str>,
    pub first: u32,
    pub last: u32,
}

impl Happening {
    pub fn new(kind: &'static str, first: u32, last: u32) -> Happening {
        Happening { kind, first, last, ..Happening::default() }
    }
}

/// All tampering.
pub(crate) fn tampering(spells: &[Spell]) -> impl Iterator<Item = Happening> {
    spells.iter().map(|s| Happening::new(s.kind.name(), s.first, s.last))
}

/// Weather, light and lens.
pub(crate) fn conditions(spec: &SceneSpec) -> Vec<Happening> {
    let (o, end) = (&spec.options, spec.frames.saturating_sub(1));
    let mut out = Vec::new();
    let mut whole = |kind: &'static str, is: bool| {
        out.extend(is.then(|| Happening::new(kind, 0, end)));
    };
    whole("rain", o.weather.is_some_and(|w| w.0 == Weather::Rain));
    whole("snow", o.weather.is_some_and(|w| w.0 == Weather::Snow));
    whole("flicker", o.flicker > 0);
    whole("wind", o.wind > 0);
    whole("night", o.night.is_some());
    whole("headlights", o.headlights);
    let frame = |t: f32| ((t * spec.frame_rate_hz as f32).ceil() as u32).min(end);
    let insects = Insects::new(spec);
    out.extend(insects.spans().map(|(a, b)| Happening::new("insect", frame(a), frame(b))));
    let grey = o.infra_red.iter().map(|span| span.frames(spec.frame_rate_hz));
    out.extend(grey.map(|(first, last)| Happening::new("infra-red", first, last.min(end))));
    out
}

/// Things left and taken.
pub(crate) fn deeds<'a>(
    spec: &'a SceneSpec,
    deeds: &'a [Deed],
) -> impl Iterator<Item = Happening> + 'a {
    let frame = |t: f32| (t * spec.frame_rate_hz as f32).ceil() as u32;
    let number = |index: usize| index as u16 + 1;
    deeds.iter().map(move |d| Happening {
        object: Some(number(d.thing)),
        class: Some("thing"),
        by: Some([number(d.by), number(d.undone_by)]),
        ..Happening::new(d.kind, frame(d.from), frame(d.to).max(1) - 1)
    })
}

/// What one of the actors does to zone, line and lane.
pub(crate) fn on_ground(spec: &SceneSpec, role: &Role, object: u16) -> Vec<Happening> {
    if matches!(role.who, Who::Thing(_)) {
        return Vec::new();
    }
    let ground = Ground::of(spec.kind);
    let spots: Vec<Option<Spot>> =
        (0..spec.frames).map(|n| role.spot(n as f32 / spec.frame_rate_hz as f32)).collect();
    let mut out = Vec::new();
    let stays = (LOITER_S * spec.frame_rate_hz as f32) as u32;
    for [first, last] in runs(&spots, |_, at| inside(&ground.zone, at)) {
        if last - first >= stays {
            let zone = Some("zone");
            out.push(Happening { zone, ..Happening::new("loiter", first + stays, last) });
        }
    }
    for (n, pair) in (1u32..).zip(spots.windows(2)) {
        let &[Some(a), Some(b)] = pair else { continue };
        // The ground seen from above is not turned over in the picture.
        if let Some(side) = crosses(&ground.line, a, b) {
            let direction = Some(if side > 0 { "right" } else { "left" });
            let zone = Some("line");
            out.push(Happening { zone, direction, ..Happening::new("cross", n, n) });
        }
    }
    if let Some((area, flow, _)) = &ground.lane {
        let step = 0.3 / spec.frame_rate_hz as f32;
        let against = |before: Option<Spot>, at: Spot| {
            before.is_some_and(|b| {
                inside(area, at) && (at.0 - b.0) * flow.0 + (at.1 - b.1) * flow.1 < -step
            })
        };
        for [first, last] in runs(&spots, against) {
            if last - first >= spec.frame_rate_hz / 2 {
                let zone = Some("lane");
                out.push(Happening { zone, ..Happening::new("wrong-way", first, last) });
            }
        }
    }
    out.iter_mut().for_each(|h| (h.object, h.class) = (Some(object), Some(role.who.class())));
    out
}

/// Runs of frames in which `is` holds for the place before and the place then.
fn runs(spots: &[Option<Spot>], is: impl Fn(Option<Spot>, Spot) -> bool) -> Vec<[u32; 2]> {
    let mut runs: Vec<[u32; 2]> = Vec::new();
    let mut before = None;
    for (n, spot) in (0u32..).zip(spots) {
        if spot.is_some_and(|at| is(before, at)) {
            match runs.last_mut() {
                Some([_, last]) if *last + 1 == n => *last = n,
                _ => runs.push([n, n]),
            }
        }
        before = *spot;
    }
    runs
}
