//! What a synthetic camera shows and how it is encoded: [`SceneSpec`] and its address form.
//!
//! Invariants: a spec that was parsed or checked has an even size within the limits, at
//! least one frame, and at most [`MAX_FRAMES`].
//! Units: pixels, frames, Hz.

use std::fmt;
use std::str::FromStr;

use flumen_base::wire::Codec;
use flumen_base::{Error, Result};

use crate::options::{NAMES, SceneOptions};

/// The longest clip: ten minutes at 30 frames a second.
pub const MAX_FRAMES: u32 = 18_000;
const SCHEME: &str = "synthetic:";

/// Which scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SceneKind {
    /// A road between houses: cars, vans and trucks pass, people walk on the pavement.
    Street,
    /// A loading yard with containers: a forklift works, a van comes, people walk.
    Yard,
    /// A hall with a shining floor: people come in, stand still, and go on.
    Lobby,
    /// A park with trees and crossing paths: walkers, runners and cyclists.
    Park,
}

impl SceneKind {
    /// All scenes, in the order in which the demo shows them.
    pub const ALL: [SceneKind; 4] =
        [SceneKind::Street, SceneKind::Yard, SceneKind::Lobby, SceneKind::Park];

    /// The name in addresses and file names.
    pub fn name(self) -> &'static str {
        match self {
            SceneKind::Street => "street",
            SceneKind::Yard => "yard",
            SceneKind::Lobby => "lobby",
            SceneKind::Park => "park",
        }
    }
}

impl FromStr for SceneKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<SceneKind> {
        SceneKind::ALL.into_iter().find(|k| k.name() == text).ok_or_else(|| {
            let names = SceneKind::ALL.map(SceneKind::name).join(", ");
            Error::invalid(format!("there is no scene \"{text}\"; the scenes are {names}"))
        })
    }
}

/// One synthetic camera: scene, seed, picture and encoding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SceneSpec {
    /// Which scene.
    pub kind: SceneKind,
    /// Everything that is drawn by chance follows from it.
    pub seed: u64,
    /// Even, 64 to 4096.
    pub width: u32,
    /// Even, 64 to 4096.
    pub height: u32,
    /// Whole frames a second, 1 to 60.
    pub frame_rate_hz: u32,
    /// Length of the loop in frames.
    pub frames: u32,
    /// H.264, H.265 or MJPEG.
    pub codec: Codec,
    /// Frames from one key frame to the next.
    pub gop: u32,
    /// B frames between two others; 0 as in nearly all cameras.
    pub b_frames: u32,
    /// Mean bits a second; 0 for constant quality.
    pub bit_rate_bps: u64,
    /// What the camera suffers and what else happens.
    pub options: SceneOptions,
}

impl SceneSpec {
    /// The usual camera of the demo: 640x360 at 15 frames a second, a minute long, H.264, a key frame every 2 s.
    pub fn new(kind: SceneKind, seed: u64) -> SceneSpec {
        SceneSpec {
            kind,
            seed,
            width: 640,
            height: 360,
            frame_rate_hz: 15,
            frames: 900,
            codec: Codec::H264,
            gop: 30,
            b_frames: 0,
            bit_rate_bps: 0,
            options: SceneOptions::default(),
        }
    }

    /// Length of the loop in microseconds.
    pub fn duration_us(&self) -> i64 {
        self.pts_us(self.frames)
    }

    /// Media time of frame `number`, the first at 0.
    pub fn pts_us(&self, number: u32) -> i64 {
        i64::from(number) * 1_000_000 / i64::from(self.frame_rate_hz.max(1))
    }

    /// The frame shown at a media time.
    pub fn number_at(&self, pts_us: i64) -> u32 {
        ((pts_us.max(0) * i64::from(self.frame_rate_hz) + 500_000) / 1_000_000) as u32
    }
}

