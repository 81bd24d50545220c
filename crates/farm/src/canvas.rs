//! A picture in the making, and who is where in it.
//!
//! Invariants: planes are 4:2:0 without padding; `owner` names the nearest actor that covers
//! half a pixel, 0 is nobody.

use crate::math::V3;

/// A picture and its truth, reused from frame to frame.
#[derive(Default)]
pub(crate) struct Canvas {
    pub width: usize,
    pub height: usize,
    pub y: Vec<u8>,
    pub u: Vec<u8>,
    pub v: Vec<u8>,
    /// Who covers most of the pixel.
    pub owner: Vec<u16>,
    /// How much of the pixel is covered by anyone, 0 to 255.
    pub cover: Vec<u8>,
    /// True where an actor takes light away or is mirrored.
    pub shadow: Vec<bool>,
    /// Pixels that something on the lens hides.
    pub hidden: Vec<usize>,
    /// How far each pixel sees while leaves move; empty when nothing moves.
    pub depth: Vec<f32>,
    pub sun: Vec<u8>,
    pub blot: Vec<u8>,
}

/// Four pixels that share their chroma.
#[derive(Default)]
pub(crate) struct Quad {
    colour: [V3; 4],
    cover: [f32; 4],
}

impl Quad {
    pub fn set(&mut self, k: usize, colour: V3, cover: f32) {
        if let (Some(c), Some(s)) = (self.colour.get_mut(k), self.cover.get_mut(k)) {
            (*c, *s) = (colour, cover);
        }
    }
}

impl Canvas {
    pub fn put(&mut self, x: usize, y: usize, quad: &Quad) {
        let total: f32 = quad.cover.iter().sum();
        if total == 0.0 {
            return;
        }
        let mut chroma = V3::default();
        for (k, (colour, cover)) in quad.colour.iter().zip(quad.cover).enumerate() {
            toward(self.y.get_mut((y + k / 2) * self.width + x + k % 2), colour.x, cover);
            chroma = chroma + *colour * (cover / total);
        }
        let i = y / 2 * (self.width / 2) + x / 2;
        toward(self.u.get_mut(i), chroma.y, total / 4.0);
        toward(self.v.get_mut(i), chroma.z, total / 4.0);
    }

    pub fn claim(&mut self, i: usize, id: u16, cover: f32) {
        if let (Some(owner), Some(covered)) = (self.owner.get_mut(i), self.cover.get_mut(i)) {
            if cover >= 0.5 || *covered == 0 {
                *owner = id;
            }
            let open = (1.0 - f32::from(*covered) / 255.0) * (1.0 - cover);
            *covered = ((1.0 - open) * 255.0) as u8;
        }
    }

    pub fn darken(&mut self, i: usize, keep: f32) {
        if let Some(y) = self.y.get_mut(i) {
            *y = (16.0 + (f32::from(*y) - 16.0) * keep) as u8;
        }
        if let Some(shadow) = self.shadow.get_mut(i) {
            *shadow |= keep < 0.8;
        }
        let (x, y) = (i % self.width, i / self.width);
        if x % 2 == 0 && y % 2 == 0 {
            let c = y / 2 * (self.width / 2) + x / 2;
            toward(self.u.get_mut(c), 128.0, 1.0 - keep);
            toward(self.v.get_mut(c), 128.0, 1.0 - keep);
        }
    }
}

fn toward(sample: Option<&mut u8>, value: f32, share: f32) {
    if let Some(s) = sample {
        *s = (f32::from(*s) * (1.0 - share) + value * share + 0.5) as u8;
    }
}

/// A sample `share`/255 of the way.
pub(crate) fn blend(from: u8, to: u8, share: u8) -> u8 {
    let (a, b, s) = (u16::from(from), u16::from(to), u16::from(share) + u16::from(share >> 7));
    ((a * (256 - s) + b * s + 128) >> 8) as u8
}

/// Empties and fills again.
pub(crate) fn refill<T: Copy>(of: &mut Vec<T>, length: usize, value: T) {
    of.clear();
    of.resize(length, value);
}

/// Luma at full size, both chroma planes at half size.
pub(crate) fn planes(pixels: &[V3], width: usize) -> [Vec<u8>; 3] {
    let luma = pixels.iter().map(|p| (p.x + 0.5) as u8).collect();
    let (mut u, mut v) = (Vec::new(), Vec::new());
    for rows in pixels.chunks_exact(width * 2) {
        let (top, bottom) = rows.split_at(width);
        for (a, b) in top.chunks_exact(2).zip(bottom.chunks_exact(2)) {
            let sum = a.iter().chain(b).fold(V3::default(), |s, p| s + *p) * 0.25;
            u.push((sum.y + 0.5) as u8);
            v.push((sum.z + 0.5) as u8);
        }
    }
    [luma, u, v]
}
