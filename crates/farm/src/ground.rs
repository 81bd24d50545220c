//! The ground of each scene on which more than passing happens: a zone, a line, a one-way lane,
//! and places where things are put down; and how they look in the picture.
//!
//! Invariants: all places are in sight of the scene's camera, nothing that stands there is before
//! them, and things are put down outside the zone, where nobody stays.
//! Units: metres on the ground as (x, z); thousandths of the picture as [x, y].

use serde::Serialize;

use crate::SceneKind;
use crate::camera::Camera;
use crate::math::v;

/// A place on the ground.
pub(crate) type Spot = (f32, f32);

/// Seconds in the zone from which on somebody loiters.
pub(crate) const LOITER_S: f32 = 20.0;

/// A scene's ground.
pub(crate) struct Ground {
    /// Where nobody should stay.
    pub zone: [Spot; 4],
    /// Across the way of nearly everybody.
    pub line: [Spot; 2],
    pub lane: Option<Lane>,
    /// Where things are put down, and where one stands.
    pub left: Spot,
    pub stood: Spot,
    /// From out of sight into the scene, and on.
    pub enter: &'static [Spot],
    pub leave: &'static [Spot],
}

/// A lane that goes one way.
pub(crate) struct Lane {
    /// Where the lower edges of those are seen who drive on it.
    pub area: [Spot; 4],
    /// Which way it goes.
    pub flow: Spot,
    /// Which lane of the scene's habits it is.
    pub of: usize,
    /// Where its middle is.
    pub z: f32,
}

fn block(low: Spot, high: Spot) -> [Spot; 4] {
    [low, (high.0, low.1), high, (low.0, high.1)]
}

impl Ground {
    pub fn of(kind: SceneKind) -> Ground {
        match kind {
            SceneKind::Street => Ground {
                zone: block((10.8, 4.2), (12.7, 7.6)),
                line: [(2.8, -3.4), (2.8, 8.8)],
                lane: Some(Lane {
                    area: block((-3.5, -4.8), (9.0, -1.8)),
                    flow: (1.0, 0.0),
                    of: 0,
                    z: -1.75,
                }),
                left: (9.9, 5.2),
                stood: (9.7, 8.2),
                enter: &[(-27.0, 7.6)],
                leave: &[(15.5, 7.6)],
            },
            SceneKind::Yard => Ground {
                zone: block((-5.8, 0.8), (-1.6, 3.0)),
                line: [(3.0, 0.5), (3.0, 12.0)],
                lane: Some(Lane {
                    area: block((-7.0, 1.4), (6.0, 3.9)),
                    flow: (1.0, 0.0),
                    of: 1,
                    z: 4.2,
                }),
                left: (0.2, 1.6),
                stood: (1.9, 1.4),
                enter: &[(-16.0, 2.0)],
                leave: &[(17.0, 2.6)],
            },
            SceneKind::Lobby => Ground {
                zone: block((-4.0, 5.6), (1.0, 9.0)),
                line: [(-5.5, 3.2), (-5.5, 9.2)],
                lane: None,
                left: (2.6, 9.8),
                stood: (-5.6, 3.8),
                enter: &[(-13.5, -4.5), (-10.6, 5.9), (-6.0, 6.1)],
                leave: &[(3.0, 7.2), (8.4, 6.4)],
            },
            SceneKind::Park => Ground {
                zone: block((-3.0, 5.0), (2.0, 8.0)),
                line: [(8.0, 6.0), (8.0, 15.0)],
                lane: None,
                left: (3.6, 6.4),
                stood: (3.4, 9.8),
                enter: &[(-16.5, 7.0), (-9.0, 7.6)],
                leave: &[(9.5, 11.0), (18.0, 12.2)],
            },
        }
    }

    /// The zones as people draw them on the picture.
    pub fn zones(&self, camera: &Camera, size: (u32, u32)) -> Vec<Zone> {
        let permille = |spot: &Spot| {
            let (x, y) = camera.see(v(spot.0, 0.0, spot.1)).unwrap_or((0.0, 0.0));
            let share = |at: f32, of: u32| (at / of as f32 * 1000.0).round().clamp(0.0, 1000.0);
            [share(x, size.0) as u32, share(y, size.1) as u32]
        };
        let corners = |spots: &[Spot]| spots.iter().map(permille).collect();
        let zone = |id, kind, spots: &[Spot]| Zone {
            id,
            kind,
            corners: corners(spots),
            direction: None,
            seconds: None,
        };
        let mut zones = vec![
            Zone { seconds: Some(LOITER_S as u32), ..zone("zone", "area", &self.zone) },
            zone("line", "line", &self.line),
        ];
        if let Some(Lane { area: spots, flow, .. }) = &self.lane {
            let middle = spots.iter().fold((0.0, 0.0), |m, s| (m.0 + s.0 / 4.0, m.1 + s.1 / 4.0));
            let ahead = (middle.0 + flow.0, middle.1 + flow.1);
            let way =
                camera.see(v(middle.0, 0.0, middle.1)).zip(camera.see(v(ahead.0, 0.0, ahead.1)));
            let degrees = way.map(|(a, b)| (b.1 - a.1).atan2(b.0 - a.0).to_degrees().round());
            let direction = degrees.map(|d| d.rem_euclid(360.0) as u32);
            zones.push(Zone { direction, ..zone("lane", "area", spots) });
        }
        zones
    }
}

/// A zone in the picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Zone {
    pub id: &'static str,
    /// `area` or `line`.
    pub kind: &'static str,
    /// Thousandths of the picture's width and height.
    pub corners: Vec<[u32; 2]>,
    /// Which way one goes here: degrees, 0 to the right, 90 down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<u32>,
    /// From when on staying here is loitering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}
