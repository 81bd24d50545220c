//! What happens in a scene besides objects coming and going, as `events.json` tells it.
//!
//! Invariants: frames from 0, both ends within; kinds of tampering are spelled as in addresses;
//! a condition (weather, light, lens) is nothing that anybody should be told of:
//! `loiter` from the moment at which the zone's seconds are over until the zone is left,
//! `cross` in the frame in which the line is stepped over, `wrong-way` while one goes against
//! the lane, `left` from when a thing is put down until it is fetched, `taken` from when it is
//! taken until it is brought back.
//! Not here: who does what at zones and lines (`trespass`).

use serde::Serialize;

use crate::SceneSpec;
use crate::acts::Deed;
use crate::lens::Insects;
use crate::options::Weather;
use crate::tamper::Spell;
use crate::truth::FrameTruth;

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

/// Those that a picture shows, and those of which it does not: the object is hidden or hardly
/// visible for half of the time, from two frames before to two frames after.
pub(crate) fn seen(
    told: Vec<Happening>,
    frames: &[FrameTruth],
) -> (Vec<Happening>, Vec<Happening>) {
    told.into_iter().partition(|h| {
        // What was taken is seen by what it leaves bare.
        let Some(object) = h.object.filter(|_| h.kind != "taken") else { return true };
        let (first, last) = (h.first.saturating_sub(2) as usize, h.last as usize + 2);
        let around = frames.iter().take(last + 1).skip(first);
        let sees = |f: &&FrameTruth| f.boxes.iter().any(|b| b.object == object);
        h.kind == "object" || around.clone().filter(sees).count() * 2 >= around.count()
    })
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
