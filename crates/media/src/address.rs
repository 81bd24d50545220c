//! Which addresses may be opened at all.
//!
//! Invariants: schemes rtsp, rtsps, http, https, srt, rtmp, synthetic and file, nothing else;
//! files only below the given folders after resolving links; a loopback, link-local or
//! unspecified host only when listed; no user name or password in an address.

use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use flumen_base::{Error, Result};

use crate::open::Open;

const NETWORK: [(&str, u16); 6] =
    [("rtsp", 554), ("rtsps", 322), ("http", 80), ("https", 443), ("srt", 9710), ("rtmp", 1935)];

/// An address that was looked at and may be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A file, links resolved.
    File(PathBuf),
    /// A network address without user name and password.
    Network(String),
    /// A synthetic camera: what stands after `synthetic:`.
    Synthetic(String),
}

/// Looks at an address before anything is opened; asks no name server.
///
/// # Errors
/// `Invalid` with the reason when the address may not be opened, `NotFound` for a missing file.
pub fn check_address(address: &str, roots: &[PathBuf], allow_hosts: &[String]) -> Result<Address> {
    if address.len() > 2048 || address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid(
            "an address has at most 2048 characters, without spaces and control characters",
        ));
    }
    let (scheme, rest) = address.split_once(':').ok_or_else(|| {
        Error::invalid("an address begins with its scheme, for example rtsp://camera/stream")
    })?;
    match scheme.to_ascii_lowercase().as_str() {
        "synthetic" => Ok(Address::Synthetic(rest.to_owned())),
        "file" => check_file(rest, roots).map(Address::File),
        lower if NETWORK.iter().any(|(name, _)| *name == lower) => {
            check_network(lower, rest, allow_hosts)
        }
        other => Err(Error::invalid(format!(
            "addresses of scheme {other:?} are never opened; use rtsp, rtsps, http, https, srt, \
             rtmp, file or synthetic"
        ))),
    }
}

fn check_file(rest: &str, roots: &[PathBuf]) -> Result<PathBuf> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if roots.is_empty() {
        return Err(Error::invalid(
            "files are not opened: no folder for them is named in the configuration",
        ));
    }
    let path = Path::new(path);
    let found = path.canonicalize().map_err(|e| {
        // Outside the folders nobody learns what exists.
        match roots.iter().any(|root| path.starts_with(root)) {
            true => Error::io(format!("open {}", path.display()), e),
            false => outside(path),
        }
    })?;
    let inside = roots
        .iter()
        .filter_map(|root| root.canonicalize().ok())
        .any(|root| found.starts_with(root));
    if !inside {
        return Err(outside(path));
    }
    if !found.is_file() {
        return Err(Error::invalid(format!("{} is not a regular file", path.display())));
    }
    Ok(found)
}

fn outside(path: &Path) -> Error {
    Error::invalid(format!(
        "{} is not below a folder that the configuration names for files",
        path.display()
    ))
}

fn check_network(scheme: &str, rest: &str, allow_hosts: &[String]) -> Result<Address> {
    let rest = rest
        .strip_prefix("//")
        .ok_or_else(|| Error::invalid(format!("write {scheme}://host/path")))?;
    let authority = authority(rest);
    if authority.contains('@') {
        return Err(Error::invalid(
            "user name and password go into their own fields, not into the address",
        ));
    }
    let (host, _) = split_host(authority, scheme)?;
    let listed = is_listed(host, authority, allow_hosts);
    if !listed && is_local_name(host) {
        return Err(refused(host));
    }
    if let Some(ip) = literal(host) {
        if !listed && is_local(ip) {
            return Err(refused(host));
        }
    } else if looks_numeric(host) {
        return Err(Error::invalid(format!("{host}: write an IP address as four numbers")));
    }
    if scheme == "srt" && rest.contains("mode=") {
        return Err(Error::invalid("srt: only calling is possible, leave mode= out"));
    }
    if scheme == "rtmp" && rest.contains("listen") {
        return Err(Error::invalid("rtmp: only calling is possible, leave listen out"));
    }
    Ok(Address::Network(format!("{scheme}://{rest}")))
}

