//! Windows made from truth: who is where, seen through a noise model, second by second.
//!
//! Invariants: the same days and the same noise give the same bytes; the windows of a camera are in
//! order of time, those of one second in order of cameras; a second without a unit has no window.
//! Units: as in docs/ref/windows.md.

use flumen_base::wire::Window;

use crate::days::Days;
use crate::days::camera::CameraDays;
use crate::days::drift::Failing;
use crate::days::light::{Harm, View, light};
use crate::days::seen::{Noise, bell};
use crate::days::sight::{ALL_POINTS, Sight, cell, heading};
use crate::days::things::{Thing, Told};
use crate::days::values::{self as at, ACTIVITY, LOOK, SCHEMA, Values};
use crate::days::visit::LOOKS_HZ;
use crate::math::Chance;

const SECOND_US: i64 = 1_000_000;
const LOOK_US: i64 = SECOND_US / LOOKS_HZ as i64;
/// Access units from key to key.
const GOP: u64 = 10;
const LOOKS: usize = LOOK.0 * LOOK.1;

/// The windows of all cameras of some days.
pub struct Windows<'a> {
    days: &'a Days,
    seats: Vec<Seat<'a>>,
    at_us: i64,
    next: usize,
}

impl<'a> Windows<'a> {
    pub(crate) fn new(days: &'a Days, noise: &Noise) -> Windows<'a> {
        let seat = |(index, camera)| Seat::new(days, camera, index, *noise);
        let seats = (0u64..).zip(&days.cameras).map(seat).collect();
        Windows { days, seats, at_us: days.begin_us, next: 0 }
    }

    /// Things told for the first time so far, by camera and hour.
    pub fn entries(&self) -> Vec<Vec<u64>> {
        self.seats.iter().map(|s| s.entries.clone()).collect()
    }
}

impl Iterator for Windows<'_> {
    type Item = Window;

    fn next(&mut self) -> Option<Window> {
        while self.at_us < self.days.end_us {
            let Some(seat) = self.seats.get_mut(self.next) else {
                self.next = 0;
                self.at_us += SECOND_US;
                continue;
            };
            self.next += 1;
            if let Some(window) = seat.second(self.at_us) {
                return Some(window);
            }
        }
        None
    }
}

/// One camera on its way through its days.
struct Seat<'a> {
    days: &'a Days,
    camera: &'a CameraDays,
    noise: Noise,
    seed: u64,
    view: View,
    /// The next visit to begin, and those that have.
    next: usize,
    things: Vec<Thing>,
    hour: usize,
    entries: Vec<u64>,
    looks: Looks,
}

/// Sums over the looks of one second.
#[derive(Default)]
struct Looks {
    told: Vec<Told>,
    most: usize,
    new: u32,
    motion: f32,
    motion_most: f32,
    count: u32,
}

