//! The limits of a spec, and what its options need of it.

use super::{MAX_FRAMES, SceneKind, SceneSpec, codec_name};
use flumen_base::{Error, Result};

const SIZES: std::ops::RangeInclusive<u32> = 64..=4096;

impl SceneSpec {
    /// Holds the fields against their limits.
    ///
    /// # Errors
    /// `Invalid` with the field and its limits.
    pub fn check(&self) -> Result<()> {
        for (name, size) in [("width", self.width), ("height", self.height)] {
            if !SIZES.contains(&size) || size % 2 != 0 {
                return Err(Error::invalid(format!(
                    "synthetic camera: {name} {size} must be an even number from {} to {}",
                    SIZES.start(),
                    SIZES.end()
                )));
            }
        }
        if !(1..=60).contains(&self.frame_rate_hz) {
            return Err(Error::invalid(format!(
                "synthetic camera: fps {} must be 1 to 60",
                self.frame_rate_hz
            )));
        }
        if !(1..=MAX_FRAMES).contains(&self.frames) {
            return Err(Error::invalid(format!(
                "synthetic camera: {} frames must be 1 to {MAX_FRAMES}",
                self.frames
            )));
        }
        if !(1..=600).contains(&self.gop) {
            return Err(Error::invalid(format!(
                "synthetic camera: gop {} must be 1 to 600 frames",
                self.gop
            )));
        }
        if self.b_frames > 4 {
            return Err(Error::invalid(format!(
                "synthetic camera: {} B frames, at most 4",
                self.b_frames
            )));
        }
        if !self.bit_rate_bps.is_multiple_of(1000) || self.bit_rate_bps > 200_000_000 {
            return Err(Error::invalid(format!(
                "synthetic camera: {} bits a second must be whole kbps, at most 200000",
                self.bit_rate_bps
            )));
        }
        self.options.check(u64::from(self.frames) * 1000 / u64::from(self.frame_rate_hz))?;
        if self.kind == SceneKind::Lobby && self.options.weather.is_some() {
            return Err(Error::invalid(
                "synthetic camera: the lobby is indoors, weather is not seen",
            ));
        }
        self.check_acts()?;
        codec_name(self.codec).map(|_| ())
    }

    /// Who is to do more than pass needs the time and the place for it.
    fn check_acts(&self) -> Result<()> {
        let o = &self.options;
        let least = match (o.leave + o.take + o.loiter, o.cross + o.against) {
            (0, 0) => 0,
            (0, _) => 30,
            _ => 60,
        };
        if self.frames < least * self.frame_rate_hz {
            return Err(Error::invalid(format!(
                "synthetic camera: leave, take and loiter need a clip of 60 s, cross and against one of 30 s; this one has {} s",
                self.frames / self.frame_rate_hz
            )));
        }
        if o.against > 0 && !matches!(self.kind, SceneKind::Street | SceneKind::Yard) {
            return Err(Error::invalid(format!(
                "synthetic camera: the {} has no one-way lane; against is for street and yard",
                self.kind.name()
            )));
        }
        Ok(())
    }
}
