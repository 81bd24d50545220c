//! The embedded durable log: bytes, offsets, recovery, retention.
