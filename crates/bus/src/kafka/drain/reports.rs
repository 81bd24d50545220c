//! What Kafka said about records: acknowledged, refused, given back.

use std::time::Instant;

use flumen_base::Error;
use rdkafka::error::RDKafkaErrorCode;

use super::super::client::{hint_of, kind_of};
use super::super::lock;
use super::super::sender::Report;
use super::Drain;
use crate::Position;

impl Drain {
    pub(super) fn take_reports(&mut self) {
        for report in self.reports.take() {
            self.take_report(report);
        }
        self.window.advance();
    }

    fn take_report(&mut self, report: Report) {
        let Report { offset, result } = report;
        match result {
            Ok(placed) => {
                let Some(item) = self.window.done(offset) else { return };
                let guess = self.newest.get(&placed.partition).map_or(0, |o| o + 1);
                let at = placed.offset.unwrap_or(guess);
                self.newest.insert(placed.partition, at);
                let position = Position { partition: placed.partition, offset: at, generation: 0 };
                self.shared.spool.tell(item.number, Ok(position));
                let mut figures = lock(&self.shared.figures);
                figures.moved = Some(Instant::now());
                figures.problem = None;
            }
            Err(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight) => {
                self.window.give_back(offset);
            }
            Err(code @ (RDKafkaErrorCode::InvalidRecord | RDKafkaErrorCode::InvalidMessage)) => {
                tracing::error!(%code, "Kafka will never take a record: it is dropped");
                self.give_up(offset, code);
            }
            Err(code) => {
                self.window.give_back(offset);
                let what = format!("Kafka refuses a record: {code}{}", hint_of(code));
                self.stumble(&Error::new(kind_of(code), what));
            }
        }
    }

    /// A record that Kafka never takes; its key is not known any more.
    fn give_up(&mut self, offset: u64, code: RDKafkaErrorCode) {
        if let Some(item) = self.window.done(offset) {
            lock(&self.shared.figures).dropped += 1;
            let why = Error::invalid(format!("Kafka refuses the record: {code}"));
            self.shared.spool.tell(item.number, Err(why));
        }
    }
}
