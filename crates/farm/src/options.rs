//! What a synthetic camera suffers and what else happens before it: [`SceneOptions`], parts of its address.
//!
//! Invariants: options that are not given change nothing: the scene is rendered as without
//! this file; what was parsed is written again with the same meaning; every number is bounded.
//! Units: milliseconds of the clip; per cent of the strongest.
//! Not here: how each is drawn (`weather`, `lens`, `lighting`, `tamper`, `wind`, `acts`).

use std::fmt;
use std::str::FromStr;

use flumen_base::{Error, Result};

/// Most spans in one option.
const MAX_SPANS: usize = 32;
/// Most extra actors of one sort.
const MAX_ACTS: u32 = 8;

/// What falls from the sky.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weather {
    /// Streaks that are elsewhere in each frame, and a veil.
    Rain,
    /// Flakes that fall and drift, a few close to the lens.
    Snow,
}

/// A way to make a camera useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tamper {
    /// Another camera's picture.
    SceneCut,
    /// Nearly all light is gone.
    LightOff,
    /// The lens is turned out of focus.
    Defocus,
    /// A flat picture of the recorder instead of the camera's.
    SignalLost,
    /// Every sample jumps.
    NoiseBurst,
    /// The camera looks elsewhere.
    CameraMoved,
    /// The same picture again and again.
    Freeze,
    /// Something lies over the lens.
    Covered,
}

impl Tamper {
    /// All kinds.
    pub const ALL: [Tamper; 8] = [
        Tamper::SceneCut,
        Tamper::LightOff,
        Tamper::Defocus,
        Tamper::SignalLost,
        Tamper::NoiseBurst,
        Tamper::CameraMoved,
        Tamper::Freeze,
        Tamper::Covered,
    ];

    /// The name in addresses and in the truth.
    pub fn name(self) -> &'static str {
        match self {
            Tamper::SceneCut => "scene-cut",
            Tamper::LightOff => "light-off",
            Tamper::Defocus => "defocus",
            Tamper::SignalLost => "signal-lost",
            Tamper::NoiseBurst => "noise-burst",
            Tamper::CameraMoved => "camera-moved",
            Tamper::Freeze => "freeze",
            Tamper::Covered => "covered",
        }
    }
}

/// A part of the clip: START+SECONDS in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// From the start of the clip.
    pub start_ms: u32,
    /// How long.
    pub length_ms: u32,
}

impl Span {
    /// First and last frame.
    pub fn frames(self, frame_rate_hz: u32) -> (u32, u32) {
        let at = |ms: u64| (ms * u64::from(frame_rate_hz)).div_ceil(1000) as u32;
        let first = at(self.start_ms.into());
        let end = at(u64::from(self.start_ms) + u64::from(self.length_ms));
        (first, end.max(first + 1) - 1)
    }
}

/// How dark it is, over the clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Night {
    /// Per cent of night at the first and at the last frame, even between.
    Fall(u32, u32),
    /// From day into night and back again.
    Round,
}

/// What a camera suffers and what else happens; the default is an ordinary clear day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SceneOptions {
    /// Rain or snow, and how strong (1 to 100).
    pub weather: Option<(Weather, u32)>,
    /// How far trees and bushes sway, 0 to 100.
    pub wind: u32,
    /// Insects that walk over the lens, 0 to 8.
    pub insects: u32,
    /// Vehicles with their headlights on, and beams of others out of sight.
    pub headlights: bool,
    /// How deep the light of the mains flickers, 0 to 100.
    pub flicker: u32,
    /// Darkness.
    pub night: Option<Night>,
    /// When the camera sees infra-red: grey, lit from beside the lens.
    pub infra_red: Vec<Span>,
    /// Tampering.
    pub tamper: Vec<(Tamper, Span)>,
    /// How many leave something behind (it is fetched later), 0 to 8.
    pub leave: u32,
    /// How many take something that stood there (and bring it back later), 0 to 8.
    pub take: u32,
    /// How many loiter in the scene's zone, 0 to 8.
    pub loiter: u32,
    /// How many more cross the scene's line, 0 to 8.
    pub cross: u32,
    /// How many go against the flow, 0 to 8.
    pub against: u32,
}

/// The names of the options, for messages.
pub(crate) const NAMES: &str = "weather, wind, insects, headlights, flicker, night, ir, tamper, leave, take, loiter, cross, against, random";

impl SceneOptions {
    /// True when somebody does more than pass: then zone, line and lane are in the truth.
    pub(crate) fn acts(&self) -> bool {
        self.leave + self.take + self.loiter + self.cross + self.against > 0
    }

