//! One process asks another: an ingest process shows its cameras to the faces of its site.
//!
//! Invariants: nothing is answered without the site's token; clients, messages and queues are
//! bounded; a peer that does not answer costs a bounded time and makes its cameras offline.
//! Spec: `/peer/v1/...` as in `server`; packets as in `Packet`.
//! Not here: the face for people (`routes`).

mod announce;
mod config;
mod link;
mod model;
mod remote;
mod sender;
mod server;
mod tap;
mod token;

use std::time::Duration;

use bytes::Bytes;
use flumen_base::wire::PacketHeader;
use flumen_base::{CameraId, Result};

pub use config::PeerConfig;
pub(crate) use config::is_host_and_port;
pub use remote::{Remote, Rules};
pub use server::{Place, Server, Shown};
pub use tap::Tap;
pub use token::Token;

/// The newest packets of cameras, at once and not by way of a bus that may be away.
pub trait Latest: Send + Sync + 'static {
    /// A camera's packets: of main and sub stream each from its last key picture on, then
    /// every one that comes.
    ///
    /// # Errors
    /// `NotFound` when nobody here knows the camera, `Exhausted` when too many listen,
    /// `Unavailable` when its owner does not answer. It may block for some seconds.
    fn subscribe(&self, camera: &CameraId) -> Result<Box<dyn Packets>>;
}

/// Packets of one camera; dropping it ends the subscription.
pub trait Packets: Send {
    /// What came, in order, waiting at most `timeout` for the first; a listener that is too
    /// slow finds a hole in the sequence and goes on at the next key picture.
    ///
    /// # Errors
    /// `Unavailable` when no more will come: subscribe again.
    fn next(&mut self, timeout: Duration) -> Result<Vec<Packet>>;
}

/// One record of `flumen.video`.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// Its header.
    pub header: PacketHeader,
    /// The access unit, or a part of it.
    pub data: Bytes,
}
