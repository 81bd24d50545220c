//! Cameras to packets on the bus.
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod backoff;
mod lag;
mod secret;
mod timeline;
mod vault;

pub use backoff::Backoff;
pub use secret::Secret;
pub use timeline::{Placed, Stamp, Timeline};
pub use vault::Vault;
