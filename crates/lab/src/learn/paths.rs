//! Usual paths that are told against those that are there.
//!
//! Invariants: a path may be told in part: places may be missing, none may be out of order.

use serde::Serialize;

use super::read::{TruePath, Truth};

/// The share of a true path's places that what is told of it must have.
const ENOUGH: f64 = 0.6;
/// The share of visits from which on a path is usual.
const USUAL: f64 = 0.1;

/// How good a method is at paths.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PathScore {
    /// Usual paths.
    pub usual: usize,
    /// Of them found.
    pub found: usize,
    /// Told.
    pub told: usize,
    /// Of them right.
    pub right: usize,
    /// Share of the usual ones that is found.
    pub recall: f64,
    /// Share of the told ones that is right.
    pub precision: f64,
}

/// The length of the longest common subsequence.
fn common(a: &[u32], b: &[u32]) -> usize {
    let mut row = vec![0usize; b.len() + 1];
    for x in a {
        let mut before = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(0);
            let left = row.get(j).copied().unwrap_or(0);
            let value = if x == y { before + 1 } else { above.max(left) };
            before = above;
            row.get_mut(j + 1).into_iter().for_each(|cell| *cell = value);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Scores the paths that a method tells.
pub(crate) fn score(truth: &Truth, told: &[TruePath]) -> PathScore {
    let told: Vec<&TruePath> = told.iter().filter(|p| p.places.len() >= 2).collect();
    let usual: Vec<&TruePath> =
        truth.paths.iter().filter(|p| p.share >= USUAL && p.places.len() >= 2).collect();
    let alike = |a: &TruePath, b: &TruePath| a.camera == b.camera;
    let found = usual.iter().filter(|path| {
        let near = |t: &&&TruePath| {
            let same = common(&path.places, &t.places);
            alike(path, t)
                && same as f64 >= ENOUGH * path.places.len() as f64
                && same == t.places.len()
        };
        told.iter().find(near).is_some()
    });
    // What is told may be a part of any path, also of one that few take.
    let right = told.iter().filter(|t| {
        let part = |p: &&TruePath| alike(p, t) && common(&p.places, &t.places) == t.places.len();
        truth.paths.iter().find(part).is_some()
    });
    let (found, right) = (found.count(), right.count());
    PathScore {
        usual: usual.len(),
        found,
        told: told.len(),
        right,
        recall: found as f64 / usual.len().max(1) as f64,
        precision: right as f64 / told.len().max(1) as f64,
    }
}
