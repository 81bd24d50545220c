//! Addresses of cameras as somebody hostile would write them.
#![no_main]

use std::net::{Ipv4Addr, Ipv6Addr};

use flumen_farm::SceneSpec;
use flumen_media::{Address, check_address};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match check_address(text, &[], &[]) {
        Ok(Address::Network(url)) => network(&url),
        Ok(Address::File(path)) => panic!("{} is below no folder", path.display()),
        Ok(Address::Synthetic(rest)) => scene(&format!("synthetic:{rest}")),
        Err(_) => {}
    }
    scene(text);
});

fn scene(text: &str) {
    if let Ok(spec) = text.parse::<SceneSpec>() {
        assert_eq!(
            spec.to_string().parse::<SceneSpec>().ok(),
            Some(spec),
            "an address reads as it prints"
        );
    }
}

/// What came through must not lead to this machine.
fn network(url: &str) {
    let (scheme, rest) = url.split_once("://").expect("scheme://");
    assert!(["rtsp", "rtsps", "http", "https", "srt", "rtmp"].contains(&scheme), "{url}");
    let (user, host) = as_libav(rest);
    assert!(user.is_empty(), "{url}: libavformat sees the user {user:?}");
    let host = host.to_ascii_lowercase();
    let name = host.trim_end_matches('.');
    assert!(name != "localhost" && !name.ends_with(".localhost"), "{url}: leads to {host}");
    if let Some(ip) = as_inet_aton(name) {
        assert!(
            !ip.is_loopback() && !ip.is_link_local() && ip.octets()[0] != 0,
            "{url}: leads to {ip}"
        );
    }
    // Only names and IPv4 addresses may end in a dot.
    if let Ok(ip) = host.split('%').next().unwrap_or("").parse::<Ipv6Addr>() {
        let v4 = ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback() || ip.is_link_local());
        assert!(
            !ip.is_loopback() && !ip.is_unspecified() && !ip.is_unicast_link_local() && !v4,
            "{url}: leads to {ip}"
        );
    }
}

/// User and host as `av_url_split` of libavformat finds them.
fn as_libav(rest: &str) -> (&str, &str) {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = match host.strip_prefix('[') {
        Some(inside) => inside.split(']').next().unwrap_or(inside),
        None => host.split(':').next().unwrap_or(host),
    };
    (user, host)
}

/// One to four numbers, decimal, octal or hexadecimal, as the C library's `inet_aton` reads them.
fn as_inet_aton(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = host.split('.').map(number).collect::<Option<_>>()?;
    let (&last, front) = parts.split_last()?;
    if front.len() > 3
        || front.iter().any(|&part| part > 255)
        || last >= 1 << (8 * (4 - front.len()))
    {
        return None;
    }
    let high = front.iter().zip([24, 16, 8]).map(|(part, shift)| part << shift).sum::<u64>();
    u32::try_from(high + last).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u64> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return if hex.is_empty() { Some(0) } else { u64::from_str_radix(hex, 16).ok() };
    }
    match text.strip_prefix('0') {
        Some("") => Some(0),
        Some(octal) => u64::from_str_radix(octal, 8).ok(),
        None => text.parse().ok(),
    }
}
