//! How an input is opened: transport, probing, limits, what may be reached.

use std::path::PathBuf;
use std::time::Duration;

use crate::unit::TrackInfo;

/// How RTP reaches us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Interleaved in the RTSP connection: no loss, the default.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
}

/// What hostile bytes may at most cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Widest picture.
    pub max_width: u32,
    /// Highest picture.
    pub max_height: u32,
    /// Most pixels in a picture.
    pub max_pixels: u64,
    /// Longest access unit in bytes.
    pub max_unit_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_width: 8192,
            max_height: 8192,
            max_pixels: 8192 * 4320,
            max_unit_bytes: 16 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// True when a picture of this size may be handled.
    pub fn allows(&self, width: u32, height: u32) -> bool {
        width <= self.max_width
            && height <= self.max_height
            && u64::from(width) * u64::from(height) <= self.max_pixels
    }
}

/// How to open an input.
#[derive(Clone)]
pub struct Open {
    /// RTSP only: TCP or UDP.
    pub transport: Transport,
    /// True for an input that runs in real time: little probing, no buffering.
    pub live: bool,
    /// How long to look at the stream before answering; live inputs use at most 500 ms.
    pub probe: Duration,
    /// What this input had when it was last open; saves probing.
    pub known: Option<Vec<TrackInfo>>,
    /// How long an open or a read may take before it is `Unavailable`.
    pub timeout: Duration,
    /// What hostile bytes may at most cost.
    pub limits: Limits,
    /// Folders below which files may be opened; none means no files.
    pub file_roots: Vec<PathBuf>,
    /// Hosts on the loopback or a link-local network that may be reached.
    pub allow_hosts: Vec<String>,
    /// User name for the input, never in the address.
    pub username: Option<String>,
    /// Password for the input, never in the address.
    pub password: Option<String>,
}

impl Default for Open {
    fn default() -> Open {
        Open {
            transport: Transport::Tcp,
            live: false,
            probe: Duration::from_millis(500),
            known: None,
            timeout: Duration::from_secs(10),
            limits: Limits::default(),
            file_roots: Vec::new(),
            allow_hosts: Vec::new(),
            username: None,
            password: None,
        }
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("transport", &self.transport)
            .field("live", &self.live)
            .field("probe", &self.probe)
            .field("timeout", &self.timeout)
            .field("file_roots", &self.file_roots)
            .field("username", &self.username.as_ref().map(|_| "***"))
            .field("password", &self.password.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}
