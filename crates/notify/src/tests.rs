//! Events on a real bus, told to a real HTTP server that fails first.

mod sharing;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flumen_base::wire::{Event, Phase};
use flumen_base::{Clock, SystemClock, topic};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Record};
use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509Name};
use prost::Message;

use crate::{Notify, NotifyConfig, Secret, Target, signature};

const PATIENCE: Duration = Duration::from_secs(30);

/// A request as the receiver saw it.
#[derive(Debug)]
struct Seen {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

/// A server that answers with `statuses` in turn and with 204 after them.
struct Server {
    url: String,
    seen: Receiver<Seen>,
}

impl Server {
    fn start(statuses: &[u16]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (tx, seen) = channel();
        let statuses = Mutex::new(statuses.to_vec());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &tx, &statuses);
            }
        });
        Server { url, seen }
    }

    /// One with a certificate; a client that does not trust it never gets to its request.
    fn start_tls(acceptor: SslAcceptor) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
        let (tx, seen) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if let Ok(stream) = acceptor.accept(stream.unwrap()) {
                    serve(stream, &tx, &Mutex::default());
                }
            }
        });
        Server { url, seen }
    }

    fn next(&self) -> Seen {
        self.seen.recv_timeout(PATIENCE).unwrap()
    }
}

fn serve(stream: impl Read + Write, tx: &Sender<Seen>, statuses: &Mutex<Vec<u16>>) {
    let mut reader = BufReader::new(stream);
    let mut headers = std::collections::BTreeMap::new();
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        line.clear();
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let status = {
        let mut left = statuses.lock().unwrap();
        if left.is_empty() { 204 } else { left.remove(0) }
    };
    let seen = Seen {
        id: headers["x-flumen-id"].clone(),
        timestamp: headers["x-flumen-timestamp"].parse().unwrap(),
        signature: headers.get("x-flumen-signature").cloned().unwrap_or_default(),
        body: String::from_utf8(body).unwrap(),
    };
    let _ = tx.send(seen);
    let answer = reader.get_mut();
    let _ = write!(answer, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

/// A certificate of its own for localhost, as PEM, and who shows it.
fn certificate() -> (Vec<u8>, SslAcceptor) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "localhost").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    let names = SubjectAlternativeName::new();
    let names = { names }.dns("localhost").build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let certificate = builder.build();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&certificate).unwrap();
    (certificate.to_pem().unwrap(), acceptor.build())
}

fn bus(dir: &Path) -> Arc<Embedded> {
    let config =
        EmbeddedConfig { sync_delay: Duration::from_millis(1), ..EmbeddedConfig::default() };
    Embedded::open(&dir.join("bus"), config).unwrap()
}

fn config(url: &str) -> NotifyConfig {
    let target = Target {
        name: "hall".into(),
        url: Secret(url.into()),
        secret: Secret("shared".into()),
        phases: vec!["begin".into(), "end".into()],
        ..Target::default()
    };
    NotifyConfig {
        targets: vec![target],
        public_url: "http://flumen.example/".into(),
        wait_min: Duration::from_millis(5),
        wait_max: Duration::from_millis(20),
        ..NotifyConfig::default()
    }
}

fn event(n: u8, phase: Phase) -> Event {
    Event {
        id: vec![n; 16].into(),
        revision: u32::from(phase != Phase::Begin),
        camera: "yard".into(),
        kind: "cross".into(),
        phase: phase.into(),
        zone: "gate".into(),
        detail: "A to B".into(),
        picture: true,
        ..Event::default()
    }
}

