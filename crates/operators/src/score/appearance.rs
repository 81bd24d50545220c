//! How far a minute's look is from the camera's usual ones.
//!
//! Spec: docs/ref/models.md, `appearance`.
//! Source: eigenpictures: Turk and Pentland, "Eigenfaces for recognition", 1991.

use flumen_base::wire::{self, Minute};

/// Parts of a look.
const LOOKS: usize = 32;
/// Most directions of a card.
const MOST: usize = 16;
/// Good windows that a minute needs, and the least deviation of a look in luma.
const SEEN: u32 = 10;
const LEAST_DEVIATION: f64 = 8.0;

/// A mean look and the directions in which it varies.
#[derive(Clone, Debug, PartialEq)]
pub struct Appearance {
    mean: [f64; LOOKS],
    directions: Vec<[f64; LOOKS]>,
}

impl Appearance {
    /// The look of a card; nothing when it does not fit.
    #[must_use]
    pub fn of(record: &wire::Appearance) -> Option<Appearance> {
        let (directions, rest) = record.directions.as_chunks::<LOOKS>();
        let fits = rest.is_empty() && directions.len() <= MOST;
        let mean = record.mean.as_slice().try_into().ok()?;
        fits.then(|| Appearance { mean, directions: directions.to_vec() })
    }

    /// A minute's look, free of brightness and contrast; nothing when it saw too little.
    #[must_use]
    pub fn look(minute: &Minute) -> Option<[f64; LOOKS]> {
        let look: [f64; LOOKS] = minute.look.as_slice().try_into().ok()?;
        let mean = look.iter().sum::<f64>() / LOOKS as f64;
        let square = look.iter().fold(0.0, |sum, v| sum + (v - mean) * (v - mean));
        let deviation = (square / LOOKS as f64).sqrt().max(LEAST_DEVIATION);
        (minute.seen >= SEEN).then(|| look.map(|v| (v - mean) / deviation))
    }

    /// What of a minute's look the directions do not explain; 0 when it saw too little.
    #[must_use]
    pub fn score(&self, minute: &Minute) -> f64 {
        let Some(mut rest) = Self::look(minute) else { return 0.0 };
        for (rest, mean) in rest.iter_mut().zip(&self.mean) {
            *rest -= mean;
        }
        let whole = rest;
        for direction in &self.directions {
            let along = whole.iter().zip(direction).fold(0.0, |sum, (d, u)| sum + d * u);
            for (rest, u) in rest.iter_mut().zip(direction) {
                *rest -= along * u;
            }
        }
        rest.iter().fold(0.0, |sum, v| sum + v * v) / LOOKS as f64
    }
}
