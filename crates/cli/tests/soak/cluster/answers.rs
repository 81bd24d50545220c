//! Results as an answer that can be compared: by topic and record id, in the order they came.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use flumen_analyzer::{Session, id_of};
use flumen_base::wire::{Camera, SourcePosition};
use flumen_base::{CameraId, topic};

use super::client::Found;

/// Where results go.
pub const RESULTS: [&str; 6] =
    [topic::FRAMES, topic::EVENTS, topic::PICTURES, topic::WINDOWS, topic::GAPS, topic::REJECTS];

/// Topic and key -> its records in the order of their first coming: id, value, timestamp.
type Lines = BTreeMap<(String, Vec<u8>), Vec<(Vec<u8>, Vec<u8>, i64)>>;

/// What readers have after they dropped repeats.
#[derive(Default)]
pub struct Answer {
    lines: Lines,
    /// Records with their repeats.
    pub records: usize,
    pub repeats: usize,
    /// Repeats that are not equal to the first.
    pub conflicting: usize,
    seen: HashMap<(String, Vec<u8>), (Vec<u8>, i64)>,
}

impl Answer {
    pub fn of(found: &[Found]) -> Answer {
        let mut answer = Answer::default();
        for record in found {
            let value = record.value.clone().expect("a result has a value");
            let id = id_of(&record.topic, &value).expect("a result can be read");
            answer.take(&record.topic, &record.key, id, value, record.timestamp_ms);
        }
        answer
    }

    /// What the analyzer says of the same records without any engine.
    pub fn embedded(video: &[Found], cards: &[Camera]) -> Answer {
        let cards: HashMap<&str, &Camera> = cards.iter().map(|c| (c.id.as_str(), c)).collect();
        let mut sessions: HashMap<String, Session> = HashMap::new();
        let mut answer = Answer::default();
        let mut made = Vec::new();
        for record in video {
            let camera = String::from_utf8(record.key.clone()).expect("a camera's name");
            let id = CameraId::new(&camera).expect("a camera's name");
            let card = cards.get(camera.as_str()).copied();
            let session = sessions.entry(camera).or_insert_with(|| Session::open(&id, card));
            let at = SourcePosition {
                partition: record.partition as u32,
                offset: record.offset as u64,
                generation: 0,
            };
            let data = record.value.clone().unwrap_or_default().into();
            session.record(at, record.header.as_deref(), data, &mut made);
            for named in made.drain(..) {
                let (id, value) = (named.id().to_vec(), named.value.to_vec());
                answer.take(named.topic, &named.key, id, value, named.timestamp_us / 1000);
            }
        }
        answer
    }

    fn take(&mut self, topic: &str, key: &[u8], id: Vec<u8>, value: Vec<u8>, time_ms: i64) {
        self.records += 1;
        if let Some(first) = self.seen.get(&(topic.to_owned(), id.clone())) {
            self.repeats += 1;
            self.conflicting += usize::from(first != &(value, time_ms));
            return;
        }
        self.seen.insert((topic.to_owned(), id.clone()), (value.clone(), time_ms));
        let line = self.lines.entry((topic.to_owned(), key.to_vec())).or_default();
        line.push((id, value, time_ms));
    }

    /// The different records of a topic, camera by camera.
    pub fn of_topic(&self, topic: &str) -> Vec<(String, Vec<u8>)> {
        let lines = self.lines.iter().filter(|((of, _), _)| of == topic);
        let of = |((_, key), line): (&(String, Vec<u8>), &Vec<(Vec<u8>, Vec<u8>, i64)>)| {
            let key = String::from_utf8_lossy(key).into_owned();
            line.iter().map(|(_, value, _)| (key.clone(), value.clone())).collect::<Vec<_>>()
        };
        lines.flat_map(of).collect()
    }

    /// Different records of a topic.
    pub fn count(&self, topic: &str) -> usize {
        self.lines.iter().filter(|((t, _), _)| t == topic).map(|(_, line)| line.len()).sum()
    }

    /// In words, what is not equal; empty when everything is.
    pub fn differences(&self, other: &Answer) -> Vec<String> {
        let keys: BTreeSet<_> = self.lines.keys().chain(other.lines.keys()).collect();
        let mut told = Vec::new();
        for key in keys {
            let (ours, theirs) = (self.lines.get(key), other.lines.get(key));
            let (ours, theirs) =
                (ours.map_or(&[][..], Vec::as_slice), theirs.map_or(&[][..], Vec::as_slice));
            let name = format!("{} of {}", key.0, String::from_utf8_lossy(&key.1));
            if ours.len() != theirs.len() {
                told.push(format!("{name}: {} records and {}", ours.len(), theirs.len()));
            } else if let Some(n) = (0..ours.len()).find(|n| ours[*n] != theirs[*n]) {
                told.push(format!("{name}: record {n} differs"));
            }
        }
        told
    }

    /// The counts, for a report.
    pub fn counts(&self) -> String {
        let each = RESULTS.iter().map(|t| (t, self.count(t))).filter(|(_, n)| *n > 0);
        each.map(|(t, n)| format!("{n} {}", t.trim_start_matches("flumen.")))
            .collect::<Vec<_>>()
            .join(", ")
    }
}
