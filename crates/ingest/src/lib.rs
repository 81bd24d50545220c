//! Cameras to packets on the bus.
