//! After a clean stop nothing is left open: every stream has its end, every event is over, and
//! the analysis has taken all of it, so that another engine can go on from there. A command that
//! nobody listens to any more ends as quietly.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use std::collections::HashMap;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use flumen_base::topic;
use flumen_base::wire::{Event, Marker, PacketHeader, Phase};
use prost::Message as _;

use crate::common::{FLUMEN, Flumen, records, wait_for};

#[test]
fn a_clean_stop_ends_streams_and_events() {
    let dir = tempfile::tempdir().unwrap();
    let running = Flumen::start(dir.path());
    running.add("street", "synthetic:street?seed=1&size=320x180&fps=15&seconds=20", &[]);
    wait_for("an event", Duration::from_secs(90), || {
        let events = running.get("/api/v1/events?camera=street")["events"].clone();
        events.as_array().is_some_and(|e| !e.is_empty()).then_some(())
    });
    let data = running.stop();

    let video = records(&data, topic::VIDEO);
    let last = video.last().unwrap();
    let header = last.record.header(topic::PACKET_HEADER).unwrap().clone();
    assert_eq!(PacketHeader::decode(header).unwrap().marker(), Marker::EndOfStream);

    let mut phases: HashMap<Vec<u8>, (u32, Phase)> = HashMap::new();
    for record in records(&data, topic::EVENTS) {
        let event = Event::decode(record.record.value).unwrap();
        let newest = phases.entry(event.id.to_vec()).or_insert((event.revision, event.phase()));
        if event.revision >= newest.0 {
            *newest = (event.revision, event.phase());
        }
    }
    assert!(!phases.is_empty());
    let open = phases.values().filter(|(_, phase)| *phase != Phase::End).count();
    assert_eq!(open, 0, "{open} of {} events are not over", phases.len());
}

#[test]
fn a_command_whose_reader_has_enough_ends_without_a_word() {
    let mut command = Command::new(FLUMEN);
    let mut child =
        command.arg("openapi").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Far more than a pipe holds is still to come.
    child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()),
        (Some(0), "")
    );
}
