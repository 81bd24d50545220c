//! The promise between workers: topics, partitions, offsets, compacted tables.
