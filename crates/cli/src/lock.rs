//! One process owns a data directory; the others find it here.
//!
//! Invariants: the lock is the kernel's (`flock`), so it ends with its process however that
//! ends; pid and address in the file are told only while the lock is held.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use flumen_base::{Context, Error, Result};
use serde::{Deserialize, Serialize};

/// Who owns a data directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    pub pid: u32,
    /// Where its API answers; none while it starts.
    pub address: Option<SocketAddr>,
}

/// Held as long as this process owns the directory.
pub struct Lock {
    file: File,
    path: PathBuf,
}

fn open(data: &Path) -> Result<(File, PathBuf)> {
    let path = data.join("lock");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .context(format!("open {}", path.display()))?;
    Ok((file, path))
}

impl Lock {
    /// Becomes the owner of `data`, which is made when it is not there.
    ///
    /// # Errors
    /// `Unavailable` with the owner's pid and address when there is one.
    pub fn take(data: &Path) -> Result<Lock> {
        std::fs::create_dir_all(data)
            .context(format!("make the data directory {}", data.display()))?;
        let (file, path) = open(data)?;
        match file.try_lock() {
            Ok(()) => {
                let mut lock = Lock { file, path };
                lock.tell(None)?;
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let owner = read(file).map_or(String::new(), |o| describe(&o));
                Err(Error::unavailable(format!(
                    "{} is in use by another flumen{owner}; stop it, or name another directory with --data",
                    data.display()
                )))
            }
            Err(TryLockError::Error(e)) => Err(Error::io(format!("lock {}", path.display()), e)),
        }
    }

    /// Tells others where the API answers.
    pub fn tell(&mut self, address: Option<SocketAddr>) -> Result<()> {
        let owner = Owner { pid: std::process::id(), address };
        let text = serde_json::to_string(&owner).expect("an owner is plain data");
        let write = |file: &mut File| {
            file.rewind()?;
            file.set_len(0)?;
            file.write_all(text.as_bytes())
        };
        write(&mut self.file).context(format!("write {}", self.path.display()))
    }
}

fn describe(owner: &Owner) -> String {
    let at = owner.address.map_or(String::new(), |a| format!(" at http://{a}"));
    format!(" (pid {}{at})", owner.pid)
}

fn read(mut file: File) -> Option<Owner> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The process that owns `data` now, if there is one.
pub fn owner(data: &Path) -> Option<Owner> {
    let file = OpenOptions::new().read(true).write(true).open(data.join("lock")).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => read(file),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time_and_found_by_others() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(owner(dir.path()), None);
        let mut lock = Lock::take(dir.path()).unwrap();
        lock.tell(Some("127.0.0.1:1234".parse().unwrap())).unwrap();
        let found = owner(dir.path()).unwrap();
        assert_eq!(found.pid, std::process::id());
        let refused = Lock::take(dir.path()).err().unwrap().to_string();
        assert!(refused.contains("127.0.0.1:1234"), "{refused}");
        drop(lock);
        assert_eq!(owner(dir.path()), None);
        assert!(Lock::take(dir.path()).is_ok());
    }
}
