//! Events from the bus to webhooks: signed, in order, tried again, bounded.
//!
//! Invariants: an event that was durable when this room ran is delivered at least once or counted
//! as given up; a repeat on the bus is sent once; each target has its own queue and thread, so
//! that one that does not answer holds up nobody else; at most `queue` events wait for a target,
//! then the oldest go and are counted.
//! Several processes share the partitions of `flumen.events`: each event is one's to tell.
//! Durability: the oldest event that still waits is the place of the group `flumen-notify` on the
//! bus; after a restart, or in another process, delivery goes on from there, so that a receiver
//! can see an event again: it has the same `X-Flumen-Id`.
//! Spec: RFC 2104 (HMAC), RFC 9110 (HTTP).
//! Not here: which events there are (`analyzer`), what people see (`api`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod body;
mod config;
mod notify;
mod queue;
mod sign;
mod target;
#[cfg(test)]
mod tests;

pub use config::{NotifyConfig, Secret, Target};
pub use notify::{Notify, TargetStatus};
pub use sign::signature;
