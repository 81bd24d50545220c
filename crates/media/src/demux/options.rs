//! What libavformat is told when an input is opened: protocols, transport, probing.
//!
//! Units: microseconds in libavformat's own options.

use std::time::Duration;

use crate::open::{Open, Transport};

/// How much to look at before answering: bytes and time.
pub(super) fn probe(open: &Open) -> (i64, Duration) {
    if open.live {
        (500_000, open.probe.min(Duration::from_millis(500)))
    } else {
        (5_000_000, Duration::from_secs(5))
    }
}

/// What libavformat may use to reach an address of this scheme.
pub(super) fn protocols(scheme: &str) -> &'static str {
    match scheme {
        "rtsp" => "rtsp,rtp,udp,tcp",
        "rtsps" => "rtsp,rtp,udp,tcp,tls",
        "http" => "http,tcp",
        "https" => "https,tls,tcp",
        "srt" => "srt",
        "rtmp" => "rtmp,tcp",
        _ => "none",
    }
}

/// Options of libavformat's protocols; times in microseconds.
pub(super) fn protocol_options(scheme: &str, open: &Open) -> Vec<(&'static str, String)> {
    let micros = open.timeout.as_micros().to_string();
    match scheme {
        "rtsp" | "rtsps" => {
            let transport = match open.transport {
                Transport::Tcp => "tcp",
                Transport::Udp => "udp",
            };
            vec![
                ("rtsp_transport", transport.into()),
                ("allowed_media_types", "video+audio".into()),
                ("timeout", micros),
            ]
        }
        "http" | "https" => vec![("rw_timeout", micros)],
        "srt" => vec![("mode", "caller".into()), ("timeout", micros)],
        "rtmp" => vec![("rtmp_live", "live".into()), ("rw_timeout", micros)],
        _ => Vec::new(),
    }
}
