//! One bit a pixel, and what is done to 64 pixels at a time.
//!
//! Invariants: bit `x % 64` of word `x / 64` of a row is column `x`; bits past the width
//! are 0 after each operation.

/// A yes or no for each pixel of a plane.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Bits {
    width: usize,
    height: usize,
    words: usize,
    data: Vec<u64>,
}

impl Bits {
    /// All no.
    pub fn new(width: usize, height: usize) -> Bits {
        let words = width.div_ceil(64).max(1);
        Bits { width, height, words, data: vec![0; words * height] }
    }

    /// Bits that were read back; nothing when their number is wrong.
    pub fn from_words(width: usize, height: usize, data: Vec<u64>) -> Option<Bits> {
        let words = width.div_ceil(64).max(1);
        let mut bits = (words.checked_mul(height)? == data.len()).then_some(Bits {
            width,
            height,
            words,
            data,
        })?;
        bits.trim();
        Some(bits)
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All words, row by row.
    pub fn all(&self) -> &[u64] {
        &self.data
    }

    /// The words of row `y`; empty when there is none.
    pub fn row(&self, y: usize) -> &[u64] {
        self.data.get(y * self.words..(y + 1) * self.words).unwrap_or(&[])
    }

    /// The words of row `y` to change; empty when there is none.
    pub fn row_mut(&mut self, y: usize) -> &mut [u64] {
        self.data.get_mut(y * self.words..(y + 1) * self.words).unwrap_or(&mut [])
    }

    /// The bit at a place; no outside.
    pub fn get(&self, x: usize, y: usize) -> bool {
        x < self.width && self.row(y).get(x / 64).is_some_and(|w| w >> (x % 64) & 1 == 1)
    }

    /// Sets or clears the bit at a place; nothing happens outside.
    pub fn set(&mut self, x: usize, y: usize, on: bool) {
        if x < self.width
            && let Some(w) = self.row_mut(y).get_mut(x / 64)
        {
            let bit = 1 << (x % 64);
            *w = if on { *w | bit } else { *w & !bit };
        }
    }

    /// Clears all.
    pub fn clear(&mut self) {
        self.data.fill(0);
    }

    /// Sets all.
    pub fn fill(&mut self) {
        self.data.fill(u64::MAX);
        self.trim();
    }

    /// How many bits are set.
    pub fn count(&self) -> usize {
        self.data.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Takes the bits of another plane of the same size.
    pub fn copy_from(&mut self, other: &Bits) {
        self.data.clone_from(&other.data);
    }

    /// Sets the bits `from..to` of row `y`.
    pub fn set_run(&mut self, y: usize, from: usize, to: usize) {
        let to = to.min(self.width);
        for (i, w) in self.row_mut(y).iter_mut().enumerate() {
            *w |= span(i, from, to);
        }
    }

    /// Set bits of row `y` in `from..to`.
    pub fn count_run(&self, y: usize, from: usize, to: usize) -> usize {
        let words = self.row(y).get(from / 64..to.div_ceil(64)).unwrap_or(&[]);
        words
            .iter()
            .zip(from / 64..)
            .map(|(w, i)| (w & span(i, from, to)).count_ones() as usize)
            .sum()
    }

    /// Columns of the set bits of row `y`, from the left.
    pub fn columns(&self, y: usize) -> impl Iterator<Item = usize> + '_ {
        self.row(y).iter().enumerate().flat_map(|(i, w)| Ones(*w).map(move |x| i * 64 + x))
    }

    /// The same of the columns `from..to`.
    pub fn columns_in(&self, y: usize, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        self.masked(y, (from, to), 0)
    }

    /// Columns in `from..to` whose bit of row `y` is not set.
    pub fn gaps_in(&self, y: usize, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        self.masked(y, (from, to), u64::MAX)
    }

    fn masked(
        &self,
        y: usize,
        (from, to): (usize, usize),
        flip: u64,
    ) -> impl Iterator<Item = usize> + '_ {
        let words = self.row(y).get(from / 64..to.div_ceil(64)).unwrap_or(&[]).iter();
        words
            .zip(from / 64..)
            .flat_map(move |(w, i)| Ones((w ^ flip) & span(i, from, to)).map(move |x| i * 64 + x))
    }

    /// Calls `f(from, to)` for each run of set bits of row `y`, from the left.
    pub fn runs(&self, y: usize, f: impl FnMut(usize, usize)) {
        word_runs(self.row(y), f);
    }

    /// All words, row by row, to change; `trim` afterwards.
    pub(crate) fn all_words_mut(&mut self) -> &mut [u64] {
        &mut self.data
    }

    /// Clears the bits past the width.
    pub(crate) fn trim(&mut self) {
        let last = match self.width % 64 {
            0 if self.width > 0 => u64::MAX,
            n => (1 << n) - 1,
        };
        for row in self.data.chunks_exact_mut(self.words) {
            if let Some(w) = row.last_mut() {
                *w &= last;
            }
        }
    }