fn authority(rest: &str) -> &str {
    // As libavformat sees it: a backslash ends nothing.
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(..end).unwrap_or(rest)
}

/// Host (without brackets) and port.
fn split_host<'a>(authority: &'a str, scheme: &str) -> Result<(&'a str, u16)> {
    let default = NETWORK.iter().find(|(name, _)| *name == scheme).map_or(0, |(_, port)| *port);
    let bad = || Error::invalid(format!("{authority:?} is not a host, or host:port"));
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(bad)?;
            (host, port.strip_prefix(':').or(port.is_empty().then_some("")).ok_or_else(bad)?)
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let port = if port.is_empty() { default } else { port.parse().map_err(|_| bad())? };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return Err(bad());
    }
    Ok((host, port))
}

fn is_listed(host: &str, authority: &str, allow_hosts: &[String]) -> bool {
    allow_hosts
        .iter()
        .any(|listed| listed.eq_ignore_ascii_case(host) || listed.eq_ignore_ascii_case(authority))
}

fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

fn literal(host: &str) -> Option<IpAddr> {
    host.split('%').next().and_then(|ip| ip.parse().ok())
}

/// 127.1, 0x7f000001, 2130706433: forms that a resolver takes and a reader misreads.
fn looks_numeric(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or("");
    last.starts_with("0x") || last.starts_with("0X") || last.chars().all(|c| c.is_ascii_digit())
}

fn is_local(ip: IpAddr) -> bool {
    let v4 = |ip: Ipv4Addr| {
        ip.is_loopback() || ip.is_link_local() || ip.is_broadcast() || ip.octets()[0] == 0
    };
    match ip {
        IpAddr::V4(ip) => v4(ip),
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unicast_link_local()
                || ip.to_ipv4().is_some_and(v4)
        }
    }
}

fn refused(host: &str) -> Error {
    Error::invalid(format!(
        "{host} is this machine or a link-local host; such hosts are reached only when the \
         configuration lists them in allow_hosts"
    ))
}

/// Asks the name server and refuses a name that leads to a local host.
pub(crate) fn check_resolved(url: &str, allow_hosts: &[String]) -> Result<()> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = authority(rest);
    let (host, port) = split_host(authority, scheme)?;
    if is_listed(host, authority, allow_hosts) || literal(host).is_some() {
        return Ok(());
    }
    let found = (host, port)
        .to_socket_addrs()
        .map_err(|e| Error::unavailable(format!("look up {host}: {e}")))?;
    for address in found {
        if is_local(address.ip()) {
            return Err(refused(host));
        }
    }
    Ok(())
}

/// Looks at where a server sent us: the same rules, but for the credentials that we put in.
pub(crate) fn check_location(location: &str, allow_hosts: &[String]) -> Result<()> {
    let (scheme, rest) = location.split_once("://").unwrap_or(("", location));
    let authority = authority(rest);
    let plain = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let checked = format!("{scheme}://{plain}/");
    check_address(&checked, &[], allow_hosts)
        .and_then(|_| check_resolved(&checked, allow_hosts))
        .map_err(|e| {
            Error::invalid(format!("the server sends us elsewhere, which is refused: {e}"))
        })
}

/// The address as libavformat wants it, user name and password percent-encoded.
pub(crate) fn with_credentials(url: &str, open: &Open) -> Result<String> {
    let Some(user) = open.username.as_deref().filter(|user| !user.is_empty()) else {
        return Ok(url.to_owned());
    };
    let (scheme, rest) =
        url.split_once("://").ok_or_else(|| Error::internal("an address without scheme"))?;
    let password = open.password.as_deref().unwrap_or("");
    Ok(format!("{scheme}://{}:{}@{rest}", encode(user), encode(password)))
}

fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use flumen_base::Kind;
    use proptest::prelude::*;

    use super::*;

    fn refusal(address: &str) -> String {
        let error = check_address(address, &[], &[]).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{address}");
        error.to_string()
    }

    #[test]
    fn only_listed_schemes_pass() {
        for address in [
            "exec:rm -rf",
            "pipe:0",
            "lavfi:x",
            "concat:a|b",
            "/etc/passwd",
            "udp://1.2.3.4:1",
            "subfile,,:x",
            "data:x",
            "rtmps://cam/x",
            "hls+http://cam/x",
            "crypto:file:/x",
        ] {
            refusal(address);
        }
        for address in
            ["rtsp://cam/1", "RTSP://cam:8554/1?x=1", "https://10.0.0.3/a", "srt://cam:9"]
        {
            assert!(matches!(check_address(address, &[], &[]), Ok(Address::Network(_))));
        }
        assert_eq!(
            check_address("synthetic:yard?seed=1", &[], &[]).unwrap(),
            Address::Synthetic("yard?seed=1".into())
        );
    }

    #[test]
    fn local_hosts_need_to_be_listed() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0.0.0.0",
            "169.254.169.254",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fe80::1%eth0]",
            "[::ffff:127.0.0.1]",
        ] {
            refusal(&format!("rtsp://{host}/x"));
        }
        let allow = ["localhost".to_owned(), "127.0.0.1:8554".to_owned()];
        assert!(check_address("rtsp://localhost:1/x", &[], &allow).is_ok());
        assert!(check_address("rtsp://127.0.0.1:8554/x", &[], &allow).is_ok());
        assert!(check_address("rtsp://127.0.0.1:8555/x", &[], &allow).is_err());
    }

    #[test]
    fn a_hexadecimal_host_in_capitals_is_a_number_too() {
        for host in ["0X7f000001", "127.0X1", "0X66"] {
            refusal(&format!("rtsp://{host}/x"));
        }
    }

    #[test]
    fn a_backslash_hides_no_host_behind_it() {
        // libavformat ends the authority at / ? # only and takes the host behind the @.
        for address in ["rtsp://cam\\@localhost/x", "http://cam\\x@127.0.0.1:80/", "rtsp://cam\\x"]
        {
            refusal(address);
        }
        assert!(check_location("http://10.0.0.3\\@127.0.0.1/x", &[]).is_err());
        assert!(check_location("http://me:pw@10.0.0.3/x", &[]).is_ok());
    }

    #[test]
    fn credentials_in_an_address_are_refused_and_never_repeated() {
        let told = refusal("rtsp://me:secret@cam/1");
        assert!(told.contains("own fields") && !told.contains("secret"));
        let open = Open {
            username: Some("me".into()),
            password: Some("p@ss/w:rd".into()),
            ..Open::default()
        };
        assert_eq!(
            with_credentials("rtsp://cam/1", &open).unwrap(),
            "rtsp://me:p%40ss%2Fw%3Ard@cam/1"
        );
    }

    #[test]
    fn files_only_below_the_roots_also_through_links() {
        let dir = tempfile::tempdir().unwrap();
        let (root, other) = (dir.path().join("root"), dir.path().join("other"));
        for folder in [&root, &other] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("a.mp4"), b"x").unwrap();
        }
        std::os::unix::fs::symlink(other.join("a.mp4"), root.join("link.mp4")).unwrap();
        let roots = [root.clone()];
        let check = |p: &Path| check_address(&format!("file://{}", p.display()), &roots, &[]);
        assert!(matches!(check(&root.join("a.mp4")), Ok(Address::File(_))));
        for path in
            [other.join("a.mp4"), root.join("link.mp4"), root.join("../other/a.mp4"), root.clone()]
        {
            assert_eq!(check(&path).unwrap_err().kind(), Kind::Invalid);
        }
        assert_eq!(check(&root.join("none.mp4")).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(check(&other.join("none.mp4")).unwrap_err().kind(), Kind::Invalid);
        assert!(refusal("file:/etc/passwd").contains("no folder"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(rtsp|http|file|srt)?:?/?/?\\PC{0,40}") {
            let _ = check_address(&text, &[PathBuf::from("/nowhere")], &["x".into()]);
        }
    }
}
