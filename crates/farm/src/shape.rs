//! The solids everything is built of, and where a ray meets them.
//!
//! Invariants: directions of rays have length 1; a hit lies in front of the ray's origin
//! and its normal looks outwards.
//! Source: the usual closed forms; capsule after I. Quilez, "intersectors".

use crate::math::{V3, all, v};

/// A half line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ray {
    pub from: V3,
    pub to: V3,
}

impl Ray {
    pub fn at(&self, t: f32) -> V3 {
        self.from + self.to * t
    }
}

/// Where a ray enters a solid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub t: f32,
    pub normal: V3,
}

/// A solid in the coordinates of its body.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// An ellipsoid: centre and radii.
    Egg(V3, V3),
    /// A rod with round ends: from, to, radius.
    Limb(V3, V3, f32),
    /// Lowest and highest corner.
    Block(V3, V3),
    /// What lies behind all planes (normal, distance); its lowest and highest corner.
    Hull(Vec<(V3, f32)>, V3, V3),
    /// A disc that rolls along z: centre, radius, half its width along x.
    Wheel(V3, f32, f32),
    /// An upright cylinder: centre of its foot, radius, height.
    Post(V3, f32, f32),
}

impl Shape {
    /// Lowest and highest corner.
    pub fn bounds(&self) -> (V3, V3) {
        match self {
            Shape::Egg(c, r) => (*c - *r, *c + *r),
            Shape::Limb(a, b, r) => (a.min(*b) - all(*r), a.max(*b) + all(*r)),
            Shape::Block(low, high) | Shape::Hull(_, low, high) => (*low, *high),
            Shape::Wheel(c, r, w) => (*c - v(*w, *r, *r), *c + v(*w, *r, *r)),
            Shape::Post(c, r, h) => (*c - v(*r, 0.0, *r), *c + v(*r, *h, *r)),
        }
    }

    /// The same solid elsewhere.
    pub fn moved(self, by: V3) -> Shape {
        match self {
            Shape::Egg(c, r) => Shape::Egg(c + by, r),
            Shape::Limb(a, b, r) => Shape::Limb(a + by, b + by, r),
            Shape::Block(low, high) => Shape::Block(low + by, high + by),
            Shape::Hull(planes, low, high) => Shape::Hull(
                planes.into_iter().map(|(n, d)| (n, d + n.dot(by))).collect(),
                low + by,
                high + by,
            ),
            Shape::Wheel(c, r, w) => Shape::Wheel(c + by, r, w),
            Shape::Post(c, r, h) => Shape::Post(c + by, r, h),
        }
    }

    /// Where `ray` enters nearer than `limit`.
    pub fn hit(&self, ray: &Ray, limit: f32) -> Option<Hit> {
        let hit = match self {
            Shape::Egg(c, r) => egg(ray, *c, *r),
            Shape::Limb(a, b, r) => limb(ray, *a, *b, *r),
            Shape::Block(low, high) => block(ray, *low, *high),
            Shape::Hull(planes, _, _) => hull(ray, planes),
            Shape::Wheel(c, r, w) => {
                // The same cylinder with x and y changed round.
                let swap = |p: V3| v(p.y, p.x, p.z);
                let turned = Ray { from: swap(ray.from), to: swap(ray.to) };
                post(&turned, swap(*c) - v(0.0, *w, 0.0), *r, 2.0 * w)
                    .map(|h| Hit { normal: swap(h.normal), ..h })
            }
            Shape::Post(c, r, h) => post(ray, *c, *r, *h),
        }?;
        (hit.t > 1e-3 && hit.t < limit).then_some(hit)
    }
}

/// True when the ray passes through the block nearer than `limit`.
pub(crate) fn crosses(ray: &Ray, inverse: V3, low: V3, high: V3, limit: f32) -> bool {
    let (a, b) = ((low - ray.from) * inverse, (high - ray.from) * inverse);
    let (near, far) = (a.min(b), a.max(b));
    let enter = near.x.max(near.y).max(near.z).max(0.0);
    let leave = far.x.min(far.y).min(far.z).min(limit);
    enter <= leave
}

/// One over each component, finite.
pub(crate) fn inverse(d: V3) -> V3 {
    let one = |x: f32| 1.0 / if x.abs() < 1e-7 { 1e-7 } else { x };
    v(one(d.x), one(d.y), one(d.z))
}

fn egg(ray: &Ray, c: V3, r: V3) -> Option<Hit> {
    let k = v(1.0 / r.x, 1.0 / r.y, 1.0 / r.z);
    let (o, d) = ((ray.from - c) * k, ray.to * k);
    let (a, b, q) = (d.dot(d), o.dot(d), o.dot(o) - 1.0);
    let h = b * b - a * q;
    if h < 0.0 {
        return None;
    }
    let t = (-b - h.sqrt()) / a;
    Some(Hit { t, normal: ((o + d * t) * k).unit() })
}

