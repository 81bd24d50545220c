//! Passwords at rest: sealed with the site's key file.
//!
//! Sealed form: version (1 byte), nonce (24 bytes), XChaCha20-Poly1305 of the password with
//! 16 bytes of tag. Version 1 is bound to one camera: the associated data is the version, a
//! purpose and the camera's id, so that it does not open when moved to another. Version 2 is
//! bound to the site alone.
//! Invariants: the key file holds exactly 32 random bytes, readable by its owner alone, and
//! appears whole or not at all; a key that exists is never replaced.
//! Spec: draft-irtf-cfrg-xchacha-03, RFC 8439.
//! Not here: who may see a password (nobody; `api` never returns one).

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use flumen_base::{CameraId, Context as _, Error, Result};

use crate::secret::Secret;

const ONE_CAMERA: u8 = 1;
const ANY_CAMERA: u8 = 2;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Longest password that is sealed.
const MAX_PASSWORD_BYTES: usize = 1024;

/// Seals and opens passwords with one key.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    path: PathBuf,
}

impl Vault {
    /// Reads the key file, or makes one with mode 0600 when there is none.
    ///
    /// *Durability*: a new key is on disk, file and directory, when this returns.
    ///
    /// # Errors
    /// `Invalid` when the file can be read by others or is no key; I/O kinds as they come.
    pub fn open(path: &Path) -> Result<Vault> {
        let key = match fs::read(path) {
            Ok(key) => key,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => create(path)?,
            Err(e) => return Err(Error::io(format!("read the key file {}", path.display()), e)),
        };
        check(path, &key)?;
        let cipher = XChaCha20Poly1305::new_from_slice(&key)
            .map_err(|_| Error::internal("a checked key has 32 bytes"))?;
        Ok(Vault { cipher, path: path.to_path_buf() })
    }

    /// Seals a password, for one camera where it is named; an empty one becomes empty bytes.
    ///
    /// # Errors
    /// `Invalid` above 1024 bytes.
    pub fn seal(&self, camera: Option<&CameraId>, password: &Secret) -> Result<Bytes> {
        if password.is_empty() {
            return Ok(Bytes::new());
        }
        if password.reveal().len() > MAX_PASSWORD_BYTES {
            return Err(Error::invalid("a password has at most 1024 bytes"));
        }
        let mut nonce = [0u8; NONCE_BYTES];
        random(&mut nonce)?;
        let payload = Payload { msg: password.reveal().as_bytes(), aad: &bound_to(camera) };
        let version = if camera.is_some() { ONE_CAMERA } else { ANY_CAMERA };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::internal("sealing a short text cannot fail"))?;
        let mut out = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
        out.push(version);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out.into())
    }

    /// Opens the sealed password of a camera; empty bytes are no password.
    ///
    /// # Errors
    /// `Unsupported` for a newer form; `DataLoss` when the bytes are damaged, or were sealed
    /// with another key or for another camera.
    pub fn unseal(&self, camera: &CameraId, sealed: &[u8]) -> Result<Secret> {
        let Some((&version, rest)) = sealed.split_first() else {
            return Ok(Secret::default());
        };
        let bound = match version {
            ONE_CAMERA => Some(camera),
            ANY_CAMERA => None,
            _ => {
                return Err(Error::unsupported(format!(
                    "the password of camera {camera} is sealed in form {version}, which this \
                     build does not know: enter it again"
                )));
            }
        };
        let opened = rest.split_first_chunk::<NONCE_BYTES>().and_then(|(nonce, body)| {
            let payload = Payload { msg: body, aad: &bound_to(bound) };
            self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
        });
        let text = opened.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
            Error::data_loss(format!(
                "the password of camera {camera} does not open with the key {}: enter the \
                 password again, or put the key back that it was sealed with",
                self.path.display()
            ))
        })?;
        Ok(Secret::new(text))
    }
}

fn bound_to(camera: Option<&CameraId>) -> Vec<u8> {
    let mut aad = vec![if camera.is_some() { ONE_CAMERA } else { ANY_CAMERA }];
    aad.extend_from_slice(b"flumen camera password\0");
    aad.extend_from_slice(camera.map_or("", CameraId::as_str).as_bytes());
    aad
}

