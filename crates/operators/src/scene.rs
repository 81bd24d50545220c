//! When the whole picture is another one: nothing is learned, later all is taken anew.
//!
//! Units: ticks of 4 ms.

use crate::background::Background;
use crate::bits::Bits;
use crate::reduce::Small;
use crate::tone::{Fitter, Tone};

/// Ticks after which another scene is accepted: 5 s.
const PATIENCE: u32 = 1250;
/// Share in 1/1000 of the samples from which on a background explains a frame.
const EXPLAINED: u32 = 900;
/// The background before must explain so much more: in light that came back it does.
const BETTER: u32 = 100;

/// What a frame as a whole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// The scene that the background knows.
    Known,
    /// The scene that the background knows in extreme light: it is not learned from.
    Extreme,
    /// Another scene: nothing can be said about it.
    Other,
}

/// Chooses the curve; brings back the background before when it explains the frame better.
pub fn light(back: &mut Background, fitter: &mut Fitter, small: &Small) -> Tone {
    let last = back.tone.clone();
    let tone = fitter.fit(&small.luma, &back.luma, &back.mask, &last);
    let area = back.held.width() * back.held.height();
    if tone.share >= EXPLAINED || back.held.count() * 2 <= area {
        return tone;
    }
    let nothing = Bits::new(back.held.width(), back.held.height());
    let other = fitter.fit(&small.luma, &back.before, &nothing, &Tone::default());
    if other.share < tone.share + BETTER {
        return tone;
    }
    for y in 0..back.held.height() {
        let pairs = back.luma.row_mut(y).iter_mut().zip(back.before.row_mut(y));
        for (x, (now, before)) in pairs.enumerate() {
            if back.held.get(x, y) {
                std::mem::swap(now, before);
            }
        }
    }
    for (plane, from) in [(&mut back.u, &small.u), (&mut back.v, &small.v)] {
        for (b, i) in plane[0].all_mut().iter_mut().zip(from.all()) {
            *b = u16::from(*i) << 8;
        }
    }
    other
}

/// Judges a frame by its curve and the share of pixels that differ.
pub fn judge(tone: &Tone, low: usize, area: usize) -> Scene {
    if low * 100 > area * 60 || tone.share < 400 {
        Scene::Other
    } else if tone.extreme() {
        Scene::Extreme
    } else {
        Scene::Known
    }
}

/// Counts how long the scene has been odd and takes it over when it stays.
pub fn settle(back: &mut Background, scene: Scene, small: &Small, ticks: u32) {
    back.odd_ticks += ticks;
    if back.odd_ticks < PATIENCE {
        return;
    }
    back.odd_ticks = 0;
    back.remember();
    match scene {
        Scene::Other => back.adopt(small),
        _ => {
            let tone = back.tone.clone();
            for b in back.luma.all_mut() {
                *b = u16::from(tone.apply(*b)) << 8;
            }
        }
    }
    back.tone = Tone::default();
    back.mask.clear();
}
