//! What one picture says about the camera, against what is usual for it.
//!
//! Invariants: every limit is a ratio to the camera's own reference, or to what a picture can
//! hold at all.
//! Units: as `measure` and `tamper_layer`.

use crate::measure::Measures;
use crate::tamper_view::Against;

/// What is done to a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TamperKind {
    /// Another picture altogether.
    SceneCut,
    /// The same picture, much darker from one moment to the next.
    LightOff,
    /// The same picture, out of focus.
    Defocus,
    /// No picture: one colour, without any noise.
    SignalLost,
    /// The same picture in strong noise.
    NoiseBurst,
    /// The same scene from another direction.
    CameraMoved,
    /// The same picture again and again.
    Freeze,
    /// Something before the lens.
    Covered,
}

impl TamperKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [TamperKind; 8] = [
        TamperKind::SceneCut,
        TamperKind::LightOff,
        TamperKind::Defocus,
        TamperKind::SignalLost,
        TamperKind::NoiseBurst,
        TamperKind::CameraMoved,
        TamperKind::Freeze,
        TamperKind::Covered,
    ];

    /// Its name in events and truth.
    pub fn name(self) -> &'static str {
        match self {
            TamperKind::SceneCut => "scene-cut",
            TamperKind::LightOff => "light-off",
            TamperKind::Defocus => "defocus",
            TamperKind::SignalLost => "signal-lost",
            TamperKind::NoiseBurst => "noise-burst",
            TamperKind::CameraMoved => "camera-moved",
            TamperKind::Freeze => "freeze",
            TamperKind::Covered => "covered",
        }
    }

    pub(crate) fn number(self) -> u8 {
        TamperKind::ALL.iter().position(|k| *k == self).unwrap_or(0) as u8
    }

    pub(crate) fn of(number: u8) -> Option<TamperKind> {
        TamperKind::ALL.get(usize::from(number)).copied()
    }

    /// True while what is seen is not the scene: nothing in it can be followed.
    pub fn blinds(self) -> bool {
        !matches!(self, TamperKind::LightOff | TamperKind::Defocus | TamperKind::Freeze)
    }
}

/// What a picture is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Of this picture.
    pub now: &'a Measures,
    /// Usual for this camera.
    pub usual: &'a Measures,
    /// Against the camera's view.
    pub view: Against,
    /// The background explains this picture.
    pub known: bool,
    /// Odd pictures before the first one without contrast: few when it went at once.
    pub fell: u32,
    /// What pictures were like until the first odd one.
    pub late: Late,
}

/// Measures of pictures as usual, of the last two seconds or so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Late {
    /// Brightness; 0 when nothing is known.
    pub brightness: u32,
    /// Share of the view's blocks that they kept, in 1/1000.
    pub agree: u32,
}

/// Ticks in which what is known of late follows: 2 s.
const LATE_TICKS: i64 = 500;

impl Late {
    /// What is known; without anything what is usual.
    pub(crate) fn or(self, brightness: u32) -> Late {
        if self.brightness == 0 { Late { brightness, agree: 1000 } } else { self }
    }

    /// Follows the brightness and agreement of a picture as usual.
    pub(crate) fn follow(&mut self, (brightness, agree): (u32, u32), ticks: u32) {
        *self = self.or(brightness);
        let follow = |late: u32, now: u32| {
            let (late, now) = (i64::from(late), i64::from(now));
            (late + (now - late) * i64::from(ticks) / LATE_TICKS).max(0) as u32
        };
        self.brightness = follow(self.brightness, brightness);
        self.agree = follow(self.agree, agree);
    }
}

impl Evidence<'_> {
    /// Strength of the picture's edges as a share of the reference's.
    fn strength(&self) -> u32 {
        let view = &self.view;
        if view.coarse.blocks >= 6 { view.coarse.strength } else { self.contrast() }
    }

    /// Contrast as a share of the usual one.
    fn contrast(&self) -> u32 {
        (u64::from(self.now.contrast) * 1000 / u64::from(self.usual.contrast.max(1))).min(100_000)
            as u32
    }

    /// Hardly anything is left of the picture.
    pub(crate) fn is_dim(&self) -> bool {
        self.contrast() < 250 && self.strength() < 200
    }

    /// At both scales hardly anything is left of two fifths of the view, since a moment.
    fn is_half_blank(&self) -> bool {
        let (fine, coarse) = (&self.view.fine, &self.view.coarse);
        let has_edges = fine.blocks >= 24 && coarse.blocks >= 6;
        let blank = fine.blank >= 400 && coarse.blank >= 350;
        has_edges && blank && self.view.agree() * 10 < self.late.agree * 6
    }

    /// Nothing but one value in most of the picture.
    pub(crate) fn is_blank(&self) -> bool {
        self.now.flat >= 7000 && self.usual.flat < 4000 && self.now.contrast < 4 * 256
    }
}

/// What is wrong with a picture; `CameraMoved` comes as `SceneCut` and is told apart later.
pub fn judge(e: &Evidence<'_>) -> Option<TamperKind> {
    let (fine, coarse) = (&e.view.fine, &e.view.coarse);
    let darker = e.now.brightness * 4 < e.usual.brightness * 3;
    // Nightfall takes longer than a switch.
    let switched = e.now.brightness * 4 < e.late.brightness * 3;
    let sudden = e.fell <= 2;
    if e.is_blank() && (sudden || e.now.contrast < 128) {
        return Some(TamperKind::SignalLost);
    }
    if e.is_dim() {
        let dimmed = sudden && fine.like >= 500 && darker;
        return Some(if dimmed { TamperKind::LightOff } else { TamperKind::Covered });
    }
    if e.now.noise > e.usual.noise * 3 + 256 {
        return Some(TamperKind::NoiseBurst);
    }
    let gone = |agree: u32| agree < 350 && agree * 10 < e.late.agree * 6;
    let lost = if e.view.has_edges() { gone(e.view.agree()) } else { !e.known };
    if lost {
        let poor = e.contrast() < 350;
        return Some(if poor { TamperKind::Covered } else { TamperKind::SceneCut });
    }
    if darker && switched && e.strength() < 500 && e.contrast() < 600 {
        return Some(TamperKind::LightOff);
    }
    if e.is_half_blank() {
        return Some(TamperKind::Covered);
    }
    let soft = fine.blocks >= 24
        && fine.kept < 680
        && u64::from(fine.strength) * 100 < u64::from(coarse.strength) * 82
        && coarse.strength > 600
        && coarse.agree >= 500;
    soft.then_some(TamperKind::Defocus)
}
