//! A scene frame by frame: pictures with their truth.

use std::f32::consts::TAU;

use flumen_base::{Frame, Plane, Result};

use crate::acts::Deed;
use crate::camera::Camera;
use crate::canvas::Canvas;
use crate::code;
use crate::compose::{Cast, Stage};
use crate::effects::Effects;
use crate::ground::{Ground, Zone};
use crate::lighting::Beam;
use crate::math::Chance;
use crate::options::Tamper;
use crate::plan::{Role, Who};
use crate::scene::Scene;
use crate::sensor::Sensor;
use crate::tamper::{Spell, Tampering};
use crate::wind::Wind;
use crate::world::World;
use crate::{SceneKind, SceneSpec};

/// Draws the frames of one scene in any order.
pub struct Renderer {
    spec: SceneSpec,
    stage: Stage,
    /// What is seen while the camera is moved.
    moved: Option<Stage>,
    /// Another camera's scene.
    other: Option<Stage>,
    roles: Vec<Role>,
    /// For each thing of the scene that is taken: its role and the pixels it leaves bare.
    holes: Vec<(usize, Vec<usize>)>,
    deeds: Vec<Deed>,
    zones: Vec<Zone>,
    sensor: Sensor,
    effects: Effects,
    tampering: Tampering,
    canvas: Canvas,
}

impl Renderer {
    /// Builds the scene and draws all of it that stands still.
    ///
    /// # Errors
    /// `Invalid` for a spec outside its limits.
    pub fn new(spec: &SceneSpec) -> Result<Renderer> {
        spec.check()?;
        let (width, height) = (spec.width as usize, spec.height as usize);
        let Scene { world, roles, deeds } = Scene::new(spec);
        let zones = Ground::of(spec.kind).zones(&world.camera, (spec.width, spec.height));
        let tampering = Tampering::new(spec);
        let effects = Effects::new(spec);
        let lit = |kind: SceneKind, world: World| {
            let wind = (spec.options.wind > 0).then(|| Wind::new(spec.options.wind, spec.seed));
            let mut stage = Stage::new(world, width, height, wind);
            if let Some(lighting) = &effects.lighting {
                stage.lamplight = lighting.lamplight(kind, &stage);
            }
            stage
        };
        let moved = tampering.any(Tamper::CameraMoved).then(|| {
            let mut scene = Scene::new(spec);
            let mut chance = Chance::new(spec.seed ^ 0x30fe);
            let side = if chance.often(0.5) { 1.0 } else { -1.0 };
            let turn = side * chance.within(0.1, 0.25);
            scene.world.camera = scene.world.camera.turned(turn, chance.within(-0.1, 0.06));
            lit(spec.kind, scene.world)
        });
        let other = tampering.any(Tamper::SceneCut).then(|| {
            let kind =
                if spec.kind == SceneKind::Lobby { SceneKind::Yard } else { SceneKind::Lobby };
            lit(kind, Scene::new(&SceneSpec { kind, ..spec.clone() }).world)
        });
        let stage = lit(spec.kind, world);
        let holes = holes(&stage, &roles);
        Ok(Renderer {
            stage,
            holes,
            deeds,
            zones,
            moved,
            other,
            roles,
            sensor: Sensor::new(spec.seed),
            effects,
            tampering,
            canvas: Canvas::default(),
            spec: spec.clone(),
        })
    }

    /// Who appears.
    pub(crate) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// What is left and taken.
    pub(crate) fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// The camera as it stands while nobody touches it.
    pub(crate) fn camera(&self) -> &Camera {
        &self.stage.world.camera
    }

    /// Zone, line and lane of the scene.
    pub(crate) fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// When the camera is tampered with.
    pub(crate) fn spells(&self) -> &[Spell] {
        &self.tampering.spells
    }

    /// What is drawn.
    pub fn spec(&self) -> &SceneSpec {
        &self.spec
    }

