//! What is sent and what is read.

use bytes::Bytes;

/// What a producer sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Decides the partition; on camera topics the camera's id, or begins with it and '/'.
    pub key: Bytes,
    /// Named bytes beside the value.
    pub headers: Vec<(String, Bytes)>,
    /// The value; at most 16 MiB with key and headers.
    pub value: Bytes,
    /// Arrival time, UTC in microseconds.
    pub timestamp_us: i64,
}

impl Record {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Partition of the topic.
    pub partition: u32,
    /// Counts the records of the partition from 0.
    pub offset: u64,
    /// Grows each time the partition lost a tail that was never acknowledged.
    pub generation: u32,
}

/// A durable record's place.
pub type Ack = Position;

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its topic.
    pub topic: String,
    /// Its place.
    pub position: Position,
    /// The record.
    pub record: Record,
}

/// What a reader is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// The next record.
    Record(Delivered),
    /// Retention removed `from..to` before this reader came to it.
    Expired {
        /// Topic of the lost span.
        topic: String,
        /// Partition of the lost span.
        partition: u32,
        /// First offset that is gone.
        from: u64,
        /// First offset that is there.
        to: u64,
    },
    /// `from..to` is damaged in the log and was skipped.
    Damaged {
        /// Topic of the damage.
        topic: String,
        /// Partition of the damage.
        partition: u32,
        /// First offset that can't be read.
        from: u64,
        /// First offset that can be read again.
        to: u64,
    },
}

/// Where a reader begins, in each partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The oldest record that is kept.
    Earliest,
    /// Behind the newest record.
    Latest,
    /// The given (partition, offset)s; partitions not named begin at the oldest.
    Offsets(Vec<(u32, u64)>),
    /// The first record whose timestamp is at or after this, UTC microseconds.
    Time(i64),
}

/// Which records a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// As soon as they are written: live view and analysis.
    Written,
    /// Only when durable: archive and checkpoints.
    Durable,
}

/// Offsets of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// The partition.
    pub partition: u32,
    /// Oldest offset that is kept.
    pub first: u64,
    /// Offset the next record gets.
    pub next: u64,
    /// Records below this are durable.
    pub durable: u64,
    /// The log's generation.
    pub generation: u32,
    /// Bytes on disk.
    pub bytes: u64,
}
