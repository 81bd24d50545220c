//! What a thing looks like: how often each brightness and colour is among its pixels.
//!
//! Invariants: integers only, 32 bytes; equal pixels give equal bytes.
//! Units: brightness in 8 steps for the upper and the lower half, each chroma in 8 steps; a
//! half's or a plane's bytes sum to at most 255.
//! Source: histograms compared by their common part (Swain and Ballard 1991), by halves of the
//! body as in re-identification of people (Gray and Tao 2008).

use crate::reduce::Small;
use crate::regions::Run;
use crate::state::{Reader, Writer};

/// Bytes of an appearance.
const LENGTH: usize = 32;
/// Steps of each of the four histograms.
const STEPS: usize = 8;
/// Chroma lies near grey: 12 values a step around 128.
const CHROMA_STEP: i32 = 12;

/// Four histograms: brightness above and below the middle, blue and red difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Appearance([u8; LENGTH]);

impl Appearance {
    /// Of the pixels of `runs`, whose middle row is `middle`.
    pub fn of(runs: &[Run], middle: u32, small: &Small) -> Appearance {
        let mut counts = [0u32; LENGTH];
        let mut add = |part: usize, step: usize| {
            if let Some(count) = counts.get_mut(part * STEPS + step.min(STEPS - 1)) {
                *count += 1;
            }
        };
        for run in runs {
            let (y, from, to) = (run.y as usize, run.from as usize, run.to as usize);
            let row = small.luma.row(y).get(from..to).unwrap_or(&[]);
            let half = usize::from(run.y >= middle);
            row.iter().for_each(|v| add(half, usize::from(*v / 32)));
            if y % 2 == 0 {
                let chroma = |v: u8| ((i32::from(v) - 128).div_euclid(CHROMA_STEP) + 4).max(0);
                let (u, v) = (small.u.row(y / 2), small.v.row(y / 2));
                let u = u.get(from / 2..to / 2).unwrap_or(&[]);
                let v = v.get(from / 2..to / 2).unwrap_or(&[]);
                u.iter().for_each(|u| add(2, chroma(*u) as usize));
                v.iter().for_each(|v| add(3, chroma(*v) as usize));
            }
        }
        let mut all = [0; LENGTH];
        for (to, from) in all.chunks_exact_mut(STEPS).zip(counts.chunks_exact(STEPS)) {
            let sum = from.iter().sum::<u32>().max(1);
            to.iter_mut().zip(from).for_each(|(to, from)| *to = (from * 255 / sum) as u8);
        }
        Appearance(all)
    }

    /// How much two have in common, 0 to 1020.
    pub fn common(&self, other: &Appearance) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| u32::from(*a.min(b))).sum()
    }

    /// Moves an eighth of the way to what is seen now.
    pub fn learn(&mut self, now: &Appearance) {
        for (old, new) in self.0.iter_mut().zip(&now.0) {
            let step = (i16::from(*new) - i16::from(*old)) / 8;
            let least = i16::from(*new).cmp(&i16::from(*old)) as i16;
            *old = (i16::from(*old) + if step == 0 { least } else { step }).clamp(0, 255) as u8;
        }
    }

    /// Writes it.
    pub fn save(&self, to: &mut Writer) {
        to.0.extend_from_slice(&self.0);
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Appearance> {
        from.take(LENGTH)?.try_into().ok().map(Appearance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduce::Shape;

    fn seen(luma: u8, red: u8) -> Appearance {
        let mut small = Small::new(&Shape::of(64, 64).unwrap());
        small.luma.all_mut().fill(luma);
        small.u.all_mut().fill(128);
        small.v.all_mut().fill(red);
        let runs: Vec<Run> = (4..24).map(|y| Run { y, from: 8, to: 20 }).collect();
        Appearance::of(&runs, 14, &small)
    }

    #[test]
    fn the_same_is_alike_and_another_colour_is_not() {
        let (a, b, c) = (seen(90, 128), seen(90, 190), seen(200, 190));
        assert_eq!(a.common(&a), 1020);
        assert_eq!((a.common(&b), a.common(&c), b.common(&c)), (765, 255, 510));
    }

    #[test]
    fn learning_arrives() {
        let (mut a, b) = (seen(90, 128), seen(200, 190));
        (0..80).for_each(|_| a.learn(&b));
        assert_eq!(a, b);
    }

    #[test]
    fn what_was_saved_is_read_back() {
        let a = seen(90, 190);
        let mut to = Writer::default();
        a.save(&mut to);
        assert_eq!(Appearance::load(&mut Reader(&to.0)), Some(a));
        assert_eq!(Appearance::load(&mut Reader(&[0; 31])), None);
    }
}
