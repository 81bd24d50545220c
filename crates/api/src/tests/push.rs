//! Pushed video: acknowledged in order and only when durable.

use flumen_base::{Error, wire};
use flumen_bus::Position;
use futures_util::SinkExt;
use prost::Message as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::site::Site;
use super::socket::{Said, Socket, connect, hear, hear_json};

const ACK: Position = Position { partition: 0, offset: 0, generation: 0 };

async fn send(socket: &mut Socket, sequence: u64) {
    send_bytes(socket, sequence, b"unit").await;
}

async fn send_bytes(socket: &mut Socket, sequence: u64, data: &[u8]) {
    let mut header = wire::PacketHeader { sequence, key: true, ..wire::PacketHeader::default() };
    header.set_codec(wire::Codec::H264);
    let mut message = header.encode_length_delimited_to_vec();
    message.extend_from_slice(data);
    socket.send(Message::binary(message)).await.unwrap();
}

async fn arrived(site: &Site, count: usize) {
    while site.fakes.pushed.lock().unwrap().len() < count {
        tokio::task::yield_now().await;
    }
}

fn settle(site: &Site, at: usize, ack: flumen_base::Result<Position>) {
    let acker = site.fakes.pushed.lock().unwrap()[at].1.take().unwrap();
    acker.send(ack).unwrap();
}

#[tokio::test]
async fn an_acknowledgement_covers_all_before_it() {
    let site = Site::start().await;
    let (mut socket, _) = connect(&site, "/api/v1/push/pushed").await.unwrap();
    for sequence in 5..8 {
        send(&mut socket, sequence).await;
    }
    arrived(&site, 3).await;
    // The second and the third are durable; the first is not: nothing may be said.
    settle(&site, 1, Ok(ACK));
    settle(&site, 2, Ok(ACK));
    settle(&site, 0, Ok(ACK));
    let mut told = 0;
    while told < 7 {
        let ack = hear_json(&mut socket).await;
        assert_eq!(ack["type"], "ack");
        let sequence = ack["sequence"].as_u64().unwrap();
        assert!((5..8).contains(&sequence) && sequence > told, "{ack}");
        told = sequence;
    }
    let unit = site.fakes.pushed.lock().unwrap()[0].0.clone();
    assert_eq!((unit.header.sequence, &unit.data[..]), (5, &b"unit"[..]));
}

#[tokio::test]
async fn a_count_that_wraps_goes_on_with_zero() {
    let site = Site::start().await;
    let (mut socket, _) = connect(&site, "/api/v1/push/pushed").await.unwrap();
    let wrapping = [u64::MAX - 1, u64::MAX, 0];
    for (n, sequence) in wrapping.into_iter().enumerate() {
        send(&mut socket, sequence).await;
        arrived(&site, n + 1).await;
        settle(&site, n, Ok(ACK));
        // An acknowledgement may be told twice.
        while hear_json(&mut socket).await["sequence"] != sequence {}
    }
    let first = site.fakes.pushed.lock().unwrap()[0].0.header.sequence;
    assert_eq!(first, u64::MAX - 1);
    send(&mut socket, 7).await;
    while hear_json(&mut socket).await["kind"] != "invalid" {}
}

#[tokio::test]
async fn what_fails_is_told_and_ends_it() {
    let site = Site::start().await;
    let (mut socket, _) = connect(&site, "/api/v1/push/pushed").await.unwrap();
    send(&mut socket, 0).await;
    send(&mut socket, 1).await;
    arrived(&site, 2).await;
    settle(&site, 0, Ok(ACK));
    settle(&site, 1, Err(Error::unavailable("the log is poisoned")));
    let mut last = json!(null);
    while let Said::Json(told) = hear(&mut socket).await {
        last = told;
    }
    assert_eq!(
        last,
        json!({"type": "error", "kind": "unavailable", "detail": "the log is poisoned"})
    );

    *site.fakes.refuse_push.lock().unwrap() = true;
    let (mut socket, _) = connect(&site, "/api/v1/push/pushed").await.unwrap();
    send(&mut socket, 0).await;
    assert_eq!(hear_json(&mut socket).await["kind"], "invalid");
    assert!(matches!(hear(&mut socket).await, Said::Closed(_)));
}

#[tokio::test]
async fn what_can_not_be_a_unit_is_refused() {
    let site = Site::start().await;
    assert_eq!(connect(&site, "/api/v1/push/other").await.unwrap_err(), 400);
    assert_eq!(connect(&site, "/api/v1/push/No").await.unwrap_err(), 400);
    let whole = |header: wire::PacketHeader, data: &[u8]| {
        [header.encode_length_delimited_to_vec(), data.to_vec()].concat()
    };
    let coded = wire::PacketHeader { codec: 1, ..wire::PacketHeader::default() };
    let cases = [
        (vec![0xff; 20], "invalid"),
        (whole(coded.clone(), b""), "invalid"),
        (whole(wire::PacketHeader::default(), b"x"), "unsupported"),
    ];
    for (message, kind) in cases {
        let (mut socket, _) = connect(&site, "/api/v1/push/pushed").await.unwrap();
        socket.send(Message::binary(message)).await.unwrap();
        assert_eq!(hear_json(&mut socket).await["kind"], kind);
    }
    let (mut socket, _) = connect(&site, "/api/v1/push/pushed").await.unwrap();
    send(&mut socket, 0).await;
    send(&mut socket, 2).await;
    let told = hear_json(&mut socket).await;
    assert!(told["detail"].as_str().unwrap().contains("sequence 2 follows 0"), "{told}");
}

#[tokio::test]
async fn nothing_is_read_while_the_bus_is_full() {
    const COUNT: u64 = 32;
    let site = Site::start().await;
    let (mut socket, _) = connect(&site, "/api/v1/push/pushed").await.unwrap();
    let full = site.fakes.full.clone();
    let (free, wait) = std::sync::mpsc::channel::<()>();
    let (held, holding) = tokio::sync::oneshot::channel();
    let holder = std::thread::spawn(move || {
        let _full = full.lock().unwrap();
        held.send(()).unwrap();
        wait.recv().unwrap();
    });
    holding.await.unwrap();
    let mut sender = tokio::spawn(async move {
        for sequence in 0..COUNT {
            send_bytes(&mut socket, sequence, &vec![0; 2 << 20]).await;
        }
        socket
    });
    // A slow machine makes this hold all the more: 64 MiB do not fit into what is bounded.
    let moment = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(moment, &mut sender).await.is_err());
    assert!(site.fakes.pushed.lock().unwrap().is_empty());
    free.send(()).unwrap();
    holder.join().unwrap();
    let mut socket = sender.await.unwrap();
    arrived(&site, COUNT as usize).await;
    (0..COUNT as usize).for_each(|n| settle(&site, n, Ok(ACK)));
    while hear_json(&mut socket).await["sequence"] != COUNT - 1 {}
}