fn codec_name(codec: Codec) -> Result<&'static str> {
    match codec {
        Codec::H264 => Ok("h264"),
        Codec::H265 => Ok("h265"),
        Codec::Mjpeg => Ok("mjpeg"),
        other => Err(Error::unsupported(format!(
            "synthetic camera: codec {other:?}; use h264, h265 or mjpeg"
        ))),
    }
}

impl fmt::Display for SceneSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{SCHEME}{}?seed={}&size={}x{}&fps={}&frames={}&codec={}&gop={}&b={}&kbps={}{}",
            self.kind.name(),
            self.seed,
            self.width,
            self.height,
            self.frame_rate_hz,
            self.frames,
            codec_name(self.codec).unwrap_or("none"),
            self.gop,
            self.b_frames,
            self.bit_rate_bps / 1000,
            self.options
        )
    }
}

/// Reads `synthetic:street?seed=1&size=640x360&fps=15&seconds=60&codec=h264`.
///
/// Everything after the scene may be left out; `frames` may stand for `seconds`, `gop`
/// is 2 s unless given, `b` is the number of B frames, `kbps` the mean rate
/// instead of constant quality. The options of [`SceneOptions`] follow in the same form;
/// `random=1` draws all of them that are not given from the seed.
impl FromStr for SceneSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<SceneSpec> {
        let rest = text
            .strip_prefix(SCHEME)
            .ok_or_else(|| Error::invalid(format!("\"{text}\" does not begin with {SCHEME}")))?;
        let (scene, options) = rest.split_once('?').unwrap_or((rest, ""));
        let mut spec = SceneSpec::new(scene.parse()?, 1);
        let (mut seconds, mut frames, mut gop) = (60, None, None);
        let (mut random, mut given) = (false, Vec::new());
        for option in options.split('&').filter(|o| !o.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "seed" => spec.seed = number(name, value)?,
                "size" => (spec.width, spec.height) = size(value)?,
                "fps" => spec.frame_rate_hz = number(name, value)?,
                "seconds" => seconds = number::<u32>(name, value)?,
                "frames" => frames = Some(number(name, value)?),
                "gop" => gop = Some(number(name, value)?),
                "b" => spec.b_frames = number(name, value)?,
                "kbps" => spec.bit_rate_bps = number::<u64>(name, value)?.saturating_mul(1000),
                "codec" => spec.codec = codec(value)?,
                "random" => random = number::<u32>(name, value)? > 0,
                _ if spec.options.set(name, value)? => given.push((name, value)),
                _ => return Err(unknown(name)),
            }
        }
        spec.frames = frames.unwrap_or_else(|| seconds.saturating_mul(spec.frame_rate_hz));
        spec.gop = gop.unwrap_or_else(|| spec.frame_rate_hz.saturating_mul(2));
        if random {
            let seconds = spec.frames / spec.frame_rate_hz.max(1);
            spec.options = SceneOptions::mixture(spec.kind, spec.seed, seconds);
            for (name, value) in given {
                spec.options.set(name, value)?;
            }
        }
        spec.check()?;
        Ok(spec)
    }
}

fn unknown(name: &str) -> Error {
    Error::invalid(format!(
        "synthetic camera: unknown option \"{name}\"; known are seed, size, fps, seconds, frames, codec, gop, b, kbps, {NAMES}"
    ))
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| {
        Error::invalid(format!("synthetic camera: {name}={value} is not a whole number in range"))
    })
}

fn size(value: &str) -> Result<(u32, u32)> {
    let (width, height) = value.split_once('x').ok_or_else(|| {
        Error::invalid(format!("synthetic camera: size={value} must look like 640x360"))
    })?;
    Ok((number("size", width)?, number("size", height)?))
}

fn codec(value: &str) -> Result<Codec> {
    match value {
        "h264" => Ok(Codec::H264),
        "h265" => Ok(Codec::H265),
        "mjpeg" => Ok(Codec::Mjpeg),
        _ => {
            Err(Error::invalid(format!("synthetic camera: codec={value}; use h264, h265 or mjpeg")))
        }
    }
}

mod limits;
#[cfg(test)]
mod tests;
