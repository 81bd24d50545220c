//! Packets in, results out: the one object that every engine runs.
