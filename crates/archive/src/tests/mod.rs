//! The archive on a real bus, with footage coded by us.

mod faults;
mod keeping;
mod rebuilding;
mod recording;
mod rig;
