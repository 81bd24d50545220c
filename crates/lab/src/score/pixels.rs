//! Pixel scores after the rules of CDnet 2014: 255 is motion, 0 and 50 are not, the rest is not scored.
//!
//! Source: Goyette et al., "Changedetection.net", CVPR workshops 2012; Wang et al. 2014.

use super::Counts;

/// Counts pixels over frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct PixelScorer {
    tp: u64,
    fp: u64,
    missed: u64,
}

impl PixelScorer {
    /// Adds one frame: `truth` in CDnet values, `found` 255 where it moves, both row by row.
    ///
    /// Samples beyond the shorter of the two are not counted.
    pub fn add(&mut self, truth: &[u8], found: &[u8]) {
        for (t, f) in truth.iter().zip(found) {
            match (*t, *f > 127) {
                (255, true) => self.tp += 1,
                (255, false) => self.missed += 1,
                (0 | 50, true) => self.fp += 1,
                _ => (),
            }
        }
    }

    /// The score over all frames.
    pub fn score(&self) -> Counts {
        Counts::new(self.tp, self.fp, self.missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shadow_is_background_and_the_unknown_is_not_scored() {
        let mut scorer = PixelScorer::default();
        scorer.add(&[255, 255, 255, 0, 0, 50, 170, 85], &[255, 255, 0, 255, 0, 255, 255, 255]);
        let score = scorer.score();
        assert_eq!((score.tp, score.fp, score.r#fn), (2, 2, 1));
        assert!((score.f1 - 4.0 / 7.0).abs() < 1e-12);
        assert_eq!(PixelScorer::default().score().f1, 1.0);
    }
}
