//! Night, lamps, headlights and infra-red: the light of a frame laid over its picture by day.
//!
//! Invariants: light changes samples and never who is where; a clip whose night comes and goes
//! (`day`) begins and ends by day. Moving light has no object: a beam is not foreground.
//! Units: shares of the light by day, as the camera shows it (after its own exposure); metres.

use std::f32::consts::TAU;

use crate::SceneKind;
use crate::SceneSpec;
use crate::body::Body;
use crate::canvas::Canvas;
use crate::compose::Stage;
use crate::math::{Chance, V3, v};
use crate::options::Night;
use crate::tamper::noise;

/// What is left of the light of a clear day in a dark night, with the camera's gain.
const DARK: f32 = 0.24;
/// Noise of a sensor at full gain, in grey levels.
const GAIN_NOISE: f32 = 4.5;
/// Seconds in which a beam out of sight passes over the scene, and from one to the next.
const SWEEP_S: f32 = 2.4;
const SWEEPS_S: (f32, f32) = (7.0, 16.0);

/// The light of a scene.
pub(crate) struct Lighting {
    night: Option<Night>,
    headlights: bool,
    /// First and last frame of infra-red.
    infra_red: Vec<(u32, u32)>,
    frames: u32,
    frame_rate_hz: f32,
    sweeps: Vec<(f32, f32)>,
    indoors: bool,
    seed: u64,
}

/// A pair of headlights.
pub(crate) struct Beam {
    at: V3,
    ahead: V3,
    lamps: [V3; 2],
}

impl Beam {
    /// The headlights of a vehicle.
    pub fn of(body: &Body) -> Beam {
        let lamp = |x: f32| body.outward(v(x, 0.66, body.high.z));
        let ahead = v(body.facing.0, 0.0, body.facing.1);
        Beam { at: lamp(0.0), ahead, lamps: [lamp(-0.6), lamp(0.6)] }
    }

    /// Light on a place.
    fn on(&self, place: V3) -> f32 {
        let to = place - self.at;
        let along = to.dot(self.ahead);
        if !(0.2..=30.0).contains(&along) {
            return 0.0;
        }
        let side = to.x * self.ahead.z - to.z * self.ahead.x;
        let wide = 0.7 + 0.3 * along;
        let high = (to.y / (0.5 + 0.06 * along)).max(0.0);
        let near = (along / 1.5).min(1.0);
        near * (-(side / wide).powi(2) - high * high).exp() / (1.0 + (along / 10.0).powi(2))
    }
}

/// Where lamps hang in a scene, and how strong they are.
fn lamps(kind: SceneKind) -> Vec<(V3, f32)> {
    match kind {
        SceneKind::Street => [-27.0, -11.5, 4.5].map(|x| (v(x, 6.1, 4.45), 0.75)).to_vec(),
        SceneKind::Yard => vec![(v(12.4, 9.3, 18.8), 0.8), (v(-0.9, 4.6, 20.0), 0.6)],
        SceneKind::Park => vec![(v(-0.83, 4.1, 10.6), 0.85)],
        SceneKind::Lobby => Vec::new(),
    }
}

impl Lighting {
    /// The light of a scene, when it is not that of an ordinary day.
    pub fn new(spec: &SceneSpec) -> Option<Lighting> {
        let o = &spec.options;
        if o.night.is_none() && !o.headlights && o.infra_red.is_empty() {
            return None;
        }
        let mut chance = Chance::new(spec.seed ^ 0x11647);
        let seconds = spec.frames as f32 / spec.frame_rate_hz as f32;
        let mut sweeps = Vec::new();
        let mut t = chance.within(1.0, SWEEPS_S.0);
        while o.headlights && t + SWEEP_S < seconds {
            sweeps.push((t, if chance.often(0.5) { 1.0 } else { -1.0 }));
            t += chance.within(SWEEPS_S.0, SWEEPS_S.1);
        }
        Some(Lighting {
            night: o.night,
            headlights: o.headlights,
            infra_red: o.infra_red.iter().map(|s| s.frames(spec.frame_rate_hz)).collect(),
            frames: spec.frames,
            frame_rate_hz: spec.frame_rate_hz as f32,
            sweeps,
            indoors: spec.kind == SceneKind::Lobby,
            seed: spec.seed,
        })
    }

