//! Bicycles; their riders are people in the pose `Ride`.
//!
//! Units: metres; z is forward, the origin lies on the ground below the crank.

use crate::body::{At, Look, Part, Skin};
use crate::math::{V3, all, v};
use crate::shape::Shape;

/// The parts of a bicycle.
pub(crate) fn bicycle(paint: V3) -> Vec<Part> {
    let frame = Skin::plain(paint);
    let dark = Skin::plain(all(0.02));
    let mut parts = Vec::with_capacity(10);
    for z in [-0.5, 0.55] {
        parts.push(Part::new(Shape::Wheel(v(0.0, 0.34, z), 0.34, 0.02), Skin::new(rim, all(0.02))));
    }
    let (crank, saddle, head, rear, front) = (
        v(0.0, 0.3, 0.0),
        v(0.0, 0.9, -0.18),
        v(0.0, 0.9, 0.42),
        v(0.0, 0.34, -0.5),
        v(0.0, 0.34, 0.55),
    );
    for (a, b) in [
        (crank, saddle),
        (crank, head),
        (saddle, head),
        (rear, saddle),
        (rear, crank),
        (head, front),
    ] {
        parts.push(Part::new(Shape::Limb(a, b, 0.022), frame.clone()));
    }
    parts.push(Part::new(
        Shape::Limb(head + v(-0.24, 0.12, 0.02), head + v(0.24, 0.12, 0.02), 0.02),
        dark,
    ));
    parts
}

fn rim(at: &At<'_>) -> Look {
    let middle = (at.skin.low + at.skin.high) * 0.5;
    let (y, z) = (at.p.y - middle.y, at.p.z - middle.z);
    if (y * y + z * z).sqrt() < 0.29 { Look::hole() } else { Look::matt(at.skin.colour) }
}