fn tell(bus: &dyn Bus, event: &Event) {
    let record = Record {
        key: "yard".into(),
        headers: Vec::new(),
        value: event.encode_to_vec().into(),
        timestamp_us: SystemClock.wall_us(),
    };
    bus.send(topic::EVENTS, record).unwrap().wait().unwrap();
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_server_that_fails_first_gets_each_event_once_it_takes_it_signed_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let bus = bus(dir.path());
    let server = Server::start(&[503, 500]);
    let shared: Arc<dyn Bus> = bus.clone();
    let notify = Notify::start(&shared, config(&server.url)).unwrap();
    tell(&*bus, &event(1, Phase::Begin));
    tell(&*bus, &event(1, Phase::Begin)); // a repeat on the bus
    tell(&*bus, &event(1, Phase::Update)); // not wanted
    tell(&*bus, &Event { muted: true, ..event(2, Phase::Begin) });
    tell(&*bus, &Event { revision: 2, ..event(1, Phase::End) });
    let seen: Vec<Seen> = (0..4).map(|_| server.next()).collect();
    let id = "01".repeat(16);
    let ids: Vec<_> = seen.iter().map(|s| s.id.clone()).collect();
    assert_eq!(ids, [0, 0, 0, 2].map(|revision| format!("{id}-{revision}")));
    for s in &seen {
        assert_eq!(s.signature, signature("shared", s.timestamp, s.body.as_bytes()).unwrap());
    }
    let told: serde_json::Value = serde_json::from_str(&seen[2].body).unwrap();
    assert_eq!(
        (&told["kind"], &told["zone"], &told["detail"]),
        (&"cross".into(), &"gate".into(), &"A to B".into())
    );
    assert_eq!(told["picture"], format!("http://flumen.example/api/v1/events/{id}/picture.jpg"));
    until("both are counted", || notify.status()[0].delivered == 2);
    let status = notify.status();
    assert_eq!((status[0].waiting, status[0].lost, status[0].problem.clone()), (0, 0, None));
    notify.stop().unwrap();
    drop(shared);
    bus.close().unwrap();
}

#[test]
fn what_waits_at_the_end_is_delivered_after_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let bus = bus(dir.path());
    let shared: Arc<dyn Bus> = bus.clone();
    let away = Server::start(&[503; 1000]);
    let notify = Notify::start(&shared, config(&away.url)).unwrap();
    tell(&*bus, &event(1, Phase::Begin));
    away.next();
    assert!(notify.status()[0].waiting == 1);
    notify.stop().unwrap();
    tell(&*bus, &event(2, Phase::Begin)); // nobody listens
    let server = Server::start(&[]);
    let notify = Notify::start(&shared, config(&server.url)).unwrap();
    let ids = [server.next().id, server.next().id];
    assert_eq!(ids, [1, 2].map(|n: u8| format!("{}-0", format!("{n:02x}").repeat(16))));
    until("both are counted", || notify.status()[0].delivered == 2);
    notify.stop().unwrap();
    let notify = Notify::start(&shared, config(&server.url)).unwrap();
    tell(&*bus, &event(3, Phase::Begin));
    assert_eq!(server.next().id, format!("{}-0", "03".repeat(16)), "and nothing again");
    notify.stop().unwrap();
    drop(shared);
    bus.close().unwrap();
}

#[test]
fn what_a_receiver_refuses_for_ever_is_counted_and_holds_up_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let bus = bus(dir.path());
    let shared: Arc<dyn Bus> = bus.clone();
    let server = Server::start(&[422]);
    let notify = Notify::start(&shared, config(&server.url)).unwrap();
    tell(&*bus, &event(1, Phase::Begin));
    tell(&*bus, &event(2, Phase::Begin));
    assert_ne!(server.next().id, server.next().id);
    until("one of each", || {
        let status = notify.status();
        (status[0].delivered, status[0].lost) == (1, 1)
    });
    notify.stop().unwrap();
    drop(shared);
    bus.close().unwrap();
}

#[test]
fn settings_that_cannot_work_are_refused_in_words() {
    let good = config("http://127.0.0.1:9/x");
    assert!(good.validate().is_ok());
    for (url, phase, named) in [
        ("ftp://x", "begin", "url"),
        ("https://", "begin", "url"),
        ("http://x/", "middle", "phases"),
    ] {
        let mut bad = good.clone();
        bad.targets[0].url = Secret(url.into());
        bad.targets[0].phases = vec![phase.into()];
        let said = bad.validate().unwrap_err().to_string();
        assert!(said.contains(named) && said.contains("hall"), "{said}");
    }
    let bad = |change: fn(&mut NotifyConfig)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad.validate().unwrap_err().to_string()
    };
    assert!(bad(|c| c.targets[0].kinds = vec!["wrong_way".into()]).contains("wrong-way"));
    assert!(bad(|c| c.targets[0].cameras = vec!["no camera".into()]).contains("hall"));
    assert!(bad(|c| c.wait_max = Duration::ZERO).contains("wait_max"));
    assert!(bad(|c| c.timeout = Duration::from_secs(3600)).contains("timeout"));
    assert!(!format!("{good:?}").contains("127.0.0.1"), "the address may hold a token");
    assert!(!format!("{good:?}").contains("shared"), "the secret prints as stars");
}

