//! A decoded picture: planes of 8-bit samples, borrowed from whoever decoded it.
//!
//! Invariants: origin is the top left sample, x grows right, y grows down, rows are
//! `stride` bytes apart and `width` samples long; chroma is 4:2:0, its planes rounded up.
//! Units: samples and bytes are the same here.

/// One plane of 8-bit samples.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    /// Samples, row by row.
    pub data: &'a [u8],
    /// Bytes from one row to the next, at least `width`.
    pub stride: usize,
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl<'a> Plane<'a> {
    /// A plane over `data`, or nothing when `data` is too short or `stride` too small.
    pub fn new(data: &'a [u8], stride: usize, width: usize, height: usize) -> Option<Plane<'a>> {
        let needed = match height {
            0 => 0,
            h => stride.checked_mul(h - 1)?.checked_add(width)?,
        };
        (stride >= width && data.len() >= needed).then_some(Plane { data, stride, width, height })
    }

    /// Row `y`, `width` samples long; empty below the last row.
    pub fn row(&self, y: usize) -> &'a [u8] {
        if y >= self.height {
            return &[];
        }
        self.data.get(y * self.stride..y * self.stride + self.width).unwrap_or(&[])
    }
}

/// A decoded picture in YUV 4:2:0 with its time.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// Brightness at full size.
    pub luma: Plane<'a>,
    /// Blue difference at half size; absent for grey pictures.
    pub u: Option<Plane<'a>>,
    /// Red difference at half size; absent for grey pictures.
    pub v: Option<Plane<'a>>,
    /// Media time.
    pub pts_us: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_never_reads_past_its_data() {
        let data = [0u8; 10];
        assert!(Plane::new(&data, 4, 2, 3).is_some());
        assert!(Plane::new(&data, 4, 3, 3).is_none());
        assert!(Plane::new(&data, 2, 3, 1).is_none());
        assert!(Plane::new(&data, usize::MAX, 1, 3).is_none());
        let plane = Plane::new(&data, 4, 2, 3).expect("fits");
        assert_eq!((plane.row(2).len(), plane.row(3).len()), (2, 0));
    }
}
