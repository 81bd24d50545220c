//! Moments of a camera's day as pictures: its visits as bodies in its scene, under the day's light.
//!
//! Invariants: a picture follows from the days and its moment alone.
//! Units: microseconds of UTC; pixels.
//! Not here: which moments are drawn (`pixels`).

use flumen_base::{Frame, Plane, Result};

use crate::canvas::Canvas;
use crate::compose::{Cast, Stage};
use crate::days::camera::CameraDays;
use crate::days::drift::Failing;
use crate::days::layout::Actor;
use crate::days::light::light;
use crate::days::visit::Visit;
use crate::lighting::Lighting;
use crate::math::Chance;
use crate::options::Night;
use crate::person::Person;
use crate::plan::{Role, Who};
use crate::scene::Scene;
use crate::sensor::Sensor;
use crate::tamper::blur_plane;
use crate::vehicle::{Model, Vehicle};
use crate::{SceneOptions, SceneSpec};

/// Light of the brightest cloudy sky, and of the darkest night.
const CLOUDY: f32 = 0.74;
const DARKEST: f32 = 0.3;
/// How dark a failed camera is, and how far its blur reaches.
const FAILED_DARK: f32 = 0.8;
const FAILED_BLUR: f32 = 4.0;

/// Draws one camera's moments.
pub(crate) struct Painter<'a> {
    camera: &'a CameraDays,
    spec: SceneSpec,
    stage: Stage,
    lighting: Option<Lighting>,
    sensor: Sensor,
    canvas: Canvas,
    seed: i32,
}

/// A visit as somebody with a body.
fn role(visit: &Visit) -> Role {
    let mut chance = Chance::new(visit.seed);
    let who = match visit.actor {
        Actor::Person => Who::Walker(Person::any(&mut chance)),
        Actor::Worker => Who::Walker(Person::worker(&mut chance)),
        Actor::Car => Who::Vehicle(Vehicle::any(Model::Car, &mut chance)),
        Actor::Van => Who::Vehicle(Vehicle::any(Model::Van, &mut chance)),
        Actor::Lorry => Who::Vehicle(Vehicle::any(Model::Lorry, &mut chance)),
        Actor::Forklift => {
            let driver = Person::worker(&mut chance);
            Who::Forklift(Vehicle::any(Model::Forklift, &mut chance), driver)
        }
    };
    Role::new(who, visit.way.clone(), 0.0)
}

impl<'a> Painter<'a> {
    /// Draws all that stands still, once.
    pub fn new(camera: &'a CameraDays, spec: &SceneSpec, seed: i32) -> Painter<'a> {
        let scene = Scene::new(spec);
        let mut stage = Stage::new(scene.world, spec.width as usize, spec.height as usize, None);
        let options = SceneOptions { night: Some(Night::Fall(0, 0)), ..SceneOptions::default() };
        let lighting = Lighting::new(&SceneSpec { options, ..spec.clone() });
        if let Some(lighting) = &lighting {
            stage.lamplight = lighting.lamplight(camera.kind, &stage);
        }
        Painter {
            camera,
            stage,
            lighting,
            sensor: Sensor::new(spec.seed),
            canvas: Canvas::default(),
            spec: spec.clone(),
            seed,
        }
    }

    /// Draws picture `number` of a moment; it stays until the next call.
    pub fn paint(&mut self, at_us: i64, ahead_s: i32, number: u32) -> Result<Frame<'_>> {
        let local_s = at_us.div_euclid(1_000_000) + i64::from(ahead_s);
        let (second, day) = (local_s.rem_euclid(86_400) as u32, local_s.div_euclid(86_400) as i32);
        let light = light(self.camera.indoors, second, (day, self.seed));
        let dark = ((CLOUDY - light) / (CLOUDY - DARKEST)).clamp(0.0, 1.0);
        let sun = if dark > 0.0 { 0.45 * (1.0 - 1.6 * dark).max(0.0) } else { light };
        let casts: Vec<Cast> = self
            .camera
            .visits_at(at_us)
            .zip(1..)
            .filter_map(|(visit, id)| {
                let t = (at_us - visit.start_us) as f32 / 1e6;
                Some(Cast { id, body: role(visit).body(t)? })
            })
            .collect();
        // Light passes in small steps, not from picture to picture.
        self.stage.draw(&casts, (second as f32, sun), &mut self.canvas);
        if let Some(lighting) = &self.lighting {
            lighting.by_darkness(&self.stage, dark, &mut self.canvas, number);
        }
        self.change(at_us);
        self.harm(at_us);
        self.sensor.expose(&mut self.canvas, number, 1.0);
        let (w, h) = (self.spec.width as usize, self.spec.height as usize);
        let short = || flumen_base::Error::internal("farm days: a plane is short");
        Ok(Frame {
            luma: Plane::new(&self.canvas.y, w, w, h).ok_or_else(short)?,
            u: Plane::new(&self.canvas.u, w / 2, w / 2, h / 2),
            v: Plane::new(&self.canvas.v, w / 2, w / 2, h / 2),
            pts_us: i64::from(number) * 1_000_000 / i64::from(self.spec.frame_rate_hz),
        })
    }

    /// Parts of the picture that look different.
    fn change(&mut self, at_us: i64) {
        let (w, h) = (self.canvas.width, self.canvas.height);
        let now = self.camera.anomalies.iter().filter(|a| (a.begin_us..a.end_us).contains(&at_us));
        for (parts, by) in now.filter_map(|a| a.look.as_ref()) {
            for (i, sample) in self.canvas.y.iter_mut().enumerate() {
                let (x, y) = (i % w, i / w);
                if parts.contains(&(y * 4 / h * 8 + x * 8 / w)) {
                    *sample = (f32::from(*sample) + by).clamp(16.0, 235.0) as u8;
                }
            }
        }
    }

    /// What a failing camera makes of it.
    fn harm(&mut self, at_us: i64) {
        let Some(drift) = self.camera.drift else { return };
        let damage = drift.damage(at_us);
        let (w, h) = (self.canvas.width, self.canvas.height);
        match drift.failing {
            Failing::Sharpness => {
                // Between two whole radii the picture is a mixture of both.
                let reach = damage * FAILED_BLUR;
                let mut blurred = self.canvas.y.clone();
                blur_plane(&mut blurred, w, h, reach as usize + 1);
                blur_plane(&mut self.canvas.y, w, h, reach as usize);
                let share = reach.fract();
                for (sample, soft) in self.canvas.y.iter_mut().zip(&blurred) {
                    *sample = (f32::from(*sample) * (1.0 - share) + f32::from(*soft) * share) as u8;
                }
            }
            Failing::Brightness => {
                let keep = 1.0 - FAILED_DARK * damage;
                for sample in &mut self.canvas.y {
                    *sample = (16.0 + (f32::from(*sample) - 16.0) * keep) as u8;
                }
            }
            Failing::PacketRate => (),
        }
    }
}
