//! The four cameras of `flumen demo`, and the simulated weeks of three more.

mod days;

use flumen_base::wire::source::{Role, Transport};
use flumen_base::wire::{Camera, Policy, Source, Stream};
use flumen_base::{Clock, Result, SystemClock, topic};
use flumen_bus::Bus;
use prost::Message as _;

pub use days::start as learn_days;

const SCENES: [(&str, &str, &str); 4] = [
    ("street", "High street", "synthetic:street?seed=1&size=640x360&fps=15&seconds=60"),
    ("yard", "Loading yard", "synthetic:yard?seed=2&size=640x360&fps=15&seconds=60"),
    ("lobby", "Lobby", "synthetic:lobby?seed=3&size=640x360&fps=15&seconds=60"),
    ("park", "Park path", "synthetic:park?seed=4&size=640x360&fps=15&seconds=60"),
];

/// Adds those that are not there yet; a person's changes stay.
pub fn add_cameras(bus: &dyn Bus) -> Result<()> {
    let cameras = bus.table(topic::CAMERAS)?;
    for (id, name, address) in SCENES {
        if cameras.get(id.as_bytes())?.is_some() {
            continue;
        }
        let source = Source {
            stream: Stream::Main as i32,
            address: address.into(),
            role: Some(Role { record: true, analyse: true, live: true }),
            transport: Transport::Tcp as i32,
            ..Source::default()
        };
        let camera = Camera {
            id: id.into(),
            name: name.into(),
            enabled: true,
            sources: vec![source],
            policy: Some(Policy::default()),
            time_zone: "UTC".into(),
            effective_us: SystemClock.wall_us(),
            version: 1,
            ..Camera::default()
        };
        cameras.put(id.as_bytes(), Some(&camera.encode_to_vec()))?;
    }
    Ok(())
}
