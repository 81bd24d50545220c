//! What this room is told.

use std::path::PathBuf;

use flumen_base::{Error, Result};

/// Settings of embedded learning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnConfig {
    /// Where the state lies.
    pub dir: PathBuf,
    /// Names this training in its cards: 1 to 63 of a-z, 0-9 and '-'.
    pub name: String,
}

impl LearnConfig {
    /// # Errors
    /// `Invalid` for a name that cannot stand in a card.
    pub fn validate(&self) -> Result<()> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > 63 || !self.name.chars().all(good) {
            return Err(Error::invalid(format!(
                "learn.name = {:?}: use 1 to 63 of a-z, 0-9 and '-'",
                self.name
            )));
        }
        Ok(())
    }

    /// The lineage of its cards.
    #[must_use]
    pub fn lineage(&self) -> String {
        format!("flumen/{}", self.name)
    }
}
