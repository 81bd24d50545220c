//! What a camera's analysis depends on besides its records.
//!
//! Units: bytes, pixels of the source picture.

use flumen_base::wire::{Policy, PrivacyMask, Rule, Zone};
use flumen_base::{Error, Result};
use flumen_media::Limits;

/// Limits and policy of one analyzer; the default suits every camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Sensitivity and smallest object of the camera.
    pub policy: Policy,
    /// Areas that are filled in every picture that goes out.
    pub masks: Vec<PrivacyMask>,
    /// Places that the rules speak of.
    pub zones: Vec<Zone>,
    /// What is to be told; none = all that moves.
    pub rules: Vec<Rule>,
    /// IANA name of the camera's time zone; empty = UTC.
    pub time_zone: String,
    /// Cameras that are learned together; empty = "site".
    pub group: String,
    /// Version of the camera record that the policy comes from.
    pub policy_version: u64,
    /// Largest side of a picture.
    pub max_side: u32,
    /// Most pixels of a picture.
    pub max_pixels: u64,
    /// Most bytes of access units that a snapshot carries.
    pub snapshot_bytes: usize,
    /// Largest access unit, joined from its parts.
    pub max_unit_bytes: usize,
    /// Width to which an event's picture is reduced.
    pub picture_width: u32,
    /// JPEG quality of an event's picture, 1 to 100.
    pub picture_quality: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            policy: Policy::default(),
            masks: Vec::new(),
            zones: Vec::new(),
            rules: Vec::new(),
            time_zone: String::new(),
            group: String::new(),
            policy_version: 0,
            max_side: 8192,
            max_pixels: 8192 * 4608,
            snapshot_bytes: 8 << 20,
            max_unit_bytes: 64 << 20,
            picture_width: 640,
            picture_quality: 80,
        }
    }
}

impl Settings {
    /// # Errors
    /// `Invalid` with the limit that is zero.
    pub(crate) fn validate(&self) -> Result<()> {
        let limits = [
            ("max_side", u64::from(self.max_side)),
            ("max_pixels", self.max_pixels),
            ("max_unit_bytes", self.max_unit_bytes as u64),
            ("picture_width", u64::from(self.picture_width)),
            ("picture_quality", u64::from(self.picture_quality)),
        ];
        match limits.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(Error::invalid(format!("analysis: {name} must be above 0"))),
            None => Ok(()),
        }
    }
}

impl Settings {
    /// The decoder's limits.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_width: self.max_side,
            max_height: self.max_side,
            max_pixels: self.max_pixels,
            max_unit_bytes: self.max_unit_bytes,
        }
    }
}
