//! A line that a person drew: which way a step goes over it.
//!
//! Invariants: a step and the same step back cancel each other; a step that ends exactly on the
//! line counts for the side on the right, so that no crossing is lost or told twice.
//! Units: source pixels.

use crate::zone::{Outline, Point};

impl Outline {
    /// Crossings of a step from side A (on the left, as drawn) to side B, less those back.
    pub(crate) fn over(&self, from: Point, to: Point) -> i32 {
        self.pieces(false).map(|(a, b)| over(a, b, from, to)).sum()
    }
}

/// 1, 0 or -1 for one straight piece from `a` to `b`.
fn over(a: Point, b: Point, from: Point, to: Point) -> i32 {
    let (before, after) = (right(a, b, from), right(a, b, to));
    // The piece owns its first corner and not its last: a chain is crossed once at a corner.
    let meets = right(from, to, a) != right(from, to, b);
    match (before, after) {
        (false, true) if meets => 1,
        (true, false) if meets => -1,
        _ => 0,
    }
}

/// True when `p` is on the right of who walks from `a` to `b`, or on the line; y points down.
fn right(a: Point, b: Point, p: Point) -> bool {
    (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0) >= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_base::wire::{Zone, privacy_mask::Corner};
    use proptest::prelude::*;

    fn line(corners: &[(u32, u32)]) -> Outline {
        let corner = |&(x, y): &(u32, u32)| Corner { x_permille: x, y_permille: y };
        let zone = Zone { corners: corners.iter().map(corner).collect(), ..Zone::default() };
        Outline::of(&zone, (1000, 1000))
    }

    #[test]
    fn a_is_on_the_left_of_who_walks_along_it() {
        // Drawn upwards: the left of the picture is on the left.
        let up = line(&[(500, 900), (500, 100)]);
        assert_eq!(up.over((300.0, 500.0), (700.0, 500.0)), 1);
        assert_eq!(up.over((700.0, 500.0), (300.0, 500.0)), -1);
        assert_eq!(up.over((300.0, 950.0), (700.0, 950.0)), 0, "past its end");
        assert_eq!(up.over((300.0, 500.0), (499.0, 500.0)), 0, "up to it");
    }

    #[test]
    fn a_bent_line_is_crossed_once_at_its_corner() {
        let bent = line(&[(500, 900), (500, 500), (600, 100)]);
        assert_eq!(bent.over((300.0, 500.0), (700.0, 500.0)).abs(), 1);
    }

    proptest! {
        #[test]
        fn a_walk_that_ends_where_it_began_crosses_an_endless_line_as_often_back(
            steps in proptest::collection::vec((0..1000i32, 0..1000i32), 2..30),
        ) {
            let line = line(&[(500, 0), (500, 1000)]);
            let at = |&(x, y): &(i32, i32)| (f64::from(x), f64::from(y).clamp(1.0, 999.0));
            let mut sum = 0;
            for (i, step) in steps.iter().enumerate() {
                sum += line.over(at(step), at(&steps[(i + 1) % steps.len()]));
            }
            prop_assert_eq!(sum, 0);
        }
    }
}
