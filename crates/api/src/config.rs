//! The section `[api]` of the configuration.
//!
//! Invariants: the address is a loopback one; every limit is at least 1.

use std::net::{Ipv4Addr, SocketAddr};

use flumen_base::{Error, Result};
use serde::{Deserialize, Serialize};

/// Where the face listens and how much it carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// Address and port; port 0 takes a free one. Only loopback addresses for now.
    pub listen: SocketAddr,
    /// Open WebSockets at a time, live view, events and push together.
    pub max_websockets: usize,
    /// Recordings that are played or downloaded at a time.
    pub max_downloads: usize,
    /// Connections at a time.
    pub max_connections: usize,
}

impl Default for ApiConfig {
    fn default() -> ApiConfig {
        ApiConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            max_websockets: 64,
            max_downloads: 16,
            max_connections: 512,
        }
    }
}

impl ApiConfig {
    /// The defaults at another address.
    pub fn at(listen: SocketAddr) -> ApiConfig {
        ApiConfig { listen, ..ApiConfig::default() }
    }

    /// Checks what a person wrote.
    ///
    /// # Errors
    /// `Unsupported` for an address that others can reach, `Invalid` for a limit of 0.
    pub fn validate(&self) -> Result<()> {
        if !self.listen.ip().is_loopback() {
            return Err(Error::unsupported(format!(
                "api.listen = \"{}\" is refused: this version has no users and no passwords of \
                 its own, so whoever reaches the address sees every camera; use 127.0.0.1:{port}, \
                 and from another machine `ssh -L {port}:127.0.0.1:{port} HOST`",
                self.listen,
                port = self.listen.port()
            )));
        }
        let limits = [
            ("max_websockets", self.max_websockets),
            ("max_downloads", self.max_downloads),
            ("max_connections", self.max_connections),
        ];
        match limits.into_iter().find(|(_, n)| *n == 0 || *n > 65_536) {
            Some((name, n)) => {
                Err(Error::invalid(format!("api.{name} = {n} is out of range: use 1 to 65536")))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_base::Kind;

    #[test]
    fn only_loopback_is_served() {
        for good in ["127.0.0.1:0", "127.9.0.1:80", "[::1]:80"] {
            assert!(ApiConfig::at(good.parse().unwrap()).validate().is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:80", "[::]:80", "192.168.1.2:80", "[fe80::1]:80"] {
            let told = ApiConfig::at(bad.parse().unwrap()).validate().unwrap_err();
            assert_eq!(told.kind(), Kind::Unsupported, "{bad}");
            assert!(told.message().contains("no users"), "{told}");
        }
        let none = ApiConfig { max_websockets: 0, ..ApiConfig::default() };
        assert_eq!(none.validate().unwrap_err().kind(), Kind::Invalid);
    }
}
