//! Everything between the scene and the encoder that is not the scene: in its order.
//!
//! Invariants: without options nothing is touched. First what is before the lens (rain,
//! snow), then light, then the lens, then the sensor, then tampering; the number of the frame
//! comes last.
//! Not here: the sensor's own noise (`sensor`), which every picture has.

use crate::SceneSpec;
use crate::canvas::Canvas;
use crate::compose::Stage;
use crate::flicker::Flicker;
use crate::lens::Insects;
use crate::lighting::{Beam, Lighting};
use crate::weather::Fall;

/// The effects of one scene.
pub(crate) struct Effects {
    fall: Option<Fall>,
    pub lighting: Option<Lighting>,
    insects: Insects,
    flicker: Option<Flicker>,
}

impl Effects {
    pub fn new(spec: &SceneSpec) -> Effects {
        let o = &spec.options;
        Effects {
            fall: o.weather.map(|(kind, percent)| Fall::new(kind, percent, o.wind, spec.seed)),
            lighting: Lighting::new(spec),
            insects: Insects::new(spec),
            flicker: (o.flicker > 0).then(|| Flicker::new(o.flicker, spec.seed)),
        }
    }

    /// What lies between the scene and the sensor, `t` seconds into the clip.
    pub fn draw(
        &self,
        stage: &Stage,
        beams: &[Beam],
        canvas: &mut Canvas,
        (number, t): (u32, f32),
    ) {
        if let Some(fall) = &self.fall {
            fall.draw(canvas, number, t);
        }
        if let Some(lighting) = &self.lighting {
            lighting.draw(stage, beams, canvas, number);
        }
        self.insects.draw(canvas, t);
        if let Some(flicker) = &self.flicker {
            flicker.draw(canvas, t);
        }
    }
}
