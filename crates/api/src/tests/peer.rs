//! One process asks another: with the token, without it, and when it is gone.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::wire::{self, Camera, Owner};
use flumen_base::{CameraId, Kind, Result, topic};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Position, Record};
use prost::Message as _;

use super::fakes::{Fakes, live};
use crate::peer::{Latest, PeerConfig, Place, Remote, Rules, Server, Shown, Tap, Token};
use crate::{Cameras, ProbeRequest, PushUnit, State};

struct Lawless;

impl Rules for Lawless {
    fn seal(&self, _: &CameraId, password: &str) -> Result<Bytes> {
        Ok(Bytes::from(format!("sealed {}", password.len())))
    }
    fn check(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

struct Pair {
    bus: Arc<Embedded>,
    tap: Arc<Tap>,
    fakes: Arc<Fakes>,
    server: Option<Server>,
    remote: Arc<Remote>,
    _dir: tempfile::TempDir,
}

fn yard() -> CameraId {
    CameraId::new("yard").unwrap()
}

/// An ingest process and a face, each with its token.
fn pair(ours: &[u8], theirs: &[u8]) -> Pair {
    let dir = tempfile::tempdir().unwrap();
    let bus = Embedded::open(dir.path(), EmbeddedConfig::default()).unwrap();
    let tap = Tap::new(bus.clone());
    let fakes = Arc::new(Fakes::default());
    *fakes.status.lock().unwrap() = vec![live("yard"), live("pushed")];
    let place = Place::take(&PeerConfig::default()).unwrap();
    let shown = Shown {
        process: "one".into(),
        cameras: fakes.clone(),
        latest: tap.clone(),
        token: Token::of_key(theirs).unwrap(),
    };
    for id in ["yard", "pushed"] {
        let camera = Camera { id: id.into(), enabled: true, ..Camera::default() };
        let cameras = bus.table(topic::CAMERAS).unwrap();
        cameras.put(id.as_bytes(), Some(&camera.encode_to_vec())).unwrap();
    }
    let claim = Owner {
        camera: "yard".into(),
        process: "one".into(),
        address: place.address().into(),
        ..Owner::default()
    };
    bus.table(topic::OWNERS).unwrap().put(b"yard", Some(&claim.encode_to_vec())).unwrap();
    let server = Some(Server::start(place, shown, bus.clone()).unwrap());
    let token = Token::of_key(ours).unwrap();
    let remote = Remote::start(bus.clone(), token, Arc::new(Lawless)).unwrap();
    Pair { bus, tap, fakes, server, remote, _dir: dir }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn state_of(remote: &Remote, id: &str) -> Option<(State, String)> {
    let all = remote.status();
    let one = all.into_iter().find(|c| c.id.as_str() == id)?;
    Some((one.state, one.reason.unwrap_or_default()))
}

fn shoot(tap: &Tap, sequence: u64, key: bool) {
    let header = wire::PacketHeader {
        camera: "yard".into(),
        epoch: 1,
        sequence,
        key,
        codec: wire::Codec::H264.into(),
        ..wire::PacketHeader::default()
    };
    let record = Record {
        key: Bytes::from_static(b"yard"),
        headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
        value: Bytes::from(vec![sequence as u8; 3]),
        timestamp_us: 1,
    };
    drop(tap.send(topic::VIDEO, record).unwrap());
}

#[test]
fn cameras_of_another_process_are_shown_and_tried() {
    let mut pair = pair(&[1; 32], &[1; 32]);
    until("it is shown", || state_of(&pair.remote, "yard").is_some_and(|s| s.0 == State::Live));
    let all = pair.remote.status();
    assert_eq!(all.iter().find(|c| c.id == yard()), Some(&live("yard")));
    let mut asked = ProbeRequest {
        address: "rtsp://cam/1".into(),
        username: Some("u".into()),
        password: Some("p".into()),
        transport: wire::source::Transport::Udp,
    };
    let found = pair.remote.probe(&asked).unwrap();
    assert_eq!((found.codec, found.width, found.audio), (wire::Codec::H265, 640, true));
    assert_eq!(found.jpeg.as_deref(), Some(&b"foob"[..]));
    assert!(pair.fakes.probed.lock().unwrap()[0] == asked);
    asked.address = "rtsp://away/1".into();
    let told = pair.remote.probe(&asked).unwrap_err();
    assert_eq!(told.kind(), Kind::Unavailable);
    assert!(told.message().contains("does not answer within 5 s"), "{told}");
    asked.address = "file:/etc/passwd".into();
    assert_eq!(pair.remote.probe(&asked).unwrap_err().kind(), Kind::Invalid);

    pair.server.take().unwrap().stop();
    until("it is offline", || {
        state_of(&pair.remote, "yard")
            .is_some_and(|(s, why)| s == State::Offline && why.contains("does not answer"))
    });
    assert_eq!(pair.remote.probe(&asked).unwrap_err().kind(), Kind::Unavailable);
    let announced = pair.bus.table(topic::OWNERS).unwrap().scan(b"@").unwrap();
    assert_eq!(announced, [], "it took its announcement back");
}

#[test]
fn another_site_is_told_nothing() {
    let pair = pair(&[1; 32], &[2; 32]);
    until("it is refused", || {
        state_of(&pair.remote, "yard").is_some_and(|(_, why)| why.contains("another site"))
    });
    assert_eq!(pair.remote.subscribe(&yard()).err().unwrap().kind(), Kind::Invalid);
    assert_eq!(pair.remote.push(&yard()).err().unwrap().kind(), Kind::Invalid);
    let peers = pair.remote.peers();
    let bare = ureq::get(format!("http://{}/peer/v1/cameras", peers[0].address)).call();
    assert!(matches!(bare, Err(ureq::Error::StatusCode(401))), "{bare:?}");
}

#[test]
fn newest_packets_come_from_the_last_key_picture_on() {
    let mut pair = pair(&[1; 32], &[1; 32]);
    assert_eq!(pair.remote.subscribe(&yard()).err().unwrap().kind(), Kind::NotFound);
    for sequence in 0..7 {
        shoot(&pair.tap, sequence, sequence % 5 == 0);
    }
    let mut packets = pair.remote.subscribe(&yard()).unwrap();
    shoot(&pair.tap, 7, false);
    let mut came = Vec::new();
    while came.len() < 3 {
        came.extend(packets.next(Duration::from_millis(50)).unwrap());
    }
    let told: Vec<_> = came.iter().map(|p| (p.header.sequence, p.data[0], p.header.key)).collect();
    assert_eq!(told, [(5, 5, true), (6, 6, false), (7, 7, false)]);
    pair.server.take().unwrap().stop();
    until("the end is told", || packets.next(Duration::from_millis(50)).is_err());
}

#[test]
fn pushed_video_goes_to_the_owner_and_is_acknowledged_by_it() {
    let pair = pair(&[1; 32], &[1; 32]);
    until("it is shown", || state_of(&pair.remote, "pushed").is_some());
    let pushed = CameraId::new("pushed").unwrap();
    until("its owner is known", || pair.remote.push(&pushed).is_ok());
    let mut session = pair.remote.push(&pushed).unwrap();
    let unit = |sequence| PushUnit {
        header: wire::PacketHeader {
            sequence,
            key: true,
            codec: wire::Codec::H264.into(),
            ..wire::PacketHeader::default()
        },
        data: Bytes::from_static(b"unit"),
    };
    let mut first = session.push(unit(0)).unwrap();
    let second = session.push(unit(1)).unwrap();
    until("they arrive", || pair.fakes.pushed.lock().unwrap().len() == 2);
    assert!(first.poll_now().is_none(), "nothing is acknowledged before the owner did");
    let ack = Position { partition: 0, offset: 0, generation: 0 };
    for at in 0..2 {
        let acker = pair.fakes.pushed.lock().unwrap()[at].1.take().unwrap();
        acker.send(Ok(ack)).unwrap();
    }
    second.wait().unwrap();
    first.wait().unwrap();
    *pair.fakes.refuse_push.lock().unwrap() = true;
    let third = session.push(unit(2)).unwrap();
    assert_eq!(third.wait().unwrap_err().kind(), Kind::Invalid);
    until("it is over", || session.push(unit(3)).is_err());
    assert_eq!(pair.remote.push(&yard()).err().unwrap().kind(), Kind::Invalid);
}
