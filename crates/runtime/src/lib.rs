//! The embedded stream runtime of one process.
