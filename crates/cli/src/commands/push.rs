//! `flumen push`: a stream from standard input to a camera of the running process.
//!
//! Invariants: at most `WINDOW` access units wait for their acknowledgement; while they do,
//! standard input is not read, so the sender is held back.
//! Not here: pacing (`ffmpeg -re`) and the server's side (`api`, `ingest`).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use clap::{Args, ValueEnum};
use flumen_base::wire::{PacketHeader, Stream};
use flumen_base::{CameraId, Context, Error, Result};
use flumen_media::{Demuxed, Demuxer, Interrupt, Open, StdinFormat, Unit};
use prost::Message as _;
use tungstenite::{HandshakeError, Message, WebSocket};

use crate::Site;
use crate::client::Client;

const WINDOW: u64 = 256;
const READ_AHEAD: usize = 64;
/// A camera that was just added is not taken up at once.
const NEW_CAMERA_TRIES: u32 = 50;
/// Longest wait of a read that nobody limits; writes must not fail for want of room.
const FOR_EVER: Duration = Duration::from_secs(3600);
const NEW_CAMERA_WAIT: Duration = Duration::from_millis(100);

/// Send a stream from standard input to a camera of the running Flumen
///
/// Example: ffmpeg -re -i clip.mp4 -c copy -f mpegts - | flumen push yard
#[derive(Args)]
pub struct Push {
    /// The camera; it is added with the address `push:` when it is not there.
    camera: CameraId,
    /// What comes in.
    #[arg(long, value_enum, default_value = "mpegts")]
    format: Format,
    /// Read a file instead of standard input.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Write a line "sequence bytes crc32c" for each acknowledged access unit.
    #[arg(long, value_name = "FILE")]
    acks: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Mpegts,
    H264,
    H265,
}

