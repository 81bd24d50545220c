//! The section `[peer]` of the configuration.
//!
//! Invariants: only loopback unless an address is written down; one that others reach also
//! needs the name by which they reach it.

use std::net::{Ipv4Addr, SocketAddr};

use flumen_base::{Error, Result};
use serde::{Deserialize, Serialize};

/// Where an ingest process answers the faces of its site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeerConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How others reach it, as HOST:PORT; empty = the address that is listened on.
    pub address: String,
    /// Connections at a time.
    pub max_connections: usize,
}

impl Default for PeerConfig {
    fn default() -> PeerConfig {
        PeerConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            address: String::new(),
            max_connections: 64,
        }
    }
}

impl PeerConfig {
    /// Checks what a person wrote.
    ///
    /// # Errors
    /// `Invalid` for an address that nobody can reach, or a limit out of range.
    pub fn validate(&self) -> Result<()> {
        if self.listen.ip().is_unspecified() && self.address.is_empty() {
            return Err(Error::invalid(format!(
                "peer.listen = \"{}\" listens everywhere: write in peer.address under which \
                 HOST:PORT the other processes reach this machine, on a private network, as \
                 what goes over it is not encrypted",
                self.listen
            )));
        }
        if !self.address.is_empty() && !is_host_and_port(&self.address) {
            return Err(Error::invalid(format!(
                "peer.address = \"{}\" is not HOST:PORT",
                self.address
            )));
        }
        if !(1..=4096).contains(&self.max_connections) {
            return Err(Error::invalid(format!(
                "peer.max_connections = {} is out of range: use 1 to 4096",
                self.max_connections
            )));
        }
        Ok(())
    }
}

/// A name or an IP address, and a port that is not 0; nothing that a URL could take for more.
pub(crate) fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let plain = |host: &str| {
        !host.is_empty()
            && host.len() <= 253
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    let v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host = v6.map_or_else(|| plain(host), |v6| v6.parse::<std::net::Ipv6Addr>().is_ok());
    host && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_everywhere_needs_a_name() {
        let at = |listen: &str, address: &str| {
            let config = PeerConfig {
                listen: listen.parse().unwrap(),
                address: address.into(),
                ..PeerConfig::default()
            };
            config.validate().is_ok()
        };
        assert!(PeerConfig::default().validate().is_ok());
        assert!(at("127.0.0.1:7000", "") && at("10.0.0.3:7000", ""));
        assert!(!at("0.0.0.0:7000", "") && at("0.0.0.0:7000", "ingest-1.site:7000"));
        assert!(!at("[::]:7000", "") && at("[::]:7000", "[fd00::3]:7000"));
        for bad in ["x", "x:", ":1", "x:0", "x:+1", "x/y:1", "a b:1", "u@x:1", "[::1:1", "x:70000"]
        {
            assert!(!at("127.0.0.1:0", bad), "{bad}");
        }
    }
}
