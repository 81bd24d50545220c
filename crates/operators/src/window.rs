//! One second of a camera as a vector: sums that grow by unit and picture, values at its end.
//!
//! Invariants: all sums are whole numbers, so that order and restarts change nothing; values
//! are one division each.
//! Units: as `window_names`.
//! Not here: which unit and picture belong to which second (`analyzer`).

use crate::grid::Grid;
use crate::measure::{Measures, edge};
use crate::state::{Reader, Writer};
use crate::thing::{Thing, Working};
use crate::window_names::{ACTIVITY, HEADINGS, LOOK, WINDOW_DIMENSIONS};

const CELLS: usize = ACTIVITY.0 * ACTIVITY.1;
const LOOKS: usize = LOOK.0 * LOOK.1;

/// A picture as a window takes it.
#[derive(Clone, Copy)]
pub struct Pictured<'a> {
    /// Width and height of the source.
    pub size: (u32, u32),
    /// What is in sight.
    pub things: &'a [Thing],
    /// Things that no window has heard of.
    pub new: u32,
    /// The working picture.
    pub working: Working<'a>,
    /// Moving share in 1/10,000.
    pub motion_permyriad: u32,
    /// Its measures.
    pub measures: &'a Measures,
    /// Share of the camera's view that is seen, in 1/1000.
    pub kept_permille: u32,
    /// The picture at about 160 wide.
    pub thumb: &'a Grid<u8>,
}

/// An access unit as a window takes it.
#[derive(Clone, Copy, Debug)]
pub struct Weighed {
    /// Its bytes.
    pub bytes: u64,
    /// A key unit.
    pub key: bool,
    /// Time since the unit before arrived.
    pub gap_us: u64,
}

macro_rules! sums {
    ($($name:ident),*) => {
        /// Sums over one second.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Sums {
            activity: [u64; CELLS],
            headings: [u64; HEADINGS],
            look: [u64; LOOKS],
            brightness_least: u64,
            $($name: u64,)*
        }

        impl Default for Sums {
            fn default() -> Sums {
                Sums {
                    activity: [0; CELLS],
                    headings: [0; HEADINGS],
                    look: [0; LOOKS],
                    brightness_least: u64::MAX,
                    $($name: 0,)*
                }
            }
        }

        impl Sums {
            /// Writes them.
            pub fn save(&self, to: &mut Writer) {
                let lists = self.activity.iter().chain(&self.headings).chain(&self.look);
                lists.for_each(|v| to.u64(*v));
                to.u64(self.brightness_least);
                $(to.u64(self.$name);)*
            }

            /// Reads what `save` wrote.
            pub fn load(from: &mut Reader<'_>) -> Option<Sums> {
                let mut sums = Sums::default();
                let lists =
                    sums.activity.iter_mut().chain(&mut sums.headings).chain(&mut sums.look);
                for v in lists {
                    *v = from.u64()?;
                }
                sums.brightness_least = from.u64()?;
                $(sums.$name = from.u64()?;)*
                Some(sums)
            }
        }
    };
}

sums!(
    pictures,
    motion,
    motion_most,
    sights,
    things_most,
    new,
    size,
    size_most,
    height,
    foot_x,
    foot_y,
    speed,
    speed_most,
    dwell_ms,
    dwell_most_ms,
    brightness,
    brightness_most,
    contrast,
    sharpness,
    noise,
    change,
    changed,
    flat,
    kept,
    u,
    v,
    units,
    keys,
    key_bytes,
    other_bytes,
    other_most,
    gap_most_us
);

/// A share of `whole` in millionths.
fn millionths(part: u64, whole: u64) -> u64 {
    part.saturating_mul(1_000_000).checked_div(whole).unwrap_or(0)
}

fn mean(grid: &Grid<u8>) -> u64 {
    // Every eighth row is enough for a mean.
    let rows = (0..grid.height()).step_by(8);
    let sum: u64 = rows
        .clone()
        .map(|y| u64::from(grid.row(y).iter().map(|v| u32::from(*v)).sum::<u32>()))
        .sum();
    (sum * 256).checked_div((rows.count() * grid.width()) as u64).unwrap_or(128 << 8)
}