    /// What lamps give to each pixel of a stage by night.
    pub fn lamplight(&self, kind: SceneKind, stage: &Stage) -> Vec<f32> {
        let lamps = lamps(kind);
        let on = |place: V3| -> f32 {
            if kind == SceneKind::Lobby {
                return if place.x > -9.1 { 0.62 } else { 0.0 };
            }
            let one = |(lamp, strength): &(V3, f32)| {
                let to = place - *lamp;
                let height = lamp.y * lamp.y;
                // Nothing shines upwards.
                let down = (1.0 - (to.y / 1.5)).clamp(0.0, 1.0);
                strength * down / (1.0 + to.dot(to) / height * 0.8).powi(2) * 2.2
            };
            lamps.iter().map(one).sum()
        };
        (0..stage.width * stage.height).map(|i| stage.place(i).map_or(0.0, on)).collect()
    }

    /// 0 by day, 1 in the dark of night.
    fn darkness(&self, number: u32) -> f32 {
        let share = number as f32 / self.frames.max(1) as f32;
        match self.night {
            Some(Night::Fall(from, to)) => {
                (from as f32 + (to as f32 - from as f32) * share) / 100.0
            }
            Some(Night::Round) => 0.5 - 0.5 * (share * TAU).cos(),
            None => 0.0,
        }
    }

    /// The sun's share of its light by day.
    pub fn sun(&self, number: u32) -> f32 {
        if self.indoors {
            1.0 - self.darkness(number)
        } else {
            (1.0 - 1.6 * self.darkness(number)).max(0.0)
        }
    }

    /// True when headlights are to be drawn.
    pub fn headlights(&self) -> bool {
        self.headlights
    }

    /// Lays the light of frame `number` over its picture.
    pub fn draw(&self, stage: &Stage, beams: &[Beam], canvas: &mut Canvas, number: u32) {
        if let Some(since) = self.infra_red(number) {
            self.by_infra_red(since, canvas);
            return;
        }
        let dark = self.darkness(number);
        let sweep = self.sweep(number as f32 / self.frame_rate_hz);
        brighten(stage, (beams, sweep), dark, canvas);
        tint(stage, dark, canvas);
        for beam in beams {
            glare(stage, beam, 0.25 + 0.75 * dark, canvas);
        }
        if dark > 0.02 {
            let mut chance = Chance::new(self.seed ^ (u64::from(number) << 21) ^ 0x901e);
            noise(canvas, &mut chance, GAIN_NOISE * dark * dark);
        }
    }

    /// Lays so dark a light over picture `number`, whatever the clip's own light is.
    pub fn by_darkness(&self, stage: &Stage, dark: f32, canvas: &mut Canvas, number: u32) {
        if dark <= 0.0 {
            return;
        }
        brighten(stage, (&[], None), dark, canvas);
        tint(stage, dark, canvas);
        let mut chance = Chance::new(self.seed ^ (u64::from(number) << 21) ^ 0x901e);
        noise(canvas, &mut chance, GAIN_NOISE * dark * dark);
    }

    /// Seconds since infra-red began, while it lasts.
    fn infra_red(&self, number: u32) -> Option<f32> {
        let seconds = |frames: u32| (frames + 1) as f32 / self.frame_rate_hz;
        let on = self.infra_red.iter().find(|(a, b)| (*a..=*b).contains(&number));
        on.map(|(first, _)| seconds(number - first))
    }

    /// Grey, lit from beside the lens; too bright until the exposure has followed.
    fn by_infra_red(&self, since: f32, canvas: &mut Canvas) {
        let (w, h) = (canvas.width as f32, canvas.height as f32);
        let surge = 1.0 + 0.7 * (-since / 0.18).exp();
        let half = canvas.width / 2;
        for (i, s) in canvas.y.iter_mut().enumerate() {
            let (x, y) = (i % canvas.width, i / canvas.width);
            let (dx, dy) = (x as f32 / w - 0.5, y as f32 / h - 0.55);
            let spot = 1.12 - 1.5 * (dx * dx + dy * dy);
            let c = y / 2 * half + x / 2;
            let green = |plane: &[u8]| 128.0 - f32::from(plane.get(c).copied().unwrap_or(128));
            // Leaves give much infra-red back.
            let leaf = (green(&canvas.u) + green(&canvas.v)).clamp(0.0, 60.0) * 0.9;
            let level = (16.0 + (f32::from(*s) - 16.0 + leaf) * spot * surge * 0.8).min(235.0);
            *s = level.max(16.0) as u8;
        }
        canvas.u.fill(128);
        canvas.v.fill(128);
    }