    /// Draws frame `number`, counted from 0; it stays until the next call.
    pub fn draw(&mut self, number: u32) -> Picture<'_> {
        let spell = self.tampering.at(number);
        match spell {
            // The last picture before it stays, with the number it had.
            Some(Spell { kind: Tamper::Freeze, first, .. }) => self.paint(first.max(1) - 1),
            _ => self.paint(number),
        }
        let t = number as f32 / self.spec.frame_rate_hz as f32;
        let away = |(role, _): &&(usize, Vec<usize>)| {
            self.roles.get(*role).is_some_and(|role| role.spot(t).is_none())
        };
        Picture {
            holes: self.holes.iter().filter(away).map(|(_, pixels)| pixels.as_slice()).collect(),
            canvas: &self.canvas,
            pts_us: self.spec.pts_us(number),
            roles: &self.roles,
            tampered: spell.is_some(),
        }
    }

    fn paint(&mut self, number: u32) {
        let spell = self.tampering.at(number);
        let kind = spell.map(|s| s.kind);
        let t = number as f32 / self.spec.frame_rate_hz as f32;
        let turn = number as f32 / self.spec.frames as f32 * TAU;
        let casts: Vec<Cast> = self
            .roles
            .iter()
            .zip(1..)
            .filter(|_| kind != Some(Tamper::SceneCut))
            .filter_map(|(role, id)| {
                Some(Cast { id: if role.backdrop { 0 } else { id }, body: role.body(t)? })
            })
            .collect();
        let sun = 0.9 + 0.07 * (turn * 2.0 + 0.5).sin() + 0.03 * (turn * 3.0).sin();
        let stage = match kind {
            Some(Tamper::CameraMoved) => self.moved.as_ref(),
            Some(Tamper::SceneCut) => self.other.as_ref(),
            _ => None,
        };
        let stage = stage.unwrap_or(&self.stage);
        let lighting = self.effects.lighting.as_ref();
        let by_day = lighting.map_or(1.0, |l| l.sun(number));
        stage.draw(&casts, (t, sun * by_day), &mut self.canvas);
        let driven = |cast: &&Cast| {
            let role = self.roles.get(usize::from(cast.id.max(1)) - 1);
            role.is_some_and(|role| matches!(role.who, Who::Vehicle(_)))
        };
        let lamps = casts.iter().filter(driven).map(|cast| Beam::of(&cast.body));
        let beams = match lighting {
            Some(lighting) if lighting.headlights() => lamps.collect(),
            _ => Vec::new(),
        };
        self.effects.draw(stage, &beams, &mut self.canvas, (number, t));
        let gain = 1.0 + 0.025 * (turn + 1.0).sin() + 0.015 * (turn * 3.0 + 2.0).sin();
        self.sensor.expose(&mut self.canvas, number, gain);
        if let Some(spell) = spell {
            self.tampering.spoil(spell, number, &mut self.canvas);
        }
        // Where no picture comes, no camera writes a number into it.
        if kind != Some(Tamper::SignalLost) {
            code::write(&mut self.canvas, number);
        }
    }
}

/// Draws the things of the scene that are taken, each alone, to see where they stand.
fn holes(stage: &Stage, roles: &[Role]) -> Vec<(usize, Vec<usize>)> {
    let mut canvas = Canvas::default();
    let mut one = |(index, role): (usize, &Role)| {
        let body = role.body(0.0).filter(|_| role.backdrop)?;
        stage.draw(&[Cast { id: 1, body }], (0.0, 1.0), &mut canvas);
        let there = canvas.cover.iter().zip(&canvas.shadow).enumerate();
        let pixels = there.filter(|(_, (cover, shadow))| **cover > 0 || **shadow);
        Some((index, pixels.map(|(i, _)| i).collect()))
    };
    roles.iter().enumerate().filter_map(&mut one).collect()
}

/// One frame that was drawn.
pub struct Picture<'a> {
    pub(crate) canvas: &'a Canvas,
    pub(crate) roles: &'a [Role],
    pub(crate) tampered: bool,
    /// Pixels where something that belongs there is away.
    pub(crate) holes: Vec<&'a [usize]>,
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