impl Sums {
    /// Takes an access unit.
    pub fn unit(&mut self, unit: &Weighed) {
        self.units += 1;
        self.gap_most_us = self.gap_most_us.max(unit.gap_us);
        if unit.key {
            self.keys += 1;
            self.key_bytes += unit.bytes;
        } else {
            self.other_bytes += unit.bytes;
            self.other_most = self.other_most.max(unit.bytes);
        }
    }

    /// Takes a picture.
    pub fn picture(&mut self, p: &Pictured<'_>) {
        self.pictures += 1;
        let motion = u64::from(p.motion_permyriad);
        self.motion += motion;
        self.motion_most = self.motion_most.max(motion);
        self.things_most = self.things_most.max(p.things.len() as u64);
        self.new += u64::from(p.new);
        p.things.iter().for_each(|thing| self.thing(thing, p.size));
        let m = p.measures;
        let bright = u64::from(m.brightness);
        self.brightness += bright;
        self.brightness_least = self.brightness_least.min(bright);
        self.brightness_most = self.brightness_most.max(bright);
        self.contrast += u64::from(m.contrast);
        self.sharpness += u64::from(m.sharpness);
        self.noise += u64::from(m.noise);
        self.change += u64::from(m.change);
        self.changed += u64::from(m.changed);
        self.flat += u64::from(m.flat);
        self.kept += u64::from(p.kept_permille);
        self.u += mean(p.working.u);
        self.v += mean(p.working.v);
        self.cells(p);
    }

    /// Activity and look by part of the picture.
    fn cells(&mut self, p: &Pictured<'_>) {
        let mask = p.working.mask;
        let (w, h) = (mask.width(), mask.height());
        // Where nothing moves no cell does.
        let still = p.motion_permyriad == 0 && mask.all().iter().all(|word| *word == 0);
        let cells = if still { 0 } else { CELLS };
        for (i, sum) in self.activity.iter_mut().enumerate().take(cells) {
            let (r, c) = (i / ACTIVITY.1, i % ACTIVITY.1);
            let (left, right) = (edge(c, ACTIVITY.1, w), edge(c + 1, ACTIVITY.1, w));
            let (top, bottom) = (edge(r, ACTIVITY.0, h), edge(r + 1, ACTIVITY.0, h));
            let moves = |y: &usize| mask.row(*y).iter().any(|word| *word != 0);
            let rows = (top..bottom).filter(moves);
            let set: usize = rows.map(|y| mask.count_run(y, left, right)).sum();
            *sum += millionths(set as u64, ((right - left) * (bottom - top)) as u64);
        }
        let (w, h) = (p.thumb.width(), p.thumb.height());
        for (i, sum) in self.look.iter_mut().enumerate() {
            let (r, c) = (i / LOOK.1, i % LOOK.1);
            let (left, right) = (edge(c, LOOK.1, w), edge(c + 1, LOOK.1, w));
            let (top, bottom) = (edge(r, LOOK.0, h), edge(r + 1, LOOK.0, h));
            let part = |y| p.thumb.row(y).get(left..right).unwrap_or(&[]);
            let bright: u32 = (top..bottom).flat_map(part).map(|v| u32::from(*v)).sum();
            let area = ((right - left) * (bottom - top)).max(1) as u64;
            *sum += u64::from(bright) * 256 / area;
        }
    }

