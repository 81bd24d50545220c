//! Which pixels of a picture move, held at the reduced size, read at source size.

use crate::bits::Bits;
use crate::reduce::Shape;

/// The moving pixels of one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    bits: Bits,
    shape: Shape,
}

impl Mask {
    /// A mask of reduced pixels over a picture of `shape`.
    pub(crate) fn new(bits: Bits, shape: Shape) -> Mask {
        Mask { bits, shape }
    }

    /// The mask of a picture of this size in which nothing moves.
    pub fn empty(width: usize, height: usize) -> Mask {
        let shape =
            Shape { source_width: width, source_height: height, factor: 1, ..Shape::default() };
        Mask { bits: Bits::new(0, 0), shape }
    }

    /// The reduced pixels, to change.
    pub(crate) fn bits_mut(&mut self) -> &mut Bits {
        &mut self.bits
    }

    /// The reduced pixels.
    pub fn bits(&self) -> &Bits {
        &self.bits
    }

    /// Width of the source picture.
    #[allow(clippy::misnamed_getters)] // seen from outside a mask has the source's size
    pub fn width(&self) -> usize {
        self.shape.source_width
    }

    /// Height of the source picture.
    #[allow(clippy::misnamed_getters)]
    pub fn height(&self) -> usize {
        self.shape.source_height
    }

    /// Writes row `y` of the source picture: 255 where it moves, 0 elsewhere; each source
    /// pixel takes the reduced pixel nearest to it.
    pub fn row(&self, y: usize, out: &mut [u8]) {
        let factor = self.shape.factor;
        let reduced = (y / factor).min(self.bits.height().saturating_sub(1));
        out.fill(0);
        let last = self.bits.width();
        self.bits.runs(reduced, |from, to| {
            let to = if to == last { out.len() } else { (to * factor).min(out.len()) };
            if let Some(run) = out.get_mut(from * factor..to) {
                run.fill(255);
            }
        });
    }
}
