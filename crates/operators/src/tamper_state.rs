//! The state of the tamper operator as bytes.

use flumen_base::{Error, Result};

use crate::measure::Measurer;
use crate::state::{Reader, Writer};
use crate::tamper::{BEFORE, Doubt, TAMPER_VERSION, Tamper};
use crate::tamper_freeze::Freeze;
use crate::tamper_judge::{Late, TamperKind};
use crate::tamper_view::View;

impl Tamper {
    /// Writes the whole state.
    pub fn save(&self, to: &mut Writer) {
        to.u32(TAMPER_VERSION);
        self.measurer.save(to);
        self.views.iter().for_each(|view| view.save(to));
        self.freeze.save(to);
        to.u8(u8::from(self.last_us.is_some()));
        to.i64(self.last_us.unwrap_or(0));
        to.u32(self.since_usual);
        to.u32(self.fell.unwrap_or(u32::MAX));
        to.u32(self.agree);
        to.u32(self.late.brightness);
        to.u32(self.late.agree);
        to.u8(u8::from(self.doubt.is_some()));
        if let Some(doubt) = &self.doubt {
            doubt.save(to);
        }
    }

    /// Reads what `save` wrote.
    ///
    /// # Errors
    /// `Unsupported` when another version wrote it, `DataLoss` when it is cut or damaged.
    pub fn load(from: &mut Reader<'_>) -> Result<Tamper> {
        let damaged = || Error::data_loss("the saved state of the tamper operator is damaged");
        let version = from.u32().ok_or_else(damaged)?;
        if ![BEFORE, TAMPER_VERSION].contains(&version) {
            return Err(Error::unsupported(format!(
                "the state was saved by version {version} of the tamper operator, this is \
                 {TAMPER_VERSION}: analysis begins anew"
            )));
        }
        Tamper::read(from, version).ok_or_else(damaged)
    }

    fn read(from: &mut Reader<'_>, version: u32) -> Option<Tamper> {
        let measurer = Measurer::load(from)?;
        let views = [View::load(from)?, View::load(from)?];
        let freeze = Freeze::load(from)?;
        let known = from.u8()? != 0;
        let last_us = from.i64()?;
        let (since_usual, fell, agree) = (from.u32()?, from.u32()?, from.u32()?);
        let fell = (fell != u32::MAX).then_some(fell);
        let late = match version {
            BEFORE => Late::default(),
            _ => Late { brightness: from.u32()?, agree: from.u32()? },
        };
        let doubt = match from.u8()? {
            0 => None,
            _ => Some(Doubt::load(from)?),
        };
        let last_us = known.then_some(last_us);
        Some(Tamper { measurer, views, freeze, doubt, last_us, since_usual, fell, agree, late })
    }
}

impl Doubt {
    fn save(&self, to: &mut Writer) {
        to.u8(self.kind.number());
        to.u64(self.first);
        to.u64(self.last);
        to.i64(self.since_us);
        to.i64(self.kind_us);
        to.i64(self.last_us);
        to.u32(self.usual);
        to.u8(u8::from(self.told));
    }

    fn load(from: &mut Reader<'_>) -> Option<Doubt> {
        Some(Doubt {
            kind: TamperKind::of(from.u8()?)?,
            first: from.u64()?,
            last: from.u64()?,
            since_us: from.i64()?,
            kind_us: from.i64()?,
            last_us: from.i64()?,
            usual: from.u32()?,
            told: from.u8()? != 0,
        })
    }
}