    fn thing(&mut self, thing: &Thing, (width, height): (u32, u32)) {
        self.sights += 1;
        let (w, h) = (u64::from(width.max(1)), u64::from(height.max(1)));
        let size = millionths(u64::from(thing.width) * u64::from(thing.height), w * h);
        self.size += size;
        self.size_most = self.size_most.max(size);
        self.height += millionths(u64::from(thing.height), h);
        let (x, y) = thing.foot();
        self.foot_x += millionths(x.clamp(0, width as i32) as u64, w);
        self.foot_y += millionths(y.clamp(0, height as i32) as u64, h);
        let (vx, vy) = thing.velocity;
        // Thousandths of a pixel; casts of f64 saturate.
        let [vx, vy] = [vx, vy].map(|v| ((v * 1000.0) as i64).clamp(-100_000_000, 100_000_000));
        let speed = (vx * vx + vy * vy).cast_unsigned().isqrt();
        let widths = millionths(speed, w * 1000);
        self.speed += widths;
        self.speed_most = self.speed_most.max(widths);
        if let Some(heading) = self.headings.get_mut(heading(vx, vy)) {
            *heading += widths;
        }
        let dwell = (thing.age_us.max(0) / 1000) as u64;
        self.dwell_ms += dwell;
        self.dwell_most_ms = self.dwell_most_ms.max(dwell);
    }

    /// Access units so far.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// Pictures so far.
    pub fn pictures(&self) -> u64 {
        self.pictures
    }

    /// The values, in the order of `dimensions`; `duration_us` is how long the second was.
    pub fn values(&self, duration_us: u64) -> Vec<f32> {
        let per = |sum: u64, unit: u64, n: u64| match n {
            0 => 0.0,
            n => (sum as f64 / (unit as f64 * n as f64)) as f32,
        };
        let (n, sights) = (self.pictures, self.sights);
        let pic = |sum, unit| per(sum, unit, n);
        let seen = |sum, unit| per(sum, unit, sights);
        let most = |value, unit| per(value, unit, 1);
        let rate = |count: u64| per(count.saturating_mul(1_000_000), 1, duration_us);
        let least = if n == 0 { 0 } else { self.brightness_least };
        let mut all = Vec::with_capacity(WINDOW_DIMENSIONS);
        all.extend(self.activity.iter().map(|v| pic(*v, 1_000_000)));
        all.extend([pic(self.motion, 10_000), most(self.motion_most, 10_000)]);
        all.extend([pic(sights, 1), most(self.things_most, 1), most(self.new, 1)]);
        all.extend([seen(self.size, 1_000_000), most(self.size_most, 1_000_000)]);
        all.push(seen(self.height, 1_000_000));
        all.extend([seen(self.foot_x, 1_000_000), seen(self.foot_y, 1_000_000)]);
        all.extend([seen(self.speed, 1_000_000), most(self.speed_most, 1_000_000)]);
        let way: u64 = self.headings.iter().sum();
        all.extend(self.headings.iter().map(|v| per(*v, 1, way)));
        all.extend([seen(self.dwell_ms, 1000), most(self.dwell_most_ms, 1000)]);
        all.extend([pic(self.brightness, 256), most(least, 256), most(self.brightness_most, 256)]);
        all.extend([self.contrast, self.sharpness, self.noise, self.change].map(|v| pic(v, 256)));
        all.extend([pic(self.changed, 10_000), pic(self.flat, 10_000), pic(self.kept, 1000)]);
        all.extend([pic(self.u, 256), pic(self.v, 256), rate(n), rate(self.units)]);
        all.extend([most(self.keys, 1), per(self.key_bytes, 1, self.keys)]);
        all.extend([
            per(self.other_bytes, 1, self.units.saturating_sub(self.keys)),
            most(self.other_most, 1),
        ]);
        all.extend([rate(self.key_bytes + self.other_bytes), most(self.gap_most_us, 1_000_000)]);
        all.extend(self.look.iter().map(|v| pic(*v, 256)));
        all
    }
}

/// The eighth of a turn of a direction, 0 = right, on over down.
fn heading(vx: i64, vy: i64) -> usize {
    // The borders lie at 22.5 degrees: tan = 0.41421.
    let (ax, ay) = (vx.abs(), vy.abs());
    let flat = ay * 100_000 < ax * 41_421;
    let steep = ax * 100_000 < ay * 41_421;
    match (flat, steep, vx >= 0, vy >= 0) {
        (true, _, true, _) => 0,
        (true, _, false, _) => 4,
        (_, true, _, true) => 2,
        (_, true, _, false) => 6,
        (_, _, true, true) => 1,
        (_, _, false, true) => 3,
        (_, _, false, false) => 5,
        (_, _, true, false) => 7,
    }
}
