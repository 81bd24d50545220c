//! Which vector instructions the passes over pixels use: the best that the machine has.
//!
//! Invariants: the loops are integers and the same at each level, so each gives the same bits; a
//! test sees the same frames at all levels of its machine.
//! Not here: the loops; they are written for rows, and the compiler makes vectors of them.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

/// A level of vector instructions.
#[derive(Clone, Copy, Debug)]
pub struct Lanes(Level);

impl Default for Lanes {
    fn default() -> Lanes {
        Lanes(Level::new())
    }
}

impl Lanes {
    /// All levels of this machine, the one that each build may use first.
    pub fn all() -> Vec<Lanes> {
        let mut all = vec![Level::baseline()];
        #[cfg(target_arch = "x86_64")]
        {
            let best = Level::new();
            all.extend(best.as_sse4_2().map(Level::Sse4_2));
            all.extend(best.as_avx2().map(Level::Avx2));
            all.extend(best.as_avx512().map(Level::Avx512));
        }
        all.into_iter().map(Lanes).collect()
    }

    /// For `dispatch!`, where a loop names its vectors.
    #[inline(always)]
    pub(crate) fn level(self) -> Level {
        self.0
    }

    /// Runs `f`, compiled for this level; what `f` calls must be `inline(always)` to be so too.
    #[inline(always)]
    pub(crate) fn run<R>(self, f: impl FnOnce() -> R) -> R {
        dispatch!(self.0, simd => simd.vectorize(f))
    }
}

/// Which of 64 bytes hold a bit, as the bits of a word.
#[inline(always)]
pub(crate) fn holds<S: Simd>(simd: S, bytes: &[u8; 64], bit: u8) -> u64 {
    let bit = u8x64::splat(simd, bit);
    (u8x64::from_slice(simd, bytes) & bit).simd_eq(bit).to_bitmask()
}