pub fn run(site: &Site, args: &Push) -> Result<()> {
    let client = Client::of(site)?;
    let made = ensure_camera(&client, &args.camera)?;
    let mut line = Line::connect(&client, args, made)?;
    let units = read_ahead(args)?;
    loop {
        match units.recv_timeout(Duration::from_millis(20)) {
            Ok(unit) => line.send(&unit?)?,
            Err(RecvTimeoutError::Timeout) => line.acks(Duration::from_millis(1))?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    line.finish()
}

/// True when the camera had to be added.
fn ensure_camera(client: &Client, camera: &CameraId) -> Result<bool> {
    match client.get(&format!("/api/v1/cameras/{camera}")) {
        Err(e) if e.kind() == flumen_base::Kind::NotFound => {
            let body = serde_json::json!({
                "id": camera.as_str(), "name": camera.as_str(), "enabled": true, "policy": {}, "time_zone": "UTC",
                "sources": [{ "stream": "main", "address": "push:", "record": true, "analyse": true,
                              "live": true, "transport": "tcp", "once": false }],
            });
            client.send("PUT", &format!("/api/v1/cameras/{camera}"), &body).map(|_| true)
        }
        other => other.map(|_| false),
    }
}

/// Demuxes in a thread of its own, so that acknowledgements are read while input waits.
fn read_ahead(args: &Push) -> Result<Receiver<Result<Unit>>> {
    let format = match args.format {
        Format::Mpegts => StdinFormat::MpegTs,
        Format::H264 => StdinFormat::H264,
        Format::H265 => StdinFormat::H265,
    };
    let input: Box<dyn std::io::Read + Send> = match &args.input {
        Some(path) => Box::new(File::open(path).context(format!("open {}", path.display()))?),
        None => Box::new(std::io::stdin()),
    };
    let (tx, rx) = sync_channel(READ_AHEAD);
    std::thread::spawn(move || {
        let read = || -> Result<()> {
            let mut demuxer =
                Demuxer::from_reader(input, format, &Open::default(), &Interrupt::new())?;
            while let Demuxed::Unit(unit) = demuxer.read()? {
                if tx.send(Ok(unit)).is_err() {
                    break;
                }
            }
            Ok(())
        };
        if let Err(e) = read() {
            // The receiver may be gone already; then nobody wants the reason.
            let _ = tx.send(Err(e));
        }
    });
    Ok(rx)
}

fn dial(client: &Client, camera: &CameraId) -> Result<WebSocket<TcpStream>> {
    let refused = |why: String| {
        Error::unavailable(format!("the running flumen does not take the stream: {why}"))
    };
    let stream = TcpStream::connect(client.address()).map_err(|e| refused(e.to_string()))?;
    stream.set_nodelay(true).map_err(|e| refused(e.to_string()))?;
    let url = format!("ws://{}/api/v1/push/{camera}", client.address());
    match tungstenite::client(url, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
            let body = answer.body().as_deref().unwrap_or_default();
            let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
            let detail = problem.get("detail").and_then(serde_json::Value::as_str);
            Err(refused(detail.map_or_else(|| answer.status().to_string(), str::to_owned)))
        }
        Err(e) => Err(refused(e.to_string())),
    }
}

/// The connection, and what waits on it.
struct Line {
    socket: WebSocket<TcpStream>,
    sent: u64,
    acked: u64,
    waiting: std::collections::VecDeque<(u64, usize, u32)>,
    acks: Option<BufWriter<File>>,
}

impl Line {
    fn connect(client: &Client, args: &Push, camera_is_new: bool) -> Result<Line> {
        let mut tries = if camera_is_new { NEW_CAMERA_TRIES } else { 1 };
        let socket = loop {
            match dial(client, &args.camera) {
                Err(_) if tries > 1 => std::thread::sleep(NEW_CAMERA_WAIT),
                other => break other?,
            }
            tries -= 1;
        };
        let acks = args
            .acks
            .as_ref()
            .map(|path| {
                File::create(path).context(format!("create {}", path.display())).map(BufWriter::new)
            })
            .transpose()?;
        Ok(Line { socket, sent: 0, acked: 0, waiting: Default::default(), acks })
    }

    fn send(&mut self, unit: &Unit) -> Result<()> {
        while self.waiting.len() as u64 >= WINDOW {
            self.acks(Duration::from_secs(30))?;
        }
        let info = &unit.info;
        let header = PacketHeader {
            stream: if unit.audio { Stream::Audio } else { Stream::Main } as i32,
            sequence: self.sent,
            codec: info.codec as i32,
            width: info.width,
            height: info.height,
            sample_rate_hz: info.sample_rate_hz,
            channels: info.channels,
            config: info.config.clone(),
            pts_us: unit.pts_us,
            dts_us: unit.dts_us,
            duration_us: unit.duration_us,
            key: unit.key,
            corrupt: unit.corrupt,
            parameter_hash: unit.parameter_hash,
            reorder_depth: info.reorder_depth.unwrap_or(0),
            ..Default::default()
        };
        let mut message = header.encode_length_delimited_to_vec();
        message.extend_from_slice(&unit.data);
        self.socket.send(Message::binary(message)).map_err(|e| self.gone(&e))?;
        self.waiting.push_back((self.sent, unit.data.len(), crc32c::crc32c(&unit.data)));
        self.sent += 1;
        self.acks(Duration::ZERO)
    }

    /// Takes what has been acknowledged, waiting at most `patience` for the first.
    fn acks(&mut self, patience: Duration) -> Result<()> {
        self.wait_at_most(patience)?;
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => self.take(&text)?,
                Ok(Message::Close(_)) => {
                    return Err(self.gone(&tungstenite::Error::ConnectionClosed));
                }
                Ok(_) => {}
                Err(tungstenite::Error::Io(e)) if is_timeout(&e) => break,
                Err(e) => return Err(self.gone(&e)),
            }
            self.wait_at_most(Duration::ZERO)?;
        }
        self.wait_at_most(FOR_EVER)
    }

    /// How long the next read may wait; not at all needs another mode of the socket, because
    /// the shortest time limit of the system is some milliseconds.
    fn wait_at_most(&self, patience: Duration) -> Result<()> {
        let stream = self.socket.get_ref();
        let limit = (!patience.is_zero()).then_some(patience);
        stream
            .set_nonblocking(patience.is_zero())
            .and_then(|()| limit.map_or(Ok(()), |_| stream.set_read_timeout(limit)))
            .context("wait for an acknowledgement")
    }

    fn take(&mut self, text: &str) -> Result<()> {
        let told: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        if let Some(sequence) = told.get("sequence").and_then(serde_json::Value::as_u64) {
            while let Some((first, bytes, crc)) =
                self.waiting.front().copied().filter(|w| w.0 <= sequence)
            {
                self.waiting.pop_front();
                self.acked = first + 1;
                if let Some(file) = &mut self.acks {
                    writeln!(file, "{first} {bytes} {crc:08x}")
                        .context("write the acknowledgements")?;
                }
            }
            return match &mut self.acks {
                Some(file) => file.flush().context("write the acknowledgements"),
                None => Ok(()),
            };
        }
        let said = told.get("detail").and_then(serde_json::Value::as_str).unwrap_or(text);
        Err(Error::unavailable(format!("the running flumen refuses the stream: {said}")))
    }

    fn gone(&self, e: &tungstenite::Error) -> Error {
        let (acked, sent) = (self.acked, self.sent);
        Error::unavailable(format!(
            "the running flumen went away after {acked} of {sent} access units were safe: {e}"
        ))
    }

    fn finish(mut self) -> Result<()> {
        while !self.waiting.is_empty() {
            let before = self.acked;
            self.acks(Duration::from_secs(10))?;
            if before == self.acked {
                return Err(Error::unavailable(format!(
                    "{} access units were not acknowledged within 10 s",
                    self.waiting.len()
                )));
            }
        }
        // The server may close first; all is acknowledged either way.
        let _ = self.socket.close(None);
        eprintln!("{} access units sent, all safe", self.sent);
        Ok(())
    }
}

fn is_timeout(e: &std::io::Error) -> bool {
    matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}
