//! The one thread that reads video and results from the bus for all who watch.
//!
//! Invariants: it never waits for a client; an error is told once a second.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_base::{Context, Result, topic, wire};
use flumen_bus::{Consumer, Delivered, Polled, Start, Visibility};
use prost::Message;

use crate::app::App;

const POLL: Duration = Duration::from_millis(100);
const STATES_EVERY: Duration = Duration::from_millis(500);
const BATCH: usize = 256;

/// Starts the thread.
///
/// # Errors
/// What the bus says to a new reader.
pub(crate) fn feed(app: App) -> Result<JoinHandle<()>> {
    let topics = [topic::VIDEO, topic::FRAMES];
    let reader = app.face.bus.consumer(&topics, Start::Latest, Visibility::Written)?;
    std::thread::Builder::new()
        .name("api-live".into())
        .spawn(move || run(&app, reader))
        .context("start the thread that reads live video")
}

fn run(app: &App, mut reader: Box<dyn Consumer>) {
    let (mut looked, mut units) = (None::<Instant>, 0);
    while !app.is_stopping() {
        if looked.is_none_or(|at| at.elapsed() >= STATES_EVERY) {
            app.hub.states(&app.face.cameras.status());
            let all = app.hub.units();
            let rate = looked.map(|at| (all - units) as f64 / at.elapsed().as_secs_f64());
            app.hub.progress(None, rate, true);
            (looked, units) = (Some(Instant::now()), all);
        }
        turn(app, &mut *reader);
    }
}

fn turn(app: &App, reader: &mut dyn Consumer) {
    match reader.poll(BATCH, POLL) {
        Ok(polled) => {
            let records = polled.into_iter().filter_map(|p| match p {
                Polled::Record(delivered) => Some(delivered),
                // A hole shows in the sequence of the next unit.
                Polled::Expired { .. } | Polled::Damaged { .. } => None,
            });
            let mut newest_us = None;
            for delivered in records {
                // Results may be late by themselves.
                if delivered.topic == topic::VIDEO {
                    newest_us = Some(delivered.record.timestamp_us);
                }
                record(app, delivered);
            }
            let lag_us = newest_us.map(|at| app.face.clock.wall_us().saturating_sub(at).max(0));
            app.hub.progress(lag_us, None, true);
        }
        Err(e) => {
            tracing::warn!("live video can't be read: {e}");
            app.hub.progress(None, None, false);
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

fn record(app: &App, delivered: Delivered) {
    let Delivered { topic, position, record } = delivered;
    let read = match topic.as_str() {
        topic::VIDEO => {
            let header = record.header(topic::PACKET_HEADER).cloned().unwrap_or_default();
            wire::PacketHeader::decode(header).map(|header| app.hub.packet(header, record.value))
        }
        topic::FRAMES => {
            let lag_us = app.face.clock.wall_us().saturating_sub(record.timestamp_us);
            wire::FrameResult::decode(record.value).map(|frame| {
                let source = frame.source.map(|s| (s.partition, s.offset));
                app.logs.analysed(source, lag_us.max(0));
                app.hub.frame(frame);
            })
        }
        _ => Ok(()),
    };
    if let Err(e) = read {
        tracing::warn!(topic, offset = position.offset, "a record can't be read: {e}");
    }
}
