//! Synthetic cameras with exact ground truth.
