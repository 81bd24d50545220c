//! Packets into the log: header, parts, and waiting while the queue is full.
//!
//! Invariants: an access unit above 8 MiB travels in parts that follow each other; the wait
//! for a full queue is bounded and ends at a stop.
//! Not here: what happens to a unit that found no place (`feed`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::wire::PacketHeader;
use flumen_base::{CameraId, Error, Kind, Result, topic};
use flumen_bus::{Bus, Pending, Record};
use prost::Message as _;

use crate::pace::{Pace, Stop};

/// Largest record value; more is split.
pub(crate) const PART_BYTES: usize = 8 << 20;
/// How often a full queue is asked again.
const RETRY: Duration = Duration::from_millis(5);

/// The way of one camera into the log.
pub(crate) struct Outbox {
    key: Bytes,
    bus: Arc<dyn Bus>,
    pace: Arc<dyn Pace>,
}

impl Outbox {
    pub(crate) fn new(camera: &CameraId, bus: Arc<dyn Bus>, pace: Arc<dyn Pace>) -> Outbox {
        Outbox { key: Bytes::copy_from_slice(camera.as_str().as_bytes()), bus, pace }
    }

    pub(crate) fn now(&self) -> Duration {
        self.pace.now()
    }

    /// Sends an access unit or a marker; the answer is of its last part, before which the
    /// others are durable.
    ///
    /// # Errors
    /// `Exhausted` when the queue stayed full for `patience`, `Cancelled` by `stop`, others as
    /// `Bus::send`.
    pub(crate) fn send(
        &self,
        mut header: PacketHeader,
        data: &Bytes,
        patience: Duration,
        stop: &Stop,
    ) -> Result<Pending> {
        header.parts = u32::try_from(data.len().div_ceil(PART_BYTES).max(1)).unwrap_or(u32::MAX);
        for part in 0.. {
            let from = (part as usize).saturating_mul(PART_BYTES).min(data.len());
            let to = from.saturating_add(PART_BYTES).min(data.len());
            header.part = part;
            let pending = self.send_one(&header, data.slice(from..to), patience, stop)?;
            if part + 1 >= header.parts {
                return Ok(pending);
            }
        }
        Err(Error::internal("a unit has a last part"))
    }

    fn send_one(
        &self,
        header: &PacketHeader,
        value: Bytes,
        patience: Duration,
        stop: &Stop,
    ) -> Result<Pending> {
        let encoded = Bytes::from(header.encode_to_vec());
        let mut waited = Duration::ZERO;
        loop {
            let record = Record {
                key: self.key.clone(),
                headers: vec![(topic::PACKET_HEADER.to_string(), encoded.clone())],
                value: value.clone(),
                timestamp_us: header.arrival_us,
            };
            match self.bus.send(topic::VIDEO, record) {
                Err(e) if e.kind() == Kind::Exhausted && waited < patience => {
                    waited += RETRY;
                    if !self.pace.wait(RETRY, stop) {
                        return Err(Error::cancelled("stopped while the log's queue was full"));
                    }
                }
                told => return told,
            }
        }
    }
}
