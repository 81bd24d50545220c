//! What an actor does to the picture around it: shadow, dark foot, mirror image.
//!
//! Invariants: only light is changed here, and where it is, `shadow` says so.

use crate::body::Body;
use crate::camera::Area;
use crate::canvas::{Canvas, Quad};
use crate::compose::Stage;
use crate::math::v;
use crate::shape::Ray;
use crate::world::{FAR, mirror_share};

impl Stage {
    /// Takes the sun away where the body stands before it.
    pub(crate) fn shadow(&self, body: &Body, out: &mut Canvas) {
        let sun_at = self.world.light.sun_at;
        let mut places = body.corners(body.low, body.high).to_vec();
        for i in 0..8 {
            if let Some(top) = places.get(i).copied() {
                places.push(top - sun_at * (top.y.max(0.0) / sun_at.y.max(0.15)));
            }
        }
        let Some(area) = Area::around(&self.world.camera, &places, (self.width, self.height))
        else {
            return;
        };
        let wide = area.right - area.left;
        out.blot.clear();
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let i = y * self.width + x;
                let hidden = self.sunlit.get(i).copied().unwrap_or(false)
                    && self
                        .place(i)
                        .is_some_and(|p| body.blocks(&Ray { from: p, to: sun_at }, FAR));
                out.blot.push(u8::from(hidden));
            }
        }
        // Soft edges: the mean over 3x3.
        let blot = &out.blot;
        let at = |x: usize, y: usize| u32::from(blot.get(y * wide + x).copied().unwrap_or(0));
        for y in 1..(area.bottom - area.top).saturating_sub(1) {
            for x in 1..wide.saturating_sub(1) {
                let sum: u32 = (0..9).map(|k| at(x + k % 3 - 1, y + k / 3 - 1)).sum();
                if sum == 0 {
                    continue;
                }
                let i = (area.top + y) * self.width + area.left + x;
                if let (Some(sun), Some(shadow)) = (out.sun.get_mut(i), out.shadow.get_mut(i)) {
                    *sun = (u32::from(*sun) * (9 - sum) / 9) as u8;
                    *shadow |= sum >= 4;
                }
            }
        }
    }

    /// Darkens the ground close around the body's foot.
    pub(crate) fn ground_contact(&self, body: &Body, out: &mut Canvas) {
        let (low, high) = (body.low, body.high);
        let reach = (0.16 * (high.y - low.y)).clamp(0.2, 0.6);
        let around = v(reach, 0.0, reach) * 1.6;
        let foot = body.corners(low - around, v(high.x, low.y + 0.05, high.z) + around);
        let Some(area) = Area::around(&self.world.camera, &foot, (self.width, self.height)) else {
            return;
        };
        let (middle, half) = ((low + high) * 0.5, (high - low) * 0.42);
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let i = y * self.width + x;
                let Some(p) = self.place(i).filter(|p| (p.y - body.at.y - low.y).abs() < 0.12)
                else {
                    continue;
                };
                let q = body.inward(&Ray { from: p, to: v(0.0, 1.0, 0.0) }).from - middle;
                let (dx, dz) = ((q.x.abs() - half.x).max(0.0), (q.z.abs() - half.z).max(0.0));
                let keep = 1.0 - 0.38 * (-(dx * dx + dz * dz) / (reach * reach)).exp();
                if keep < 0.99 {
                    out.darken(i, keep);
                }
            }
        }
    }

    /// The body's image in the floor.
    pub(crate) fn reflect(&self, body: &Body, sun: f32, out: &mut Canvas) {
        let corners = body.corners(body.low, body.high).map(|p| v(p.x, -p.y, p.z));
        let Some(area) = Area::around(&self.world.camera, &corners, (self.width, self.height))
        else {
            return;
        };
        let lit = self.sun_on(body) * sun;
        for y in (area.top..area.bottom).step_by(2) {
            for x in (area.left..area.right).step_by(2) {
                let mut quad = Quad::default();
                for k in 0..4 {
                    let (px, py) = (x + k % 2, y + k / 2);
                    let i = py * self.width + px;
                    if !self.mirror.get(i).copied().unwrap_or(false) {
                        continue;
                    }
                    let Some(from) = self.place(i) else { continue };
                    let to = self.world.camera.ray(px as f32 + 0.5, py as f32 + 0.5).to;
                    let mirrored = Ray { from, to: to.mirrored(v(0.0, 1.0, 0.0)) };
                    let Some(met) = body.meet(&mirrored, FAR) else { continue };
                    let seen = self.world.light.shade(&met.look, met.normal, mirrored.to, 0.8);
                    let share = mirror_share(self.world.mirror, -to.y) * 0.9;
                    quad.set(k, self.tone.yuv(seen.still + seen.sun * lit), share);
                    if share > 0.12 {
                        out.shadow.get_mut(i).into_iter().for_each(|s| *s = true);
                    }
                }
                out.put(x, y, &quad);
            }
        }
    }
}
