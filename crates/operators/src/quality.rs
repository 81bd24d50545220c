//! Measures of the picture itself: how bright, how sharp.
//!
//! Units: luma steps; sharpness in 1/256 of one, over the working picture.

use crate::grid::Grid;
use crate::lanes::Lanes;

/// Brightness and sharpness of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Quality {
    /// Mean luma, 0 to 255.
    pub brightness: u32,
    /// Mean absolute difference of neighbours in a row, in 1/256.
    pub sharpness: u32,
}

/// Measures every second row.
pub fn quality(luma: &Grid<u8>, lanes: Lanes) -> Quality {
    lanes.run(
        #[inline(always)]
        || measure(luma),
    )
}

#[inline(always)]
fn measure(luma: &Grid<u8>) -> Quality {
    let (mut sum, mut edges, mut rows) = (0u64, 0u64, 0u64);
    for y in (0..luma.height()).step_by(2) {
        let row = luma.row(y);
        sum += u64::from(row.iter().map(|v| u32::from(*v)).sum::<u32>());
        let pairs = row.iter().zip(row.iter().skip(1));
        edges += u64::from(pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>());
        rows += 1;
    }
    let pixels = (rows * luma.width() as u64).max(1);
    Quality { brightness: (sum / pixels) as u32, sharpness: (edges * 256 / pixels) as u32 }
}
