//! A scene frame by frame: pictures with their truth.

use std::f32::consts::TAU;

use flumen_base::{Frame, Plane, Result};

use crate::SceneSpec;
use crate::canvas::Canvas;
use crate::code;
use crate::compose::{Cast, Stage};
use crate::plan::Role;
use crate::scene::Scene;
use crate::sensor::Sensor;

/// Draws the frames of one scene in any order.
pub struct Renderer {
    spec: SceneSpec,
    stage: Stage,
    roles: Vec<Role>,
    sensor: Sensor,
    canvas: Canvas,
}

impl Renderer {
    /// Builds the scene and draws all of it that stands still.
    ///
    /// # Errors
    /// `Invalid` for a spec outside its limits.
    pub fn new(spec: &SceneSpec) -> Result<Renderer> {
        spec.check()?;
        let Scene { world, roles } = Scene::new(spec);
        let stage = Stage::new(world, spec.width as usize, spec.height as usize);
        let sensor = Sensor::new(spec.seed);
        Ok(Renderer { spec: spec.clone(), stage, roles, sensor, canvas: Canvas::default() })
    }

    /// Who appears.
    pub(crate) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// What is drawn.
    pub fn spec(&self) -> &SceneSpec {
        &self.spec
    }

    /// Draws frame `number`, counted from 0; it stays until the next call.
    pub fn draw(&mut self, number: u32) -> Picture<'_> {
        let t = number as f32 / self.spec.frame_rate_hz as f32;
        let turn = number as f32 / self.spec.frames as f32 * TAU;
        let casts: Vec<Cast> = self
            .roles
            .iter()
            .zip(1..)
            .filter_map(|(role, id)| Some(Cast { id, body: role.body(t)? }))
            .collect();
        let sun = 0.9 + 0.07 * (turn * 2.0 + 0.5).sin() + 0.03 * (turn * 3.0).sin();
        self.stage.draw(&casts, sun, &mut self.canvas);
        let gain = 1.0 + 0.025 * (turn + 1.0).sin() + 0.015 * (turn * 3.0 + 2.0).sin();
        self.sensor.expose(&mut self.canvas, number, gain);
        code::write(&mut self.canvas, number);
        Picture { canvas: &self.canvas, pts_us: self.spec.pts_us(number), roles: &self.roles }
    }
}

/// One frame that was drawn.
pub struct Picture<'a> {
    pub(crate) canvas: &'a Canvas,
    pub(crate) roles: &'a [Role],
    pts_us: i64,
}

impl Picture<'_> {
    /// The picture's planes.
    ///
    /// # Errors
    /// `Internal` when the planes are short, which does not happen.
    pub fn frame(&self) -> Result<Frame<'_>> {
        let (w, h) = (self.canvas.width, self.canvas.height);
        let short = || flumen_base::Error::internal("farm: a plane is shorter than its picture");
        Ok(Frame {
            luma: Plane::new(&self.canvas.y, w, w, h).ok_or_else(short)?,
            u: Plane::new(&self.canvas.u, w / 2, w / 2, h / 2),
            v: Plane::new(&self.canvas.v, w / 2, w / 2, h / 2),
            pts_us: self.pts_us,
        })
    }
}
