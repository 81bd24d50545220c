//! Answers as bytes: what a native returns.
//!
//! Layout, little endian: code u8; with code 0 the answer, else a message (UTF-8, to the end).
//! The answer of `process` is a list of records, each: length u16 and bytes of the topic,
//! length u32 and bytes of the key, timestamp in microseconds i64, length u32 and bytes of the
//! value. It is private to the two halves of this package and changes with their version.

use flumen_analyzer::Named;
use flumen_base::{Error, Result};

use crate::codes::code;

/// Bytes that go back to Java.
pub type Reply = Vec<u8>;

/// A record of an answer: topic, key, timestamp, value.
pub type Record = (String, Vec<u8>, i64, Vec<u8>);

/// An answer or an error.
pub(crate) fn reply(answer: Result<Vec<u8>>) -> Reply {
    match answer {
        Ok(mut bytes) => {
            bytes.insert(0, 0);
            bytes
        }
        Err(e) => failed(&e),
    }
}

fn failed(e: &Error) -> Reply {
    let mut bytes = vec![code(e.kind())];
    bytes.extend_from_slice(e.to_string().as_bytes());
    bytes
}

/// Records as an answer, the code included.
pub(crate) fn records(all: &[Named]) -> Result<Reply> {
    let long = || Error::exhausted("a result is longer than 4 GiB");
    let bytes = all.iter().map(|n| n.topic.len() + n.key.len() + n.value.len() + 18).sum::<usize>();
    let mut to = Vec::with_capacity(bytes + 1);
    to.push(0);
    for named in all {
        to.extend_from_slice(&(named.topic.len() as u16).to_le_bytes());
        to.extend_from_slice(named.topic.as_bytes());
        let key = u32::try_from(named.key.len()).map_err(|_| long())?;
        to.extend_from_slice(&key.to_le_bytes());
        to.extend_from_slice(&named.key);
        to.extend_from_slice(&named.timestamp_us.to_le_bytes());
        let value = u32::try_from(named.value.len()).map_err(|_| long())?;
        to.extend_from_slice(&value.to_le_bytes());
        to.extend_from_slice(&named.value);
    }
    Ok(to)
}

/// The records of an answer; none when it is an error or damaged. What Java does, for tests in
/// Rust.
pub fn replies(mut bytes: &[u8]) -> Option<Vec<Record>> {
    fn take<'a>(from: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
        let (head, rest) = from.split_at_checked(n)?;
        *from = rest;
        Some(head)
    }
    fn length(from: &mut &[u8]) -> Option<usize> {
        Some(u32::from_le_bytes(take(from, 4)?.try_into().ok()?) as usize)
    }
    let from = &mut bytes;
    if take(from, 1)? != [0] {
        return None;
    }
    let mut all = Vec::new();
    while !from.is_empty() {
        let topic = usize::from(u16::from_le_bytes(take(from, 2)?.try_into().ok()?));
        let topic = String::from_utf8(take(from, topic)?.to_vec()).ok()?;
        let key = length(from)?;
        let key = take(from, key)?.to_vec();
        let timestamp_us = i64::from_le_bytes(take(from, 8)?.try_into().ok()?);
        let value = length(from)?;
        all.push((topic, key, timestamp_us, take(from, value)?.to_vec()));
    }
    Some(all)
}
