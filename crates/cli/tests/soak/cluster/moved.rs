//! From the laptop to the cluster in mid-recording: one timeline, one hole, no double.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use flumen_base::topic;
use flumen_base::wire::{Camera, FrameResult, Gap, Marker, PacketHeader, Stream};
use prost::Message;

use super::answers::{Answer, RESULTS};
use super::client::{Found, Offsets, Reader, read};
use super::servers::{Flink, Kafka};
use super::street;
use crate::common::{Flumen, records, succeed, wait_for};

const CAMERA: &str = "yard";
const PATIENCE: Duration = Duration::from_secs(120);

/// Records a while and stops in mid-recording.
fn record(data: &Path, more: &[(&'static str, String)]) {
    let mut env = more.to_vec();
    let root = format!("[{:?}]", street().parent().unwrap());
    env.push(("FLUMEN__INGEST__FILE_ROOTS", root));
    let running = Flumen::start_with(data, &env);
    if running.camera(CAMERA).is_null() {
        running.add(CAMERA, &format!("file:{}", street().display()), &[]);
    }
    running.wait_live(CAMERA, PATIENCE);
    std::thread::sleep(Duration::from_secs(12));
    running.stop();
}

fn header(found: &Found) -> PacketHeader {
    PacketHeader::decode(found.header.as_deref().unwrap()).unwrap()
}

/// (epoch, sequence) of each access unit of the main stream.
fn units(video: &[Found]) -> Vec<(u64, u64)> {
    let main = video.iter().map(header);
    let main = main.filter(|h| h.marker() == Marker::None && h.stream() == Stream::Main);
    main.map(|h| (h.epoch, h.sequence)).collect()
}

/// The holes of the camera as the ledger tells them.
fn holes(kafka: &Kafka) -> Vec<Gap> {
    let mut rows = BTreeMap::new();
    for found in read(&kafka.brokers, &[topic::GAPS], &Offsets::new(), true) {
        match found.value {
            Some(value) => _ = rows.insert(found.key, Gap::decode(&value[..]).unwrap()),
            None => _ = rows.remove(&found.key),
        }
    }
    rows.into_values().collect()
}

/// Waits for a frame of each unit; then all results.
fn results(kafka: &Kafka, wanted: &BTreeSet<(u64, u64)>) -> Vec<Found> {
    let reader = Reader::open(&kafka.brokers, &[topic::FRAMES], Some(&Offsets::new()), true);
    let mut seen = BTreeSet::new();
    wait_for("a frame of every access unit", PATIENCE, || {
        while let Some(found) = reader.next(Duration::from_millis(200)) {
            let frame = FrameResult::decode(found.value.as_deref().unwrap()).unwrap();
            seen.insert((frame.epoch, frame.sequence));
        }
        seen.is_superset(wanted).then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    read(&kafka.brokers, &RESULTS, &Offsets::new(), true)
}

#[test]
fn what_was_on_the_laptop_goes_on_in_flink() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    record(&data, &[]);
    let laptop: Vec<(&str, Vec<Vec<u8>>)> = RESULTS
        .iter()
        .filter(|topic| **topic != topic::GAPS)
        .map(|t| (*t, records(&data, t).iter().map(|d| d.record.value.to_vec()).collect()))
        .collect();

    let kafka = Kafka::start(&dir.path().join("kafka"), 1);
    let mut copy = kafka.flumen(&["bus", "copy", "--to", "kafka", "--data"]);
    succeed(&copy.arg(&data).output().unwrap());
    let copied = read(&kafka.brokers, &[topic::VIDEO], &Offsets::new(), true);
    let flink = Flink::start(&dir.path().join("flink"), 2, 1);
    let job = flink.submit(&kafka, None, &["--checkpoint-interval-ms", "1000"]);
    let key = dir.path().join("site.key").display().to_string();
    let env = [
        ("FLUMEN__BUS__KIND", "kafka".to_owned()),
        ("FLUMEN__KAFKA__BROKERS", kafka.brokers.clone()),
        ("FLUMEN__CLUSTER__SITE_KEY_FILE", key),
    ];
    record(&data, &env);

    let video = read(&kafka.brokers, &[topic::VIDEO], &Offsets::new(), true);
    let (old, all) = (units(&copied), units(&video));
    let (first, last) = (&video[copied.len()..], &copied[copied.len() - 1]);
    let wanted: BTreeSet<(u64, u64)> = all.iter().copied().collect();
    assert_eq!(wanted.len(), all.len(), "no access unit stands twice");
    assert!(
        all.starts_with(&old) && all.len() > old.len() + 100,
        "one line: the old, then the new"
    );
    let found = results(&kafka, &wanted);
    let whole = Answer::of(&found);
    assert_eq!((whole.repeats, whole.conflicting), (0, 0), "no result stands twice");
    assert_eq!(whole.count(topic::FRAMES), all.len(), "each access unit was analysed once");

    let mut rest = found.clone();
    for (topic, values) in &laptop {
        for value in values {
            let at = rest.iter().position(|f| f.topic == *topic && f.value.as_ref() == Some(value));
            rest.remove(at.unwrap_or_else(|| panic!("a record of {topic} changed on its way")));
        }
    }
    let cards = read(&kafka.brokers, &[topic::CAMERAS], &Offsets::new(), true);
    let card = Camera::decode(cards.last().unwrap().value.as_deref().unwrap()).unwrap();
    let alone = Answer::embedded(first, &[card]);
    rest.retain(|f| f.topic != topic::GAPS);
    assert_eq!(Answer::of(&rest).differences(&alone), Vec::<String>::new(), "Flink's own part");

    let holes = holes(&kafka);
    let end = header(last);
    println!(
        "{} access units from the laptop, {} after the move, {} results, 0 twice; the ledger: {:?}",
        old.len(),
        all.len() - old.len(),
        found.len(),
        holes.iter().map(|g| (g.start_us, g.end_us, &g.detail)).collect::<Vec<_>>()
    );
    // The last one is open: the camera ended with the test.
    let closed: Vec<(i64, i64)> =
        holes.iter().filter(|g| g.end_us > 0).map(|g| (g.start_us, g.end_us)).collect();
    let begin = header(&first[0]).pts_us;
    assert_eq!(closed, [(end.pts_us + i64::from(end.duration_us), begin)], "one hole: {holes:?}");
    flink.cancel(&job);
}
