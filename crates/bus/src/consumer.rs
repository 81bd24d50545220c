//! Reading several logs of the embedded bus as one stream.
//!
//! Invariants: order holds within a partition; logs take turns; a poll holds at most about
//! 8 MiB of payload beyond the first record; waiting costs nothing.
//! Not here: reading one log (`journal`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use flumen_base::Result;
use flumen_journal::{From, Read, Reader, Signal, Stored};

use crate::{Consumer, Delivered, Polled, Position, Start, codec};

/// Payload that one poll returns at most, when it is more than one record.
const POLL_BYTES: usize = 8 << 20;

pub(crate) struct Source {
    pub topic: String,
    pub partition: u32,
    pub reader: Reader,
}

pub(crate) struct EmbeddedConsumer {
    sources: Vec<Source>,
    signal: Arc<Signal>,
    turn: usize,
}

impl EmbeddedConsumer {
    pub(crate) fn new(sources: Vec<Source>, from: &Start) -> Result<EmbeddedConsumer> {
        let signal = Arc::new(Signal::default());
        for source in &sources {
            source.reader.listen(&signal);
        }
        let mut consumer = EmbeddedConsumer { sources, signal, turn: 0 };
        consumer.go_to(from)?;
        Ok(consumer)
    }

    fn go_to(&mut self, to: &Start) -> Result<()> {
        for source in &mut self.sources {
            source.reader.seek(match to {
                Start::Earliest => From::Earliest,
                Start::Latest => From::Latest,
                Start::Time(us) => From::Time(*us),
                Start::Offsets(list) => {
                    let named = list.iter().find(|(p, _)| *p == source.partition);
                    named.map_or(From::Earliest, |(_, offset)| From::Offset(*offset))
                }
            })?;
        }
        Ok(())
    }

    /// What is there now, from each log in turn.
    fn look(&mut self, max: usize) -> Result<Vec<Polled>> {
        let mut found = Vec::new();
        let mut read = Vec::new();
        let mut room = POLL_BYTES;
        self.turn = self.turn.wrapping_add(1);
        for i in 0..self.sources.len() {
            let at = self.turn.wrapping_add(i) % self.sources.len();
            let Some(source) = self.sources.get_mut(at) else { continue };
            let result = source.reader.read(max - found.len(), room, &mut read);
            for item in read.drain(..) {
                room = room.saturating_sub(payload_bytes(&item));
                found.push(polled(&source.topic, source.partition, item));
            }
            // What was read before an error is told first; the error comes again.
            if found.is_empty() {
                result?;
            }
            if found.len() >= max || room == 0 {
                break;
            }
        }
        Ok(found)
    }
}

fn payload_bytes(item: &Read) -> usize {
    if let Read::Record(stored) = item { stored.payload.len() } else { 0 }
}

fn polled(topic: &str, partition: u32, item: Read) -> Polled {
    let topic = topic.to_owned();
    match item {
        Read::Expired { from, to } => Polled::Expired { topic, partition, from, to },
        Read::Damaged { from, to } => Polled::Damaged { topic, partition, from, to },
        Read::Record(Stored { offset, generation, timestamp_us, payload }) => {
            match codec::decode(payload, timestamp_us) {
                Some(record) => {
                    let position = Position { partition, offset, generation };
                    Polled::Record(Delivered { topic, position, record })
                }
                None => {
                    tracing::error!(topic, partition, offset, "a record that is none of the bus");
                    Polled::Damaged { topic, partition, from: offset, to: offset + 1 }
                }
            }
        }
    }
}

impl Consumer for EmbeddedConsumer {
    fn poll(&mut self, max: usize, timeout: Duration) -> Result<Vec<Polled>> {
        let until = Instant::now() + timeout;
        loop {
            let seen = self.signal.seen();
            let found = self.look(max.max(1))?;
            if !found.is_empty() || !self.signal.wait(seen, until) {
                return Ok(found);
            }
        }
    }

    fn seek(&mut self, to: Start) -> Result<()> {
        self.go_to(&to)
    }
}