fn limb(ray: &Ray, a: V3, b: V3, r: f32) -> Option<Hit> {
    let (ba, oa) = (b - a, ray.from - a);
    let (baba, bard, baoa) = (ba.dot(ba).max(1e-9), ba.dot(ray.to), ba.dot(oa));
    let (rdoa, oaoa) = (ray.to.dot(oa), oa.dot(oa));
    let qa = baba - bard * bard;
    let qb = baba * rdoa - baoa * bard;
    let qc = baba * oaoa - baoa * baoa - r * r * baba;
    let h = qb * qb - qa * qc;
    if h < 0.0 {
        return None;
    }
    if qa > 1e-9 {
        let t = (-qb - h.sqrt()) / qa;
        let y = baoa + t * bard;
        if y > 0.0 && y < baba {
            let normal = (oa + ray.to * t - ba * (y / baba)) * (1.0 / r);
            return Some(Hit { t, normal });
        }
        let end = if y <= 0.0 { a } else { b };
        return egg(ray, end, all(r));
    }
    egg(ray, a, all(r))
}

fn block(ray: &Ray, low: V3, high: V3) -> Option<Hit> {
    let k = inverse(ray.to);
    let (a, b) = ((low - ray.from) * k, (high - ray.from) * k);
    let (near, far) = (a.min(b), a.max(b));
    let t = near.x.max(near.y).max(near.z);
    if t > far.x.min(far.y).min(far.z) {
        return None;
    }
    let normal = if t == near.x {
        v(-ray.to.x.signum(), 0.0, 0.0)
    } else if t == near.y {
        v(0.0, -ray.to.y.signum(), 0.0)
    } else {
        v(0.0, 0.0, -ray.to.z.signum())
    };
    Some(Hit { t, normal })
}

fn hull(ray: &Ray, planes: &[(V3, f32)]) -> Option<Hit> {
    let (mut enter, mut leave, mut normal) = (f32::MIN, f32::MAX, V3::default());
    for (n, distance) in planes {
        let (speed, gap) = (n.dot(ray.to), distance - n.dot(ray.from));
        if speed.abs() < 1e-8 {
            if gap < 0.0 {
                return None;
            }
            continue;
        }
        let t = gap / speed;
        if speed < 0.0 {
            if t > enter {
                (enter, normal) = (t, *n);
            }
        } else {
            leave = leave.min(t);
        }
        if enter > leave {
            return None;
        }
    }
    (enter > f32::MIN).then_some(Hit { t: enter, normal })
}

fn post(ray: &Ray, c: V3, r: f32, height: f32) -> Option<Hit> {
    let (o, d) = (ray.from - c, ray.to);
    let (a, b, q) = (d.x * d.x + d.z * d.z, o.x * d.x + o.z * d.z, o.x * o.x + o.z * o.z - r * r);
    let h = b * b - a * q;
    if h >= 0.0 && a > 1e-9 {
        let t = (-b - h.sqrt()) / a;
        let y = o.y + t * d.y;
        if (0.0..=height).contains(&y) {
            return Some(Hit { t, normal: v((o.x + t * d.x) / r, 0.0, (o.z + t * d.z) / r) });
        }
    }
    // Through the lid or the foot.
    let (lid, side) = if d.y < 0.0 { (height, 1.0) } else { (0.0, -1.0) };
    if d.y.abs() < 1e-7 {
        return None;
    }
    let t = (lid - o.y) / d.y;
    let (x, z) = (o.x + t * d.x, o.z + t * d.z);
    (x * x + z * z <= r * r).then_some(Hit { t, normal: v(0.0, side, 0.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_solid_is_met_at_its_skin_and_not_beside_it() {
        let ahead = Ray { from: v(0.0, 0.5, -5.0), to: v(0.0, 0.0, 1.0) };
        let planes = vec![
            (v(1.0, 0.0, 0.0), 1.0),
            (v(-1.0, 0.0, 0.0), 1.0),
            (v(0.0, 1.0, 0.0), 1.0),
            (v(0.0, -1.0, 0.0), 1.0),
            (v(0.0, 0.0, 1.0), 1.0),
            (v(0.0, 0.0, -1.0), 1.0),
        ];
        for (shape, t) in [
            (Shape::Egg(v(0.0, 0.5, 0.0), v(2.0, 2.0, 1.0)), 4.0),
            (Shape::Limb(v(-1.0, 0.5, 0.0), v(1.0, 0.5, 0.0), 1.0), 4.0),
            (Shape::Limb(v(0.0, 0.5, 0.0), v(0.0, 0.5, 3.0), 1.0), 4.0),
            (Shape::Block(all(-1.0), all(1.0)), 4.0),
            (Shape::Hull(planes, all(-1.0), all(1.0)), 4.0),
            (Shape::Wheel(v(0.0, 0.5, 0.0), 1.0, 0.2), 4.0),
            (Shape::Post(v(0.0, 0.0, 0.0), 1.0, 1.0), 4.0),
        ] {
            let hit = shape.hit(&ahead, 100.0).unwrap();
            assert!((hit.t - t).abs() < 1e-4 && hit.normal.z < -0.99, "{shape:?} {hit:?}");
            let (low, high) = shape.bounds();
            assert!(crosses(&ahead, inverse(ahead.to), low, high, 100.0));
            let beside = Ray { from: v(0.0, 9.0, -5.0), ..ahead };
            assert!(shape.hit(&beside, 100.0).is_none() && shape.hit(&ahead, 3.0).is_none());
        }
    }
}
