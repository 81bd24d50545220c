//! Live view: from the bus's newest records to everyone who watches.

mod direct;
mod feed;
mod hub;
mod join;
mod mux;
mod queue;
mod ring;
mod snapshot;
mod socket;
mod unit;

#[cfg(test)]
mod tests;

pub(crate) use direct::direct;
pub(crate) use feed::feed;
pub(crate) use hub::Hub;
pub(crate) use snapshot::*;
pub(crate) use socket::*;