fn random(into: &mut [u8]) -> Result<()> {
    getrandom::fill(into)
        .map_err(|e| Error::unavailable(format!("the system gives no random bytes: {e}")))
}

fn check(path: &Path, key: &[u8]) -> Result<()> {
    let name = path.display();
    if key.len() != KEY_BYTES {
        return Err(Error::invalid(format!(
            "the key file {name} has {} bytes instead of {KEY_BYTES}: put the right one back, or \
             remove it and enter the cameras' passwords again",
            key.len()
        )));
    }
    let mode = fs::metadata(path).context(format!("look at {name}"))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Error::invalid(format!(
            "the key file {name} can be read by others (mode {:o}): run `chmod 600 {name}`",
            mode & 0o777
        )));
    }
    Ok(())
}

/// Writes a new key beside its place, syncs it, and links it there unless one exists by then.
fn create(path: &Path) -> Result<Vec<u8>> {
    let name = path.display();
    let parent = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).context(format!("make {}", parent.display()))?;
    let mut key = vec![0u8; KEY_BYTES];
    random(&mut key)?;
    let tmp = path.with_extension(format!("tmp-{}", std::process::id()));
    let written = write_synced(&tmp, &key).and_then(|()| match fs::hard_link(&tmp, path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    });
    let removed = fs::remove_file(&tmp);
    written.context(format!("make the key file {name}"))?;
    removed.context(format!("remove {}", tmp.display()))?;
    File::open(parent)
        .and_then(|dir| dir.sync_all())
        .context(format!("sync {}", parent.display()))?;
    fs::read(path).context(format!("read the key file {name}"))
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_base::Kind;

    fn camera(name: &str) -> CameraId {
        CameraId::new(name).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_again_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/key");
        let secret = Secret::new("pässword 1");
        let sealed = Vault::open(&path).unwrap().seal(Some(&camera("yard")), &secret).unwrap();
        let vault = Vault::open(&path).unwrap();
        assert_eq!(vault.unseal(&camera("yard"), &sealed).unwrap(), secret);
        assert!(!sealed.windows(8).any(|w| w == b"password"));
        let again = vault.seal(Some(&camera("yard")), &secret).unwrap();
        assert_ne!(again, sealed, "each sealing has its own nonce");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays");
    }

    #[test]
    fn no_password_stays_no_password() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(&dir.path().join("key")).unwrap();
        assert!(vault.seal(Some(&camera("yard")), &Secret::default()).unwrap().is_empty());
        assert!(vault.unseal(&camera("yard"), b"").unwrap().is_empty());
        let long = Secret::new("x".repeat(MAX_PASSWORD_BYTES + 1));
        assert_eq!(vault.seal(Some(&camera("yard")), &long).unwrap_err().kind(), Kind::Invalid);
    }

    #[test]
    fn another_camera_key_or_a_flipped_bit_does_not_open() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(&dir.path().join("key")).unwrap();
        let other = Vault::open(&dir.path().join("other")).unwrap();
        let sealed = vault.seal(Some(&camera("yard")), &Secret::new("hunter2")).unwrap();
        assert!(vault.unseal(&camera("door"), &sealed).is_err());
        assert!(other.unseal(&camera("yard"), &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.to_vec();
            damaged[at] ^= 1;
            let told = vault.unseal(&camera("yard"), &damaged).unwrap_err();
            assert!(!told.to_string().contains("hunter2"));
        }
        for short in 1..sealed.len() {
            assert!(vault.unseal(&camera("yard"), &sealed[..short]).is_err());
        }
    }

    #[test]
    fn an_open_or_damaged_key_file_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        Vault::open(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Vault::open(&path).err().unwrap().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, b"short").unwrap();
        assert_eq!(Vault::open(&path).err().unwrap().kind(), Kind::Invalid);
        assert_eq!(fs::read(&path).unwrap(), b"short");
    }
}
