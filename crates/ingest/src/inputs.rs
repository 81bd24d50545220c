//! The real inputs: network, files, synthetic cameras.
//!
//! Invariants: nothing is opened that `media::check_address` does not allow; no error text
//! holds a password.
//! Not here: reconnecting (`camera`).

mod clips;
mod file;
mod interleave;
mod network;
mod synthetic;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flumen_base::wire::source::Transport as WireTransport;
use flumen_base::{CameraId, Error, Result};
use flumen_media::{Address, Open, TrackInfo, Transport, check_address};

use crate::config::IngestConfig;
use crate::pace::Pace;
use crate::secret::Secret;
use crate::source::{Attempt, Connector, Source};
use crate::vault::Vault;

pub(crate) use clips::Clips;
pub(crate) use synthetic::info_of;

/// Longest look at a live input before it is opened.
const LIVE_PROBE: Duration = Duration::from_millis(500);

/// Opens what an address names.
pub(crate) struct Inputs {
    pub(crate) vault: Arc<Vault>,
    pub(crate) pace: Arc<dyn Pace>,
    pub(crate) clips: Clips,
    stall: Duration,
    overload_wait: Duration,
    file_roots: Vec<PathBuf>,
    allow_hosts: Vec<String>,
}

impl Inputs {
    pub(crate) fn new(config: &IngestConfig, vault: Arc<Vault>, pace: Arc<dyn Pace>) -> Inputs {
        Inputs {
            vault,
            pace,
            clips: Clips::new(config.cache_dir.clone()),
            stall: config.stall,
            overload_wait: config.overload_wait,
            file_roots: config.file_roots.clone(),
            allow_hosts: config.allow_hosts.clone(),
        }
    }

    /// How an address is opened.
    pub(crate) fn how(&self, login: &Login, known: Vec<TrackInfo>, live: bool) -> Open {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
        Open {
            transport: login.transport,
            live,
            probe: LIVE_PROBE,
            known: (!known.is_empty()).then_some(known),
            timeout: self.stall,
            file_roots: self.file_roots.clone(),
            allow_hosts: self.allow_hosts.clone(),
            username: some(&login.username),
            password: some(login.password.reveal()),
            ..Open::default()
        }
    }

    pub(crate) fn check(&self, address: &str) -> Result<Address> {
        check_address(address, &self.file_roots, &self.allow_hosts)
    }
}

/// Who logs in, and over which transport.
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: Secret,
    pub(crate) transport: Transport,
}

impl Login {
    /// The login of a camera in the table.
    pub(crate) fn open(attempt: &Attempt<'_>, vault: &Vault, camera: &CameraId) -> Result<Login> {
        let spec = attempt.spec;
        Ok(Login {
            username: spec.username.clone(),
            password: vault.unseal(camera, &spec.sealed_password)?,
            transport: transport(spec.transport),
        })
    }

    /// The same error without the password, should it hold it.
    pub(crate) fn scrub(&self, error: Error) -> Error {
        let clean = self.password.scrub(error.message());
        if clean == error.message() { error } else { Error::new(error.kind(), clean) }
    }
}

pub(crate) fn transport(wire: WireTransport) -> Transport {
    match wire {
        WireTransport::Tcp => Transport::Tcp,
        WireTransport::Udp => Transport::Udp,
    }
}

impl Connector for Inputs {
    fn connect(&self, attempt: &Attempt<'_>) -> Result<Box<dyn Source>> {
        let spec = attempt.spec;
        match self.check(&spec.address)? {
            Address::Network(_) => {
                let login = Login::open(attempt, &self.vault, &spec.camera)?;
                Ok(Box::new(network::open(self, attempt, login)?))
            }
            Address::File(_) => Ok(Box::new(file::open(self, attempt)?)),
            Address::Synthetic(_) => Ok(Box::new(synthetic::open(self, attempt)?)),
        }
    }
}

#[cfg(test)]
#[path = "inputs_tests.rs"]
mod tests;