    /// Takes one option of an address; false when it is none of these.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<bool> {
        match name {
            "weather" => self.weather = weather(value)?,
            "wind" => self.wind = within(name, value, 100)?,
            "insects" => self.insects = within(name, value, MAX_ACTS)?,
            "headlights" => self.headlights = within(name, value, 1)? == 1,
            "flicker" => self.flicker = within(name, value, 100)?,
            "night" => self.night = night(value)?,
            "ir" => self.infra_red = list(name, value, |v| span(name, v))?,
            "tamper" => self.tamper = list(name, value, tamper)?,
            "leave" => self.leave = within(name, value, MAX_ACTS)?,
            "take" => self.take = within(name, value, MAX_ACTS)?,
            "loiter" => self.loiter = within(name, value, MAX_ACTS)?,
            "cross" => self.cross = within(name, value, MAX_ACTS)?,
            "against" => self.against = within(name, value, MAX_ACTS)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Holds the spans against the length of the clip.
    pub(crate) fn check(&self, clip_ms: u64) -> Result<()> {
        let mut until = 0;
        let mut spans: Vec<Span> = self.tamper.iter().map(|(_, span)| *span).collect();
        spans.sort_by_key(|span| span.start_ms);
        for span in spans {
            if u64::from(span.start_ms) < until {
                return Err(Error::invalid(format!(
                    "synthetic camera: tampering at {} s begins before the one before it ends",
                    seconds(span.start_ms)
                )));
            }
            until = u64::from(span.start_ms) + u64::from(span.length_ms);
        }
        let ir = self.infra_red.iter().map(|s| u64::from(s.start_ms) + u64::from(s.length_ms));
        if let Some(end) = ir.chain([until]).find(|end| *end > clip_ms) {
            return Err(Error::invalid(format!(
                "synthetic camera: a span ends after {end} ms, the clip after {clip_ms} ms; make it longer (seconds=)"
            )));
        }
        Ok(())
    }
}

impl fmt::Display for SceneOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((weather, percent)) = self.weather {
            let name = if weather == Weather::Rain { "rain" } else { "snow" };
            write!(f, "&weather={name}:{percent}")?;
        }
        match self.night {
            Some(Night::Fall(from, to)) if from == to => write!(f, "&night={from}")?,
            Some(Night::Fall(from, to)) => write!(f, "&night={from}-{to}")?,
            Some(Night::Round) => write!(f, "&night=day")?,
            None => (),
        }
        for (name, value) in [
            ("wind", self.wind),
            ("insects", self.insects),
            ("headlights", self.headlights.into()),
            ("flicker", self.flicker),
            ("leave", self.leave),
            ("take", self.take),
            ("loiter", self.loiter),
            ("cross", self.cross),
            ("against", self.against),
        ] {
            if value > 0 {
                write!(f, "&{name}={value}")?;
            }
        }
        let text = |s: &Span| format!("{}+{}", seconds(s.start_ms), seconds(s.length_ms));
        if !self.infra_red.is_empty() {
            let spans: Vec<String> = self.infra_red.iter().map(text).collect();
            write!(f, "&ir={}", spans.join(","))?;
        }
        if !self.tamper.is_empty() {
            let one = |(t, s): &(Tamper, Span)| format!("{}@{}", t.name(), text(s));
            write!(f, "&tamper={}", self.tamper.iter().map(one).collect::<Vec<_>>().join(","))?;
        }
        Ok(())
    }
}

fn seconds(ms: u32) -> String {
    let text = format!("{}.{:03}", ms / 1000, ms % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn bad(name: &str, value: &str, form: &str) -> Error {
    Error::invalid(format!("synthetic camera: {name}={value} must look like {form}"))
}

fn within(name: &str, value: &str, most: u32) -> Result<u32> {
    let number = value.parse().ok().filter(|n: &u32| *n <= most);
    number.ok_or_else(|| bad(name, value, &format!("a whole number from 0 to {most}")))
}

fn weather(value: &str) -> Result<Option<(Weather, u32)>> {
    let (kind, percent) = value.split_once(':').unwrap_or((value, "50"));
    let percent = within("weather", percent, 100)?.max(1);
    match kind {
        "none" => Ok(None),
        "rain" => Ok(Some((Weather::Rain, percent))),
        "snow" => Ok(Some((Weather::Snow, percent))),
        _ => Err(bad("weather", value, "rain, snow, rain:80 or none")),
    }
}

fn night(value: &str) -> Result<Option<Night>> {
    if value == "day" {
        return Ok(Some(Night::Round));
    }
    let (from, to) = value.split_once('-').unwrap_or((value, value));
    let (from, to) = (within("night", from, 100)?, within("night", to, 100)?);
    Ok((from + to > 0).then_some(Night::Fall(from, to)))
}

fn list<T>(name: &str, value: &str, one: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    let parts: Vec<&str> = value.split(',').filter(|v| !v.is_empty()).collect();
    if parts.len() > MAX_SPANS {
        return Err(bad(name, value, &format!("at most {MAX_SPANS} spans")));
    }
    parts.into_iter().map(one).collect()
}

fn tamper(value: &str) -> Result<(Tamper, Span)> {
    let form = "freeze@10+5 (kind, start, seconds)";
    let (kind, at) = value.split_once('@').ok_or_else(|| bad("tamper", value, form))?;
    let kind = Tamper::ALL.into_iter().find(|t| t.name() == kind).ok_or_else(|| {
        let names = Tamper::ALL.map(Tamper::name).join(", ");
        Error::invalid(format!("synthetic camera: no tampering \"{kind}\"; known are {names}"))
    })?;
    Ok((kind, span("tamper", at)?))
}

fn span(name: &str, value: &str) -> Result<Span> {
    let ms = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        if part.len() > 3 {
            return None;
        }
        let part = format!("{part:0<3}");
        u32::from_str(whole).ok()?.checked_mul(1000)?.checked_add(u32::from_str(&part).ok()?)
    };
    let both = value.split_once('+').and_then(|(start, length)| Some((ms(start)?, ms(length)?)));
    let (start_ms, length_ms) =
        both.filter(|b| b.1 > 0).ok_or_else(|| bad(name, value, "START+SECONDS"))?;
    Ok(Span { start_ms, length_ms })
}
