//! Footage is made by our own encoder.
