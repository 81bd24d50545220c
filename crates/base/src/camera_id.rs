//! The name by which a camera is known everywhere: topic key, path, URL.
//!
//! Invariants: 1 to 63 characters of `[a-z0-9-]`, the first not a hyphen.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Error, Result};

/// A valid camera id; cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CameraId(Arc<str>);

impl CameraId {
    /// Checks a name.
    ///
    /// # Errors
    /// `Invalid` with the rule when the name breaks it.
    pub fn new(name: &str) -> Result<CameraId> {
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 63 || name.starts_with('-') || !name.bytes().all(good) {
            return Err(Error::invalid(format!(
                "camera id {:?} is not valid: 1 to 63 of a-z, 0-9 and '-', not beginning with '-'",
                name.chars().take(80).collect::<String>()
            )));
        }
        Ok(CameraId(name.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CameraId {
    type Err = Error;
    fn from_str(s: &str) -> Result<CameraId> {
        CameraId::new(s)
    }
}

impl fmt::Display for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_holds_at_its_edges() {
        for good in ["a", "0", "yard-2", &"x".repeat(63)] {
            assert!(CameraId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a b", "a/../b", "ä", &"x".repeat(64)] {
            assert!(CameraId::new(bad).is_err(), "{bad}");
        }
    }
}