impl<'a> Seat<'a> {
    fn new(days: &'a Days, camera: &'a CameraDays, index: u64, noise: Noise) -> Seat<'a> {
        let seed = days.noise_seed(index);
        Seat {
            days,
            camera,
            noise,
            seed,
            view: View::draw(&mut Chance::new(seed ^ 0x71e3)),
            next: 0,
            things: Vec::new(),
            hour: 0,
            entries: vec![0; camera.hours.len()],
            looks: Looks::default(),
        }
    }

    /// The window of the second that begins then; nothing when no unit comes.
    fn second(&mut self, begin_us: i64) -> Option<Window> {
        let number = (begin_us - self.days.begin_us) / SECOND_US;
        let mut chance =
            Chance::new(self.seed ^ (number as u64).wrapping_mul(0xd134_2543_de82_ef95));
        while self.camera.hours.get(self.hour + 1).is_some_and(|h| h.begin_us <= begin_us) {
            self.hour += 1;
        }
        let ahead_s = self.camera.hours.get(self.hour).map_or(0, |h| h.local_offset_s);
        let local_s = begin_us / SECOND_US + i64::from(ahead_s);
        let clock = (local_s.rem_euclid(86_400) as u32, local_s.div_euclid(86_400) as i32);
        let light = light(self.camera.indoors, clock.0, (clock.1, self.seed as i32));
        let harm = self.harm(begin_us);
        let units = self.units(begin_us, &mut chance);
        self.join(begin_us, light, &mut chance);
        let mut values = Values::new();
        let extra = self.changed(begin_us);
        self.view.tell(light, harm, &extra, &mut values);
        self.watch(begin_us, units, &mut chance, &mut values);
        if units == 0 {
            return None;
        }
        self.shake(&mut chance, &mut values);
        self.stream(number as u64, units, &mut chance, &mut values);
        if let Some(count) = self.entries.get_mut(self.hour) {
            *count += u64::from(self.looks.new);
        }
        Some(self.record(begin_us, (number, units, ahead_s), values))
    }

    fn record(
        &self,
        begin_us: i64,
        (number, units, ahead_s): (i64, u32, i32),
        values: Values,
    ) -> Window {
        Window {
            camera: self.camera.id.clone(),
            epoch: 1,
            sequence: number as u64 * u64::from(LOOKS_HZ),
            begin_us,
            begin_pts_us: number * SECOND_US,
            duration_us: SECOND_US as u32,
            schema: SCHEMA,
            values: values.0,
            units,
            frames: units,
            covered_permille: 1000,
            local_offset_s: ahead_s,
            group: self.days.spec.group.clone(),
            ..Window::default()
        }
    }

    /// How a failing camera sees.
    fn harm(&self, at_us: i64) -> Harm {
        let Some(drift) = self.camera.drift else { return Harm::default() };
        let damage = drift.damage(at_us);
        match drift.failing {
            Failing::Sharpness => Harm { blur: damage, dark: 0.0 },
            Failing::Brightness => Harm { blur: 0.0, dark: damage },
            Failing::PacketRate => Harm::default(),
        }
    }

    /// Units that come in this second.
    fn units(&self, at_us: i64, chance: &mut Chance) -> u32 {
        let lost = self.camera.drift.filter(|d| d.failing == Failing::PacketRate);
        let lost = lost.map_or(0.0, |d| 0.85 * d.damage(at_us));
        (0..LOOKS_HZ).filter(|_| lost == 0.0 || !chance.often(lost)).count() as u32
    }

    /// Those who come now, and ghosts.
    fn join(&mut self, begin_us: i64, light: f32, chance: &mut Chance) {
        while self.camera.visits.get(self.next).is_some_and(|v| v.start_us < begin_us + SECOND_US) {
            self.things.push(Thing::of(Some(self.next), i64::MAX));
            self.next += 1;
        }
        let dark = if self.camera.indoors { 1.0 } else { 1.0 + 2.0 * (1.0 - light) };
        if chance.often(self.noise.ghosts_per_hour * dark / 3600.0) {
            let lasts = chance.within(1.2, 2.5);
            self.things.push(Thing::of(None, begin_us + (lasts * 1e6) as i64));
        }
        let visits = &self.camera.visits;
        self.things.retain(|thing| {
            let end =
                thing.visit.and_then(|v| visits.get(v)).map_or(thing.until_us, |v| v.end_us());
            end + 2 * SECOND_US > begin_us
        });
    }

    /// What stands in the picture besides: changed looks by part.
    fn changed(&self, at_us: i64) -> [f32; LOOKS] {
        let mut extra = [0.0; LOOKS];
        let now = self.camera.anomalies.iter().filter(|a| (a.begin_us..a.end_us).contains(&at_us));
        for (parts, by) in now.filter_map(|a| a.look.as_ref()) {
            parts.iter().for_each(|p| extra.get_mut(*p).into_iter().for_each(|e| *e += by));
        }
        extra
    }

    /// Looks at all that is there, and writes what things come to.
    fn watch(&mut self, begin_us: i64, units: u32, chance: &mut Chance, out: &mut Values) {
        self.looks.told.clear();
        (self.looks.most, self.looks.new, self.looks.count) = (0, 0, units);
        (self.looks.motion, self.looks.motion_most) = (0.0, 0.0);
        let share = 1.0 / units.max(1) as f32;
        for k in 0..i64::from(units) {
            let moment = begin_us + k * LOOK_US;
            let (mut motion, before) = (0.0, self.looks.told.len());
            for thing in &mut self.things {
                let visit = thing.visit.and_then(|v| self.camera.visits.get(v));
                let sight = match visit {
                    Some(visit) => Thing::sight(visit, &self.camera.eye, moment),
                    None => ghost(thing.until_us, moment, self.seed),
                };
                if let Some(sight) = &sight {
                    motion += cover(sight, self.noise.fill * share, out);
                }
                let told = thing.look(sight, &self.noise, chance);
                self.looks.new += u32::from(told.is_some_and(|t| t.new));
                self.looks.told.extend(told);
            }
            let motion =
                (motion * units as f32 + self.noise.restless * chance.within(0.0, 2.0)).min(1.0);
            self.looks.motion += motion * share;
            self.looks.motion_most = self.looks.motion_most.max(motion);
            self.looks.most = self.looks.most.max(self.looks.told.len() - before);
        }
        self.looks.tell(out);
    }

    /// Noise on what the picture measures.
    fn shake(&mut self, chance: &mut Chance, out: &mut Values) {
        let n = self.noise;
        let mut mean = 0.0;
        // A camera's exposure moves all parts together, sensor and codec each for itself.
        let whole = 2.0 * n.look * bell(chance);
        for i in at::LOOKS..at::LOOKS + LOOKS {
            let value = out.get(i) + whole + n.look * bell(chance);
            out.set(i, value.clamp(0.0, 255.0));
            mean += out.get(i) / LOOKS as f32;
        }
        out.set(at::BRIGHTNESS, mean);
        let spread = (n.look * bell(chance)).abs();
        out.set(at::BRIGHTNESS_LEAST, mean - spread);
        out.set(at::BRIGHTNESS_MOST, mean + spread);
        for i in [at::CONTRAST, at::SHARPNESS, at::NOISE] {
            out.set(i, out.get(i) * (1.0 + n.measure * bell(chance)));
        }
        let change = out.get(at::NOISE) * 1.1 + 18.0 * self.looks.motion;
        out.set(at::CHANGE, change * (1.0 + n.measure * bell(chance)));
        out.set(at::CHANGED, (0.28 * change).min(0.98));
        out.set(at::VIEW_KEPT, (out.get(at::VIEW_KEPT) - 0.8 * self.looks.motion).max(0.0));
        for i in [at::COLOUR_U, at::COLOUR_V] {
            out.set(i, out.get(i) + 0.1 * bell(chance));
        }
    }

    /// What is seen in packets.
    fn stream(&self, number: u64, units: u32, chance: &mut Chance, out: &mut Values) {
        let mut size = |base: f32| base * (1.0 + self.noise.bytes * bell(chance)).max(0.2);
        let first = number * u64::from(LOOKS_HZ);
        let keys =
            (first..first + u64::from(units)).filter(|u| u.is_multiple_of(GOP)).count() as f32;
        let key = size(out.get(at::KEY_BYTES));
        let other = size(out.get(at::OTHER_BYTES) + 26_000.0 * self.looks.motion);
        let most = other * (1.1 + size(0.2));
        let others = units as f32 - keys;
        out.set(at::PICTURE_RATE, units as f32);
        out.set(at::UNIT_RATE, units as f32);
        out.set(at::KEY_UNITS, keys);
        out.set(at::KEY_BYTES, if keys > 0.0 { key.round() } else { 0.0 });
        out.set(at::OTHER_BYTES, if others > 0.0 { other } else { 0.0 });
        out.set(at::OTHER_BYTES_MOST, if others > 0.0 { most.round() } else { 0.0 });
        out.set(at::BYTE_RATE, (keys * key + others * other).round());
        let gap = 1.0 / units.max(1) as f32;
        out.set(at::ARRIVAL_GAP, gap + 0.004 * bell(chance).abs());
    }
}

