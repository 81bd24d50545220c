//! What is told of the camera itself: tampering as events, its seconds as windows.
//!
//! Not here: which is which (`tamper`, `windows`), what moves (`sight`).

use flumen_base::wire::{PacketHeader, Rule, SourcePosition};
use flumen_operators::{Motion, Pictured, TamperKind, Thing};

use crate::Output;
use crate::events::Told;
use crate::meta::Meta;
use crate::site::Site;
use crate::tamper::Watch;
use crate::windows::Windows;

/// Tampering and windows of one camera.
#[derive(Default)]
pub(crate) struct Care {
    pub(crate) watch: Watch,
    pub(crate) windows: Windows,
}

/// Whose records these are.
pub(crate) struct Whose<'a> {
    pub camera: &'a str,
    pub policy_version: u64,
    pub rules: &'a [Rule],
    pub site: &'a Site,
}

impl Care {
    /// An access unit came.
    pub(crate) fn unit(
        &mut self,
        whose: &Whose<'_>,
        unit: (&PacketHeader, &Meta),
        bytes: usize,
        out: &mut Vec<Output>,
    ) {
        self.windows.unit(whose, unit, bytes, out);
    }

    /// A picture was shown, analysed or not.
    pub(crate) fn shown(&mut self, meta: &Meta) {
        self.windows.shown(meta);
    }

    /// A unit was not decoded because nothing happened.
    pub(crate) fn quiet(&mut self, meta: &Meta) {
        self.windows.quiet(meta);
    }

    /// Looks at the picture that `motion` saw last.
    pub(crate) fn see(
        &mut self,
        whose: &Whose<'_>,
        (meta, size): (&Meta, (u32, u32)),
        motion: &Motion,
        things: &[Thing],
    ) -> Option<Told> {
        let told = self.watch.see(whose, meta, motion);
        let tamper = &self.watch.tamper;
        let new = self.windows.new_things(things);
        let pictured = Pictured {
            size,
            things,
            new,
            working: motion.working(),
            motion_permyriad: motion.motion_permyriad(),
            measures: tamper.measures(),
            kept_permille: tamper.agree_permille(),
            thumb: tamper.thumb(),
        };
        let number = tamper.suspect().map_or(0, number);
        self.windows.picture(meta, &pictured, number);
        self.windows.lend(&Pictured { things: &[], new: 0, ..pictured });
        told
    }

    /// True while something may be wrong with the picture.
    pub(crate) fn suspects(&self) -> bool {
        self.watch.tamper.suspect().is_some()
    }

    /// True while nothing new is to be followed, because what is seen may be no scene at all.
    pub(crate) fn is_blind(&self) -> bool {
        self.watch.tamper.is_blind()
    }

    /// Ends the seconds to which nothing can come after a unit.
    pub(crate) fn close(
        &mut self,
        whose: &Whose<'_>,
        unit: (i64, SourcePosition),
        decoding: bool,
        out: &mut Vec<Output>,
    ) {
        self.windows.close(whose, unit, decoding, out);
    }

    /// The stream breaks off: what is open ends.
    pub(crate) fn break_off(
        &mut self,
        whose: &Whose<'_>,
        meta: &Meta,
        out: &mut Vec<Output>,
    ) -> Vec<Told> {
        self.windows.end(whose, meta.at, out);
        self.watch.break_off(whose, meta)
    }
}

/// The number of a kind, from 1.
fn number(kind: TamperKind) -> u32 {
    TamperKind::ALL.iter().position(|k| *k == kind).map_or(0, |i| i as u32 + 1)
}
