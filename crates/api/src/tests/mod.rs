//! The face over real HTTP on loopback, with fakes behind it.

mod cameras;
mod description;
mod direct;
mod events;
pub(crate) mod fakes;
mod guard;
mod learning;
mod live;
mod pages;
mod peer;
mod push;
mod recordings;
mod rules;
mod site;
mod socket;
mod system;