/// The false thing that is over then: small, somewhere, still.
fn ghost(until_us: i64, at_us: i64, seed: u64) -> Option<Sight> {
    let mut chance = Chance::new(seed ^ until_us as u64);
    let (x, y) = (chance.within(0.05, 0.9), chance.within(0.1, 0.85));
    let (w, h) = (chance.within(0.02, 0.05), chance.within(0.05, 0.1));
    (at_us < until_us).then(|| Sight {
        left: x,
        top: y,
        right: x + w,
        bottom: y + h,
        points: [(x + w / 2.0, y + h / 2.0); ALL_POINTS],
        seen: ALL_POINTS,
        grain: w * h / ALL_POINTS as f32,
    })
}

/// Adds what of the picture somebody covers, times `share`, to the grid; gives the sum.
fn cover(sight: &Sight, share: f32, out: &mut Values) -> f32 {
    let cells = (ACTIVITY.0 * ACTIVITY.1) as f32;
    let grain = sight.grain * share;
    for (x, y) in sight.seen_points() {
        let place = at::CELLS + cell(y, ACTIVITY.0) * ACTIVITY.1 + cell(x, ACTIVITY.1);
        out.set(place, (out.get(place) + grain * cells).min(1.0));
    }
    grain * sight.seen as f32
}

impl Looks {
    fn tell(&self, out: &mut Values) {
        let sights = self.told.len() as f32;
        out.set(at::MOTION_MEAN, self.motion);
        out.set(at::MOTION_MOST, self.motion_most);
        out.set(at::THINGS_MEAN, sights / self.count.max(1) as f32);
        out.set(at::THINGS_MOST, self.most as f32);
        out.set(at::THINGS_NEW, self.new as f32);
        let mut way = 0.0;
        for told in &self.told {
            let one = 1.0 / sights;
            let speed = (told.velocity.0.powi(2) + told.velocity.1.powi(2)).sqrt();
            for (place, value) in [
                (at::SIZE_MEAN, told.area),
                (at::HEIGHT_MEAN, told.height),
                (at::FOOT_X, told.foot.0),
                (at::FOOT_Y, told.foot.1),
                (at::SPEED_MEAN, speed),
                (at::DWELL_MEAN, told.dwell_s),
            ] {
                out.add(place, value * one);
            }
            for (place, value) in [
                (at::SIZE_MOST, told.area),
                (at::SPEED_MOST, speed),
                (at::DWELL_MOST, told.dwell_s),
            ] {
                out.set(place, out.get(place).max(value));
            }
            out.add(at::HEADINGS + heading(told.velocity.0, told.velocity.1), speed);
            way += speed;
        }
        for i in at::HEADINGS..at::HEADINGS + 8 {
            out.set(i, if way > 0.0 { out.get(i) / way } else { 0.0 });
        }
    }
}
