//! Events as they happen: one reader of the bus for all clients.
//!
//! Invariants: at most `QUEUE` events wait for a client, and as many for their picture; pictures
//! are kept up to `PICTURE_BYTES`, the oldest go first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::{Context, Result, topic, wire};
use flumen_bus::{Consumer, Delivered, Polled, Start, Visibility};
use prost::Message;
use tokio::sync::broadcast;

use crate::app::App;
use crate::model::Event;

const QUEUE: usize = 256;
const PICTURE_BYTES: usize = 32 << 20;
const POLL: Duration = Duration::from_millis(100);

/// Events for whoever listens, and the newest pictures.
pub(crate) struct News {
    told: broadcast::Sender<Arc<str>>,
    pictures: Mutex<Pictures>,
}

#[derive(Default)]
struct Pictures {
    bytes: usize,
    kept: VecDeque<wire::Picture>,
    /// Events that were told with a picture which has not come yet.
    awaited: VecDeque<Bytes>,
}

impl Default for News {
    fn default() -> News {
        News { told: broadcast::Sender::new(QUEUE), pictures: Mutex::default() }
    }
}

impl News {
    /// Events from now on, as JSON.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.told.subscribe()
    }

    /// The newest picture of an event, while it is kept.
    pub(crate) fn picture(&self, event: &[u8]) -> Option<Bytes> {
        let pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |p: &&wire::Picture| p.event_id == event;
        pictures.kept.iter().rev().find(of).map(|p| p.jpeg.clone())
    }

    /// Whether an event was told just now whose picture is still on its way.
    pub(crate) fn awaits_picture(&self, event: &[u8]) -> bool {
        let pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.awaited.iter().any(|id| id == event)
    }

    /// Takes a record of `flumen.events` or `flumen.pictures`; others are left alone.
    pub(crate) fn record(&self, delivered: &Delivered) {
        let value = delivered.record.value.clone();
        match delivered.topic.as_str() {
            topic::EVENTS => match wire::Event::decode(value) {
                Ok(event) => self.event(&event),
                Err(e) => unreadable(delivered, &e),
            },
            topic::PICTURES => match wire::Picture::decode(value) {
                Ok(picture) if picture.event_id.is_empty() => {} // it belongs to no event
                Ok(picture) => self.keep(picture),
                Err(e) => unreadable(delivered, &e),
            },
            _ => {}
        }
    }

    fn event(&self, event: &wire::Event) {
        if event.picture {
            self.pictures.lock().unwrap_or_else(PoisonError::into_inner).wait_for(&event.id);
        }
        if let Ok(text) = serde_json::to_string(&Event::from(event)) {
            // Nobody listening is fine.
            let _ = self.told.send(text.into());
        }
    }

    fn keep(&self, picture: wire::Picture) {
        let mut pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.bytes += picture.jpeg.len();
        pictures.awaited.retain(|id| *id != picture.event_id);
        pictures.kept.push_back(picture);
        while pictures.bytes > PICTURE_BYTES {
            let Some(gone) = pictures.kept.pop_front() else { break };
            pictures.bytes -= gone.jpeg.len();
        }
    }
}

impl Pictures {
    fn wait_for(&mut self, event: &Bytes) {
        if self.kept.iter().any(|p| p.event_id == *event) {
            return;
        }
        self.awaited.push_back(event.clone());
        if self.awaited.len() > QUEUE {
            self.awaited.pop_front();
        }
    }
}

fn unreadable(delivered: &Delivered, why: &prost::DecodeError) {
    let at = delivered.position;
    tracing::warn!(topic = delivered.topic, offset = at.offset, "a record can't be read: {why}");
}

/// Starts the thread that reads events and pictures.
///
/// # Errors
/// What the bus says to a new reader.
pub(crate) fn feed(app: App) -> Result<JoinHandle<()>> {
    let topics = [topic::EVENTS, topic::PICTURES];
    let mut reader = app.face.bus.consumer(&topics, Start::Latest, Visibility::Written)?;
    std::thread::Builder::new()
        .name("api-events".into())
        .spawn(move || {
            while !app.is_stopping() {
                turn(&app, &mut *reader);
            }
        })
        .context("start the thread that reads events")
}

fn turn(app: &App, reader: &mut dyn Consumer) {
    match reader.poll(256, POLL) {
        Ok(polled) => {
            for one in polled {
                if let Polled::Record(delivered) = one {
                    app.news.record(&delivered);
                }
            }
        }
        Err(e) => {
            tracing::warn!("events can't be read: {e}");
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}
