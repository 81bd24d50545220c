//! The scenes: a world, its light, and the habits of those who pass through it.
//!
//! Not here: how anything is drawn (`world`, `compose`).

mod lobby;
mod park;
mod street;
mod yard;
mod yard_skins;

use crate::acts::{Deed, acts};
use crate::math::Chance;
use crate::plan::{Habit, Role, plan};
use crate::world::World;
use crate::{SceneKind, SceneSpec};

/// What a scene's file gives: its world, the habits in it, and the pause between two who come.
type Built = (World, Vec<Habit>, (f32, f32));

/// A world and who appears in it.
pub(crate) struct Scene {
    pub world: World,
    pub roles: Vec<Role>,
    /// Things left and taken.
    pub deeds: Vec<Deed>,
}

impl Scene {
    /// Builds the scene of a spec.
    pub fn new(spec: &SceneSpec) -> Scene {
        let mut chance = Chance::new(spec.seed);
        let size = (spec.width, spec.height);
        let seconds = spec.frames as f32 / spec.frame_rate_hz as f32;
        let (world, habits, pause) = match spec.kind {
            SceneKind::Street => street::build(size, &mut chance),
            SceneKind::Yard => yard::build(size, &mut chance),
            SceneKind::Lobby => lobby::build(size, &mut chance),
            SceneKind::Park => park::build(size, &mut chance),
        };
        let acts = acts(spec);
        let mut roles = plan(&habits, seconds, pause, &acts.blocked, &mut chance);
        // The others keep the numbers they have without acts.
        let base = roles.len();
        let moved = |d: &Deed| Deed {
            thing: d.thing + base,
            by: d.by + base,
            undone_by: d.undone_by + base,
            ..*d
        };
        let deeds = acts.deeds.iter().map(moved).collect();
        roles.extend(acts.roles);
        Scene { world, roles, deeds }
    }
}
