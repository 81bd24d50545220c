//! The cameras as they are stored: the table `flumen.cameras`.
//!
//! Durability: on return of `put` and `remove`.

use flumen_base::{CameraId, Error, Result, topic, wire};
use flumen_bus::Bus;
use prost::Message;

/// Most cameras of a site.
const MAX_CAMERAS: usize = 1024;

/// All cameras in the order of their ids; records that can't be read are left out and told.
pub(crate) fn all(bus: &dyn Bus) -> Result<Vec<wire::Camera>> {
    let rows = bus.table(topic::CAMERAS)?.scan(b"")?;
    Ok(rows.iter().filter_map(|(key, value)| decode(key, value).ok()).collect())
}

/// One camera.
pub(crate) fn get(bus: &dyn Bus, id: &CameraId) -> Result<Option<wire::Camera>> {
    let key = id.as_str().as_bytes();
    bus.table(topic::CAMERAS)?.get(key)?.map(|value| decode(key, &value)).transpose()
}

/// One camera, which must be there.
pub(crate) fn need(bus: &dyn Bus, id: &CameraId) -> Result<wire::Camera> {
    get(bus, id)?.ok_or_else(|| missing(id))
}

/// Stores a camera.
pub(crate) fn put(bus: &dyn Bus, camera: &wire::Camera) -> Result<()> {
    let table = bus.table(topic::CAMERAS)?;
    if camera.version == 1 && table.scan(b"")?.len() >= MAX_CAMERAS {
        return Err(Error::exhausted(format!(
            "there are {MAX_CAMERAS} cameras already: remove one first"
        )));
    }
    table.put(camera.id.as_bytes(), Some(&camera.encode_to_vec())).map(drop)
}

/// Removes a camera.
pub(crate) fn remove(bus: &dyn Bus, id: &CameraId) -> Result<()> {
    need(bus, id)?;
    bus.table(topic::CAMERAS)?.put(id.as_str().as_bytes(), None).map(drop)
}

/// No such camera.
pub(crate) fn missing(id: &CameraId) -> Error {
    Error::not_found(format!("there is no camera {id}: GET /api/v1/cameras lists them"))
}

fn decode(key: &[u8], value: &[u8]) -> Result<wire::Camera> {
    wire::Camera::decode(value).map_err(|e| {
        let key = String::from_utf8_lossy(key).into_owned();
        tracing::warn!(camera = key, "a camera's record can't be read: {e}");
        Error::data_loss(format!("the record of camera {key} can't be read: put it again"))
            .with_source(e)
    })
}
