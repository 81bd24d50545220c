//! Tests of the log as a whole: on a simulated disk, and against a model.

mod harness;
mod power;
