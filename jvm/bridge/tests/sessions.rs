//! Whatever a caller does, he gets an answer: stale numbers, wrong bytes, several threads, panics.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use bytes::Bytes;
use flumen_base::Kind;
use flumen_base::wire::PacketHeader;
use flumen_bridge::{Sessions, code, replies};
use prost::Message;

fn number(reply: &[u8]) -> u64 {
    assert_eq!(reply[0], 0, "{}", String::from_utf8_lossy(&reply[1..]));
    u64::from_le_bytes(reply[1..9].try_into().unwrap())
}

/// Code and message of a refusal.
fn refused(reply: &[u8]) -> (u8, String) {
    assert_ne!(reply[0], 0);
    (reply[0], String::from_utf8(reply[1..].to_vec()).unwrap())
}

fn header(sequence: u64) -> Vec<u8> {
    PacketHeader { camera: "yard".into(), sequence, ..PacketHeader::default() }.encode_to_vec()
}

#[test]
fn a_number_that_is_not_open_finds_nothing() {
    let sessions = Sessions::default();
    let first = number(&sessions.open(b"yard", None));
    assert_eq!(sessions.close(first), [0]);
    assert_eq!(sessions.close(first), [0], "twice is harmless");
    let second = number(&sessions.open(b"yard", None));
    assert_ne!(first, second, "no number twice");
    for n in [0, first, second + 1, u64::MAX] {
        let replies = [
            sessions.process(n, (0, 0), None, Bytes::new()),
            sessions.snapshot(n),
            sessions.card(n, &[]),
            sessions.problem(n),
        ];
        for reply in replies {
            let (code_of, message) = refused(&reply);
            assert_eq!(code_of, code(Kind::Invalid));
            assert!(message.contains("closed"), "{message}");
        }
    }
    assert_eq!(number(&sessions.count()), 1);
}

#[test]
fn wrong_bytes_are_errors_or_rejects() {
    let sessions = Sessions::default();
    assert_eq!(refused(&sessions.open(b"No Camera", None)).0, code(Kind::Invalid));
    assert_eq!(refused(&sessions.open(b"yard", Some(b"\xff\xff"))).0, code(Kind::DataLoss));
    assert_eq!(refused(&sessions.restore(b"yard", b"")).0, code(Kind::DataLoss));
    assert_eq!(refused(&sessions.restore(b"yard", b"FLSE\x63\0\0\0")).0, code(Kind::Unsupported));
    let n = number(&sessions.open(b"yard", None));
    let snapshot = sessions.snapshot(n)[1..].to_vec();
    assert_eq!(refused(&sessions.restore(b"gate", &snapshot)).0, code(Kind::Invalid));
    assert_eq!(refused(&sessions.card(n, b"\xff")).0, code(Kind::DataLoss));
    for header in [None, Some(&b"\xff"[..]), Some(b""), Some(b"\x0a\x04gate")] {
        let made = replies(&sessions.process(n, (3, 4), header, Bytes::from_static(b"x"))).unwrap();
        assert_eq!(made[0].0, "flumen.rejects");
    }
    let stray = replies(&sessions.stray(b"\xff\xfe", (3, 4), Bytes::new(), 5)).unwrap();
    assert_eq!((stray[0].0.as_str(), stray[0].2), ("flumen.rejects", 5));
}

#[test]
fn threads_wait_for_each_other() {
    let sessions = Sessions::default();
    let n = number(&sessions.open(b"yard", None));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for sequence in 0..200 {
                    let value = Bytes::from_static(b"\0\0\0\x01\x09");
                    let reply = sessions.process(n, (0, sequence), Some(&header(sequence)), value);
                    assert_eq!(reply[0], 0);
                    assert_eq!(sessions.snapshot(n)[0], 0);
                }
            });
        }
    });
    assert_eq!(sessions.close(n), [0]);
}
