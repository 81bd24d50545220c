//! Clips and scenes through Kafka and Flink, with kills: the answer is the analyzer's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use flumen_base::topic;
use flumen_base::wire::Camera;

use super::answers::{Answer, RESULTS};
use super::client::{Found, Offsets, Reader, Writer, read};
use super::figures::machine_load;
use super::load::{Clip, Feed, card, fill, publish_card};
use super::servers::{Flink, Kafka};
use super::{Random, number};
use crate::common::{FLUMEN, succeed, wait_for};

/// Longest time without a new result that is still waiting.
const PATIENCE: Duration = Duration::from_secs(240);

/// A scene of the farm, rendered once for all runs of a build.
fn scene(n: usize) -> PathBuf {
    let kind = ["street", "yard", "lobby", "park"][n % 4];
    let codec = if n % 3 == 2 { "h265" } else { "h264" };
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("same-{n}"));
    if !dir.exists() {
        let making = dir.with_extension("making");
        let _ = std::fs::remove_dir_all(&making);
        let spec = format!(
            "synthetic:{kind}?seed={}&size=480x270&fps=12&seconds=15&codec={codec}",
            100 + n
        );
        let mut make = Command::new(FLUMEN);
        succeed(&make.args(["farm", "make", &spec, "--out"]).arg(&making).output().unwrap());
        std::fs::rename(&making, &dir).unwrap();
    }
    dir.join("video.mp4")
}

/// Camera -> its clip: ten scenes, and the clips of the footage where there is some.
fn clips() -> BTreeMap<String, PathBuf> {
    let mut all: BTreeMap<String, PathBuf> =
        (0..10).map(|n| (format!("scene-{n}"), scene(n))).collect();
    let Some(footage) = std::env::var_os("FLUMEN_FOOTAGE").filter(|f| !f.is_empty()) else {
        return all;
    };
    let folder = Path::new(&footage).join("clips");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no clips", folder.display());
    all.extend(files.into_iter().enumerate().map(|(n, file)| (format!("clip-{n}"), file)));
    all
}

/// Results as they come, until as many different ones are there as `wanted`.
struct Results {
    reader: Reader,
    found: Vec<Found>,
    last: Instant,
}

impl Results {
    fn look(&mut self, wanted: &Answer) -> Option<Answer> {
        while let Some(found) = self.reader.next(Duration::from_millis(300)) {
            self.found.push(found);
            self.last = Instant::now();
        }
        let answer = Answer::of(&self.found);
        let (there, all) = (answer.records - answer.repeats, wanted.records);
        assert!(self.last.elapsed() < PATIENCE, "{there} of {all} results, none for {PATIENCE:?}");
        (answer.records - answer.repeats >= wanted.records).then_some(answer)
    }
}

#[test]
fn every_clip_gives_the_same_answer() {
    let (kills, seed) = (number("FLUMEN_KILLS", 20), Random::seed());
    let dir = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(&dir.path().join("kafka"), 1);
    let flink = Flink::start(&dir.path().join("flink"), 2, 2);
    let (writer, clips) = (Writer::open(&kafka.brokers), clips());
    let cards: Vec<Camera> = clips.keys().map(|id| card(id)).collect();
    cards.iter().for_each(|c| publish_card(&writer, &c.id));
    for (id, file) in &clips {
        let clip = Clip::read(file);
        fill(&writer, &mut Feed::new(id, &clip), clip.frames());
    }
    let video = read(&kafka.brokers, &[topic::VIDEO], &Offsets::new(), true);
    let alone = Answer::embedded(&video, &cards);
    assert_eq!((alone.repeats, alone.conflicting), (0, 0));

    let mut results = Results {
        reader: Reader::open(&kafka.brokers, &RESULTS, Some(&Offsets::new()), true),
        found: Vec::new(),
        last: Instant::now(),
    };
    let args = ["--group", "same", "--checkpoint-interval-ms", "1000"];
    let job = flink.submit(&kafka, None, &args);
    let (mut random, mut killed, mut done, mut before) = (Random(seed), 0, None, 0);
    while done.is_none() {
        std::thread::sleep(random.below(Duration::from_secs(4)));
        done = results.look(&alone);
        // Only what works is killed: results came since the last time.
        if done.is_none() && killed < kills && results.found.len() > before {
            let n = flink.runs_on(&job);
            flink.kill_taskmanager(n);
            (killed, before) = (killed + 1, results.found.len());
            flink.start_taskmanager(n);
            flink.wait_running(&job);
        }
    }
    // What follows the last result that was waited for would be one too many.
    std::thread::sleep(Duration::from_secs(5));
    let answer = wait_for("the results", PATIENCE, || results.look(&alone));
    println!(
        "{} clips, {} records of video, TaskManager killed {killed} times (seed {seed}, load {:.0}): {} records, {} repeats, {} conflicting; {}",
        clips.len(),
        video.len(),
        machine_load(),
        answer.records,
        answer.repeats,
        answer.conflicting,
        answer.counts(),
    );
    assert_eq!(answer.conflicting, 0);
    assert_eq!(answer.differences(&alone), Vec::<String>::new());
    flink.cancel(&job);
}
