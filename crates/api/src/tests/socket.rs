//! A WebSocket client.

use flumen_base::wire;
use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::site::Site;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a socket, or gives the status that refused it.
pub(crate) async fn connect(site: &Site, path: &str) -> Result<(Socket, u16), u16> {
    match connect_async(format!("ws://{}{path}", site.host())).await {
        Ok((socket, response)) => Ok((socket, response.status().as_u16())),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(e) => panic!("{e}"),
    }
}

/// What a server says that is not a ping.
#[derive(Debug)]
pub(crate) enum Said {
    Json(serde_json::Value),
    Bytes(Vec<u8>),
    Closed(Option<u16>),
}

pub(crate) async fn hear(socket: &mut Socket) -> Said {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                return Said::Json(serde_json::from_str(&text).unwrap());
            }
            Some(Ok(Message::Binary(bytes))) => return Said::Bytes(bytes.to_vec()),
            Some(Ok(Message::Close(frame))) => return Said::Closed(frame.map(|f| f.code.into())),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Said::Closed(None),
        }
    }
}

pub(crate) async fn hear_json(socket: &mut Socket) -> serde_json::Value {
    match hear(socket).await {
        Said::Json(json) => json,
        other => panic!("{other:?}"),
    }
}

/// The next JSON that is not a state, which a slow machine may hear again.
pub(crate) async fn hear_next(socket: &mut Socket) -> serde_json::Value {
    loop {
        let json = hear_json(socket).await;
        if json["type"] != "state" {
            return json;
        }
    }
}

pub(crate) async fn hear_bytes(socket: &mut Socket) -> Vec<u8> {
    loop {
        match hear(socket).await {
            Said::Bytes(bytes) => return bytes,
            Said::Json(json) if json["type"] == "state" => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Pictures of a grey that changes, coded.
pub(crate) fn coded(codec: wire::Codec, frames: u8, gop: u32) -> Vec<flumen_media::Encoded> {
    use flumen_base::{Frame, Plane};
    let (width, height) = (64, 64);
    let mut config = flumen_media::EncoderConfig::new(codec, width, height, 10);
    config.gop = gop;
    config.preset = "ultrafast".into();
    let mut encoder = flumen_media::Encoder::open(&config).unwrap();
    let mut out = Vec::new();
    for n in 0..frames {
        let luma = [40 + n; 64 * 64];
        let chroma = [128; 32 * 32];
        let half = Plane::new(&chroma, 32, 32, 32);
        let luma = Plane::new(&luma, 64, 64, 64).unwrap();
        let frame = Frame { luma, u: half, v: half, pts_us: i64::from(n) * 100_000 };
        out.extend(encoder.push(&frame, false).unwrap());
    }
    out.extend(encoder.finish().unwrap());
    out
}
