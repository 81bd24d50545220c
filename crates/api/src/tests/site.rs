//! A face on a free port, and a client that speaks plain HTTP.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use flumen_base::{ManualClock, Result};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Record};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::fakes::{Fakes, NOW_US};
use crate::{ApiConfig, Face};

/// A running face.
pub(crate) struct Site {
    pub(crate) at: SocketAddr,
    pub(crate) fakes: Arc<Fakes>,
    pub(crate) bus: Arc<Embedded>,
    pub(crate) face: Face,
    pub(crate) clock: Arc<ManualClock>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<()>>,
    _dir: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
    /// The detail of a problem document, which every error must be.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let told = self.json();
        assert_eq!(told["status"], self.status);
        assert!(told["type"].as_str().unwrap().starts_with("urn:flumen:"));
        told["detail"].as_str().unwrap().to_owned()
    }
}

impl Site {
    pub(crate) async fn start() -> Site {
        Site::with(ApiConfig::at((Ipv4Addr::LOCALHOST, 0).into())).await
    }

    pub(crate) async fn with(config: ApiConfig) -> Site {
        Site::made(config, |face| face).await
    }

    /// A face that a test changes before it is served.
    pub(crate) async fn made(config: ApiConfig, change: impl FnOnce(Face) -> Face) -> Site {
        let dir = tempfile::tempdir().unwrap();
        let bus = Embedded::open(dir.path(), EmbeddedConfig::default()).unwrap();
        let fakes = Arc::new(Fakes::default());
        let clock = Arc::new(ManualClock::at(NOW_US));
        let (cameras, library, stages) = (fakes.clone(), fakes.clone(), fakes.clone());
        let face = Face::new(bus.clone(), cameras, library, stages);
        let face = change(Face { clock: clock.clone(), ..face });
        let (tell, bound) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(crate::serve(
            face.clone(),
            config,
            move |at| tell.send(at).unwrap(),
            async move { stopped.await.unwrap_or(()) },
        ));
        let at = bound.await.unwrap();
        Site { at, fakes, bus, face, clock, stop: Some(stop), served, _dir: dir }
    }

    /// Stops it and waits until it has ended.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.stop.take().unwrap().send(()).unwrap();
        self.served.await.unwrap()
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.at.port())
    }

    /// One request with exactly these headers, on a connection of its own.
    pub(crate) async fn raw(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        let length = body.len();
        let head = format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server may answer and close before it has read all of a body it refuses.
        let _ = stream.write_all(body).await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        parse(&all)
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let host = self.host();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(&head, body.as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, &body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask("PUT", path, &body).await
    }

    /// Makes a camera with one source.
    pub(crate) async fn camera(&self, id: &str) {
        let made = self
            .post(
                "/api/v1/cameras",
                serde_json::json!({
                    "id": id, "sources": [{"address": "synthetic:street?seed=1"}],
                }),
            )
            .await;
        assert_eq!(made.status, 201, "{made:?}");
    }

    pub(crate) fn send(&self, topic: &str, record: Record) {
        drop(self.bus.send(topic, record).unwrap());
    }
}

fn parse(all: &[u8]) -> Answer {
    let cut = all.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(all[..cut].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let pair = |l: &str| l.split_once(": ").map(|(n, v)| (n.to_lowercase(), v.to_owned()));
    let headers: HashMap<_, _> = lines.filter_map(pair).collect();
    let mut body = all[cut + 4..].to_vec();
    if headers.get("transfer-encoding").is_some_and(|t| t == "chunked") {
        body = unchunk(&body);
    }
    Answer { status, headers, body }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let data = &rest[end + 2..];
        out.extend_from_slice(&data[..size]);
        if size == 0 {
            break;
        }
        rest = &data[size + 2..];
    }
    out
}