#[test]
fn a_receiver_behind_tls_is_told_only_when_its_certificate_is_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let (pem, acceptor) = certificate();
    let server = Server::start_tls(acceptor);
    let bus: Arc<dyn Bus> = bus(dir.path());
    let stranger = Notify::start(&bus, config(&server.url)).unwrap();
    tell(bus.as_ref(), &event(1, Phase::Begin));
    until("the certificate is refused in words", || {
        let problem = stranger.status()[0].problem.clone();
        problem.is_some_and(|why| why.contains("certificate"))
    });
    stranger.stop().unwrap();
    assert!(server.seen.try_recv().is_err(), "nothing was sent to a stranger");

    let ca_file = dir.path().join("ca.pem");
    std::fs::write(&ca_file, pem).unwrap();
    let mut trusting = config(&server.url);
    trusting.targets[0].ca_file = Some(ca_file);
    let known = Notify::start(&bus, trusting).unwrap();
    assert_eq!(server.next().id, format!("{}-0", "01".repeat(16)));
    known.stop().unwrap();
}

#[test]
fn certificates_that_cannot_be_read_are_named_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let bus: Arc<dyn Bus> = bus(dir.path());
    let mut wrong = config("https://localhost/hook");
    wrong.targets[0].ca_file = Some(dir.path().join("ca.pem"));
    for text in [None, Some("no certificate")] {
        if let Some(text) = text {
            std::fs::write(dir.path().join("ca.pem"), text).unwrap();
        }
        let said = format!("{:?}", Notify::start(&bus, wrong.clone()).err().unwrap());
        assert!(said.contains("ca.pem") && said.contains("hall"), "{said}");
    }
}

#[test]
fn a_healthy_receiver_gets_all_that_came_while_nobody_listened() {
    let dir = tempfile::tempdir().unwrap();
    let bus: Arc<dyn Bus> = bus(dir.path());
    let server = Server::start(&[]);
    let small = NotifyConfig { queue: 4, ..config(&server.url) };
    let notify = Notify::start(&bus, small.clone()).unwrap();
    tell(bus.as_ref(), &event(99, Phase::Begin));
    assert!(server.next().id.starts_with("63"), "it listens");
    until("it is counted", || notify.status()[0].delivered == 1);
    notify.stop().unwrap();
    for n in 0..40 {
        tell(bus.as_ref(), &event(n, Phase::Begin));
    }
    let notify = Notify::start(&bus, small).unwrap();
    let ids: Vec<String> = (0..40).map(|_| server.next().id).collect();
    assert!(ids.is_sorted() && ids[39].starts_with("27"), "{ids:?}");
    until("all are counted", || notify.status()[0].delivered == 40);
    assert_eq!(notify.status()[0].lost, 0);
    notify.stop().unwrap();
}

#[test]
fn an_event_older_than_the_time_to_try_is_counted_and_not_told() {
    let dir = tempfile::tempdir().unwrap();
    let bus: Arc<dyn Bus> = bus(dir.path());
    let server = Server::start(&[]);
    let notify = Notify::start(&bus, config(&server.url)).unwrap();
    let old = Record {
        key: "yard".into(),
        headers: Vec::new(),
        value: event(1, Phase::Begin).encode_to_vec().into(),
        timestamp_us: SystemClock.wall_us() - 3_700_000_000,
    };
    bus.send(topic::EVENTS, old).unwrap().wait().unwrap();
    tell(bus.as_ref(), &event(2, Phase::Begin));
    assert!(server.next().id.starts_with("02"));
    until("the old one is counted", || notify.status()[0].lost == 1);
    notify.stop().unwrap();
}

#[test]
fn what_had_to_make_room_is_not_tried_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let bus: Arc<dyn Bus> = bus(dir.path());
    let server = Server::start(&[500; 10_000]);
    let one = NotifyConfig { queue: 1, ..config(&server.url) };
    let notify = Notify::start(&bus, one).unwrap();
    tell(bus.as_ref(), &event(1, Phase::Begin));
    assert!(server.next().id.starts_with("01"));
    tell(bus.as_ref(), &event(2, Phase::Begin));
    until("the second is tried", || server.next().id.starts_with("02"));
    let tried: Vec<String> = (0..3).map(|_| server.next().id).collect();
    assert!(tried.iter().all(|id| id.starts_with("02")), "{tried:?}");
    assert_eq!(notify.status()[0].lost, 1);
    notify.stop().unwrap();
}
