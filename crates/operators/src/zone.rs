//! An area that a person drew: what is in it, and how far a point is from its edge.
//!
//! Invariants: only `+ - * /`, so that every machine gives the same answer; an area without
//! corners is the whole picture.
//! Units: source pixels; squares of them for distances.

use flumen_base::wire::Zone;

/// A point of the picture.
pub(crate) type Point = (f64, f64);

/// A polygon or a chain of straight pieces in source pixels.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Outline {
    corners: Vec<Point>,
}

impl Outline {
    /// The outline of a zone in a picture of this size.
    pub(crate) fn of(zone: &Zone, (width, height): (u32, u32)) -> Outline {
        let place = |permille: u32, side: u32| f64::from(permille) * f64::from(side) / 1000.0;
        let corner = |c: &flumen_base::wire::privacy_mask::Corner| {
            (place(c.x_permille, width), place(c.y_permille, height))
        };
        Outline { corners: zone.corners.iter().map(corner).collect() }
    }

    /// The straight pieces in the order drawn; of an area the last leads back to the first.
    pub(crate) fn pieces(&self, closed: bool) -> impl Iterator<Item = (Point, Point)> + '_ {
        let from = self.corners.iter().copied();
        let back = self.corners.first().copied().filter(|_| closed);
        from.zip(self.corners.iter().copied().skip(1).chain(back))
    }

    /// True when the area holds the point (even-odd rule).
    pub(crate) fn holds(&self, (x, y): Point) -> bool {
        if self.corners.is_empty() {
            return true;
        }
        let crosses = |&((x1, y1), (x2, y2)): &(Point, Point)| {
            (y1 > y) != (y2 > y) && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1
        };
        self.pieces(true).filter(crosses).count() % 2 == 1
    }

    /// Square of the distance to the nearest piece; endless where there is none.
    pub(crate) fn away(&self, point: Point, closed: bool) -> f64 {
        self.pieces(closed).map(|(a, b)| to_piece(point, a, b)).fold(f64::INFINITY, f64::min)
    }
}

/// Square of the distance of a point to a straight piece.
fn to_piece((x, y): Point, (x1, y1): Point, (x2, y2): Point) -> f64 {
    let (dx, dy) = (x2 - x1, y2 - y1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { ((x - x1) * dx + (y - y1) * dy) / length } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    let (px, py) = (x1 + along * dx - x, y1 + along * dy - y);
    px * px + py * py
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_base::wire::privacy_mask::Corner;
    use proptest::prelude::*;

    fn outline(corners: &[(u32, u32)]) -> Outline {
        let corner = |&(x, y): &(u32, u32)| Corner { x_permille: x, y_permille: y };
        let zone = Zone { corners: corners.iter().map(corner).collect(), ..Zone::default() };
        Outline::of(&zone, (1000, 1000))
    }

    #[test]
    fn inside_outside_and_how_far() {
        // A notch is cut into the right side.
        let area = outline(&[(100, 100), (900, 100), (500, 500), (900, 900), (100, 900)]);
        for (point, inside) in
            [((200.0, 500.0), true), ((700.0, 500.0), false), ((700.0, 150.0), true)]
        {
            assert_eq!(area.holds(point), inside, "{point:?}");
        }
        assert_eq!(area.away((200.0, 500.0), true), 100.0 * 100.0);
        assert_eq!(area.away((100.0, 1000.0), true), 100.0 * 100.0);
        assert!(Outline::default().holds((5.0, 5.0)), "no corners: the whole picture");
        assert_eq!(Outline::default().away((5.0, 5.0), true), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn what_is_outside_all_corners_is_outside(
            corners in proptest::collection::vec((200..800u32, 200..800u32), 3..64),
            x in 0..199u32,
            y in 0..1000u32,
        ) {
            let area = outline(&corners);
            prop_assert!(!area.holds((f64::from(x), f64::from(y))));
            prop_assert!(area.away((f64::from(x), f64::from(y)), true) >= 1.0);
        }
    }
}
