//! Tests of the log as a whole: on a simulated disk, and against a model.

mod damage;
mod fsync;
mod harness;
mod keep;
mod model;
mod power;
mod threads;
