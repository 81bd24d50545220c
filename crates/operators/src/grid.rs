//! A plane of values that this crate owns.
//!
//! Invariants: `data` holds exactly `width * height` values, row by row, no gaps.

/// Values by row and column.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Grid<T> {
    width: usize,
    height: usize,
    data: Vec<T>,
}

impl<T: Copy + Default> Grid<T> {
    /// A grid that holds `value` everywhere.
    pub fn new(width: usize, height: usize, value: T) -> Grid<T> {
        Grid { width, height, data: vec![value; width * height] }
    }

    /// A grid over values that were read back; nothing when their number is wrong.
    pub fn from_vec(width: usize, height: usize, data: Vec<T>) -> Option<Grid<T>> {
        (width.checked_mul(height)? == data.len()).then_some(Grid { width, height, data })
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All values, row by row.
    pub fn all(&self) -> &[T] {
        &self.data
    }

    /// All values, row by row, to change.
    pub fn all_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// Row `y`; empty when there is none.
    pub fn row(&self, y: usize) -> &[T] {
        self.data.get(y * self.width..(y + 1) * self.width).unwrap_or(&[])
    }

    /// Row `y` to change; empty when there is none.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        self.data.get_mut(y * self.width..(y + 1) * self.width).unwrap_or(&mut [])
    }

    /// The value at a place, the nearest one inside when it lies outside.
    pub fn at(&self, x: usize, y: usize) -> T {
        let (x, y) = (x.min(self.width.saturating_sub(1)), y.min(self.height.saturating_sub(1)));
        self.data.get(y * self.width + x).copied().unwrap_or_default()
    }

    /// Changes the value at a place; nothing happens outside.
    pub fn set(&mut self, x: usize, y: usize, value: T) {
        if x < self.width
            && let Some(v) = self.data.get_mut(y * self.width + x)
        {
            *v = value;
        }
    }
}

/// A run of a row and its neighbours to the left, to the right, above and below, each the
/// nearest one inside at the plane's edge. The five are equally long.
pub struct Around<'a> {
    left: &'a [u8],
    right: &'a [u8],
    above: &'a [u8],
    below: &'a [u8],
}

impl Around<'_> {
    /// Horizontal and vertical central differences of the run's pixels.
    #[inline(always)]
    pub fn gradients(&self) -> impl Iterator<Item = (i32, i32)> + '_ {
        let across = self.left.iter().zip(self.right);
        let along = self.above.iter().zip(self.below);
        let minus = |(a, b): (&u8, &u8)| i32::from(*b) - i32::from(*a);
        across.zip(along).map(move |(x, y)| (minus(x), minus(y)))
    }
}

impl Grid<u8> {
    /// Columns `from..to` of row `y` with what is around them; nothing when they touch the left
    /// or right edge.
    #[inline(always)]
    pub fn around(&self, y: usize, from: usize, to: usize) -> Option<Around<'_>> {
        let row = self.row(y);
        let (above, below) =
            (self.row(y.saturating_sub(1)), self.row((y + 1).min(self.height - 1)));
        Some(Around {
            left: row.get(from.checked_sub(1)?..to.checked_sub(1)?)?,
            right: row.get(from + 1..to + 1)?,
            above: above.get(from..to)?,
            below: below.get(from..to)?,
        })
    }

    /// Horizontal and vertical central difference at a place.
    pub fn gradient(&self, x: usize, y: usize) -> (i32, i32) {
        let v = |x, y| i32::from(self.at(x, y));
        (v(x + 1, y) - v(x.saturating_sub(1), y), v(x, y + 1) - v(x, y.saturating_sub(1)))
    }
}
