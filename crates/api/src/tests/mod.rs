//! The face over real HTTP on loopback, with fakes behind it.

mod description;
