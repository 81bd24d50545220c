//! What a face has where its process lacks a room: the site's rules without cameras, no archive.
//!
//! Not here: rooms that are there (`adapt`), cameras of other processes (`api::peer`).

use std::path::Path;
use std::str::FromStr;

use bytes::Bytes;
use flumen_api as api;
use flumen_base::{CameraId, Error, Result, wire};
use flumen_ingest::{Secret, Vault};

/// Whether the site lets a camera have this address.
pub fn allowed(address: &str, rules: &crate::config::Ingest) -> Result<()> {
    if address == "push:" {
        return Ok(());
    }
    flumen_media::check_address(address, &rules.file_roots, &rules.allow_hosts)?;
    if address.starts_with("synthetic:") {
        flumen_farm::SceneSpec::from_str(address)?;
    }
    Ok(())
}

/// What the site decides without asking a camera's owner.
pub struct SiteRules {
    vault: Vault,
    rules: crate::config::Ingest,
}

impl SiteRules {
    /// With the site's key, which is made when it is not there.
    pub fn open(key: &Path, rules: crate::config::Ingest) -> Result<SiteRules> {
        Ok(SiteRules { vault: Vault::open(key)?, rules })
    }
}

impl api::peer::Rules for SiteRules {
    fn seal(&self, camera: &CameraId, password: &str) -> Result<Bytes> {
        self.vault.seal(Some(camera), &Secret::new(password))
    }

    fn check(&self, address: &str) -> Result<()> {
        allowed(address, &self.rules)
    }
}

/// A process without a face has no use for cameras.
pub struct NoCameras;

fn none() -> Error {
    Error::unavailable("this process shows no cameras")
}

impl api::Cameras for NoCameras {
    fn status(&self) -> Vec<api::CameraStatus> {
        Vec::new()
    }

    fn seal(&self, _: &CameraId, _: &str) -> Result<Bytes> {
        Err(none())
    }

    fn probe(&self, _: &api::ProbeRequest) -> Result<api::Probe> {
        Err(none())
    }

    fn push(&self, _: &CameraId) -> Result<Box<dyn api::PushSession>> {
        Err(none())
    }
}

/// A process that keeps no rows of the archive.
pub struct NoLibrary;

impl api::Library for NoLibrary {
    fn events(&self, _: &api::EventQuery) -> Result<Vec<wire::Event>> {
        Ok(Vec::new())
    }

    fn insights(&self, _: &api::InsightQuery) -> Result<Vec<wire::Insight>> {
        Ok(Vec::new())
    }

    fn shadows(&self, _: &str, _: i64, _: &mut dyn FnMut(&wire::Insight)) -> Result<()> {
        Ok(())
    }

    fn picture(&self, _: &[u8]) -> Result<Option<Bytes>> {
        Ok(None)
    }

    fn timeline(&self, _: &CameraId, _: i64, _: i64) -> Result<api::Timeline> {
        Ok(api::Timeline::default())
    }

    fn video(&self, camera: &CameraId, _: i64, _: i64) -> Result<api::Video> {
        Err(Error::not_found(format!("no recording of {camera} can be reached from this process")))
    }
}
