//! What happens in a scene besides objects coming and going, as `events.json` tells it.
//!
//! Invariants: frames from 0, both ends within; kinds of tampering are spelled as in addresses;
//! a condition (weather, light, lens) is nothing that anybody should be told of.

use serde::Serialize;

use crate::SceneSpec;
use crate::options::Weather;
use crate::tamper::Spell;

/// Something that begins and ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Happening {
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
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
    out
}