    /// Sets `self` to `join(above, here, below)` of what `row` makes of each pixel of `from`
    /// with its left and right neighbours; outside the plane all is `edge`.
    pub fn around<T: Copy>(
        &mut self,
        from: &Bits,
        edge: bool,
        row: impl Fn(Sides) -> T,
        join: impl Fn([T; 3]) -> u64,
    ) {
        let out = if edge { u64::MAX } else { 0 };
        let past = match from.width % 64 {
            0 => 0,
            n if edge => !((1 << n) - 1),
            _ => 0,
        };
        // Down each column of words, so that each row is looked at once.
        for i in 0..from.words {
            let sides = |y: usize| row(Sides::of(from.row(y), i, from.words, out, past));
            let (mut above, mut here) = (row(Sides::all_of(out)), sides(0));
            for y in 0..from.height {
                let below = sides(y + 1);
                if let Some(o) = self.data.get_mut(y * self.words + i) {
                    *o = join([above, here, below]);
                }
                (above, here) = (here, below);
            }
        }
        self.trim();
    }
}

/// 64 pixels of a row with the pixels to their left and to their right.
#[derive(Clone, Copy)]
pub struct Sides {
    /// The pixel to the left of each.
    pub left: u64,
    /// The pixels.
    pub here: u64,
    /// The pixel to the right of each.
    pub right: u64,
}

impl Sides {
    fn all_of(word: u64) -> Sides {
        Sides { left: word, here: word, right: word }
    }

    #[inline(always)]
    fn of(row: &[u64], i: usize, words: usize, out: u64, past: u64) -> Sides {
        let word = |i: usize| match row.get(i) {
            Some(w) if i + 1 == words => w | past,
            Some(w) => *w,
            None => out,
        };
        let here = word(i);
        let before = if i == 0 { out } else { word(i - 1) };
        Sides { left: here << 1 | before >> 63, here, right: here >> 1 | word(i + 1) << 63 }
    }

    /// Any of the three.
    pub fn any(self) -> u64 {
        self.left | self.here | self.right
    }

    /// All three.
    pub fn all(self) -> u64 {
        self.left & self.here & self.right
    }
}

/// Positions of the set bits of a word, lowest first.
pub struct Ones(pub u64);

impl Iterator for Ones {
    type Item = usize;
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let at = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(at)
    }
}

/// The bits of word `i` that lie in columns `from..to`.
fn span(i: usize, from: usize, to: usize) -> u64 {
    let low = from.saturating_sub(i * 64).min(64);
    let high = to.saturating_sub(i * 64).min(64);
    let below = |n: usize| if n >= 64 { u64::MAX } else { (1 << n) - 1 };
    below(high) & !below(low)
}

/// Calls `f(from, to)` for each run of set bits.
fn word_runs(row: &[u64], mut f: impl FnMut(usize, usize)) {
    let mut open: Option<usize> = None;
    for (i, word) in row.iter().enumerate() {
        let (mut rest, mut at) = (*word, i * 64);
        if rest == 0 {
            if let Some(from) = open.take() {
                f(from, at);
            }
            continue;
        }
        let end = at + 64;
        while at < end {
            let zeros =
                if open.is_some() { (!rest).trailing_zeros() } else { rest.trailing_zeros() };
            let step = (zeros as usize).min(end - at);
            at += step;
            rest = if step >= 64 { 0 } else { rest >> step };
            if at == end {
                break;
            }
            match open.take() {
                Some(from) => f(from, at),
                None => open = Some(at),
            }
        }
    }
    if let Some(from) = open {
        f(from, row.len() * 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(width: usize, height: usize) -> Bits {
        let mut bits = Bits::new(width, height);
        for y in 0..height {
            for x in 0..width {
                bits.set(x, y, (x * 7 + y * 13 + x * y) % 5 < 2);
            }
        }
        bits
    }

    #[test]
    fn runs_columns_and_counts_agree() {
        for width in [1, 5, 63, 64, 65, 127, 128, 200] {
            let bits = sample(width, 9);
            let mut total = 0;
            for y in 0..9 {
                let mut again = Bits::new(width, 9);
                bits.runs(y, |from, to| again.set_run(y, from, to));
                assert_eq!(bits.row(y), again.row(y), "width {width} row {y}");
                assert_eq!(bits.columns(y).count(), bits.count_run(y, 0, width));
                total += bits.count_run(y, 0, width);
            }
            assert_eq!(total, bits.count());
        }
    }

    #[test]
    fn full_rows_are_one_run() {
        let mut bits = Bits::new(130, 2);
        bits.fill();
        let mut runs = Vec::new();
        bits.runs(1, |a, b| runs.push((a, b)));
        assert_eq!(runs, [(0, 130)]);
        assert_eq!(bits.count(), 260);
    }

    #[test]
    fn neighbours_are_those_of_the_plane() {
        let from = sample(70, 6);
        for edge in [false, true] {
            let mut any = Bits::new(70, 6);
            any.around(&from, edge, Sides::any, |[a, b, c]| a | b | c);
            for y in 0..6i32 {
                for x in 0..70i32 {
                    let expect = (-1..=1).any(|dy| {
                        (-1..=1).any(|dx| {
                            let (x, y) = (x + dx, y + dy);
                            let inside = (0..70).contains(&x) && (0..6).contains(&y);
                            if inside { from.get(x as usize, y as usize) } else { edge }
                        })
                    });
                    assert_eq!(any.get(x as usize, y as usize), expect, "{x},{y} {edge}");
                }
            }
        }
    }
}