    /// Where a beam out of sight falls: x on the ground.
    fn sweep(&self, t: f32) -> Option<f32> {
        let (start, side) = self.sweeps.iter().find(|(s, _)| (*s..s + SWEEP_S).contains(&t))?;
        Some(side * ((t - start) / SWEEP_S * 56.0 - 28.0))
    }
}

/// The light of sky, lamps and beams; `sweep` is where a beam out of sight falls.
fn brighten(stage: &Stage, (beams, sweep): (&[Beam], Option<f32>), dark: f32, canvas: &mut Canvas) {
    let ambient = 1.0 - (1.0 - DARK) * dark;
    let moving = 0.1 + 0.9 * dark;
    for (i, s) in canvas.y.iter_mut().enumerate() {
        let place = stage.place(i);
        let lamp = stage.lamplight.get(i).copied().unwrap_or(0.0) * dark;
        let beam = place.map_or(0.0, |p| {
            let direct: f32 = beams.iter().map(|b| b.on(p)).sum();
            direct * 0.9 + sweep.map_or(0.0, |at| swept(p, at))
        });
        let sky = if place.is_none() { 1.0 - 0.55 * dark } else { 1.0 };
        let light = (ambient * sky + lamp * 0.8 + beam * moving).min(1.3);
        *s = (16.0 + (f32::from(*s) - 16.0) * light + 0.5).clamp(1.0, 250.0) as u8;
    }
}

/// Little light has little colour, lamps are yellow.
fn tint(stage: &Stage, dark: f32, canvas: &mut Canvas) {
    let keep = 1.0 - 0.55 * dark;
    for (plane, tint) in [(&mut canvas.u, -9.0), (&mut canvas.v, 5.0)] {
        for (i, s) in plane.iter_mut().enumerate() {
            let (x, y) = (i % (stage.width / 2) * 2, i / (stage.width / 2) * 2);
            let lamp = stage.lamplight.get(y * stage.width + x).copied().unwrap_or(0.0);
            let tint = tint * lamp.min(1.0) * dark;
            *s = (128.5 + (f32::from(*s) - 128.0) * keep + tint) as u8;
        }
    }
}

/// A wide pool of light around x.
fn swept(place: V3, at: f32) -> f32 {
    0.6 * (-((place.x - at) / 3.5).powi(2)).exp() * (1.0 / (1.0 + (place.y / 3.0).max(0.0).powi(2)))
}

/// The lamps themselves, and the halo that they have in the lens.
fn glare(stage: &Stage, beam: &Beam, strength: f32, canvas: &mut Canvas) {
    for lamp in beam.lamps {
        let away = stage.world.camera.distance(lamp);
        let facing = beam.ahead.dot(stage.world.camera.towards(lamp));
        let Some((x, y)) = stage.world.camera.see(lamp).filter(|_| facing > 0.05) else { continue };
        if x < 0.0 || y < 0.0 || x as usize >= stage.width || y as usize >= stage.height {
            continue;
        }
        if stage.depth_at(y as usize * stage.width + x as usize) < away - 0.6 {
            continue;
        }
        let radius = stage.width as f32 * 0.35 / away.max(2.0);
        let reach = (radius * 3.0) as isize;
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (px, py) = (x as isize + dx, y as isize + dy);
                if px < 0 || py < 0 || px as usize >= stage.width || py as usize >= stage.height {
                    continue;
                }
                let square = (dx * dx + dy * dy) as f32 / (radius * radius);
                let light = 190.0 * (-square * 3.0).exp() + 45.0 * (-square).exp();
                let sample = canvas.y.get_mut(py as usize * stage.width + px as usize);
                sample.into_iter().for_each(|s| {
                    *s = (f32::from(*s) + light * facing * strength).min(245.0) as u8;
                });
            }
        }
    }
}
