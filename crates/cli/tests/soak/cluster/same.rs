//! Clips and scenes through Kafka and Flink, with kills: the answer is the analyzer's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use flumen_base::topic;
use flumen_base::wire::Camera;

use super::answers::{Answer, RESULTS};
use super::client::{Offsets, Reader, Writer, ends, read};
use super::figures::machine_load;
use super::load::{Clip, Feed, card, fill, finish, publish_card};
use super::servers::{Flink, Kafka};
use super::{Random, number};
use crate::common::{FLUMEN, succeed, wait_for};

/// Longest time without a new result that is still waiting.
const PATIENCE: Duration = Duration::from_secs(240);

/// A kill may leave a transaction open that nobody takes up once no video comes any more
/// (`docs/design/0008-flink-job.md`, Limits); readers wait for its end.
const TRANSACTION_MS: &str = "120000";

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

/// All clips on the bus, portion by portion, one kill in each; then what Flink said of them.
struct Run {
    kafka: Kafka,
    flink: Flink,
    random: Random,
    cards: Vec<Camera>,
    feeds: Vec<(Feed, u64)>,
}

impl Run {
    fn start(dir: &Path, seed: u64) -> Run {
        let kafka = Kafka::start(&dir.join("kafka"), 1);
        let flink = Flink::start(&dir.join("flink"), 2, 2);
        let clips = clips();
        let cards = clips.keys().map(|id| card(id)).collect();
        let feed = |(id, file): (&String, &PathBuf)| {
            let clip = Clip::read(file);
            (Feed::new(id, &clip), clip.frames())
        };
        let feeds = clips.iter().map(feed).collect();
        Run { kafka, flink, random: Random(seed), cards, feeds }
    }

    fn frames(&self) -> i64 {
        ends(&self.kafka.brokers, &[topic::FRAMES]).values().sum()
    }

    /// Feeds the job, killing its TaskManager at work on each portion but the last.
    fn feed(&mut self, job: &str, kills: u64) {
        let writer = Writer::open(&self.kafka.brokers);
        for portion in 1..=kills + 1 {
            let before = self.frames();
            for (feed, frames) in &mut self.feeds {
                fill(&writer, feed, *frames * portion / (kills + 1));
            }
            if portion <= kills {
                wait_for("results", PATIENCE, || (self.frames() > before).then_some(()));
                std::thread::sleep(self.random.below(Duration::from_millis(700)));
                let n = self.flink.runs_on(job);
                self.flink.kill_taskmanager(n);
                self.flink.start_taskmanager(n);
                self.flink.wait_running(job);
            }
        }
        self.feeds.iter().for_each(|(feed, _)| finish(&writer, feed));
    }

    /// Waits until as many different results are there as `wanted`; then all there are.
    fn results(&self, wanted: &Answer, committed: bool) -> Answer {
        let reader = Reader::open(&self.kafka.brokers, &RESULTS, Some(&Offsets::new()), committed);
        let (mut found, mut last) = (Vec::new(), Instant::now());
        wait_for("the results", Duration::from_secs(3600), || {
            while let Some(next) = reader.next(Duration::from_millis(300)) {
                found.push(next);
                last = Instant::now();
            }
            let answer = Answer::of(&found);
            let (there, all) = (answer.records - answer.repeats, wanted.records);
            assert!(last.elapsed() < PATIENCE, "{there} of {all} results, none for {PATIENCE:?}");
            (there >= all).then_some(())
        });
        // What follows the last result that was waited for would be one too many.
        std::thread::sleep(Duration::from_secs(5));
        Answer::of(&read(&self.kafka.brokers, &RESULTS, &Offsets::new(), committed))
    }
}

fn same_answer(delivery: &str) {
    let (kills, seed) = (number("FLUMEN_KILLS", 20), Random::seed());
    let dir = tempfile::tempdir().unwrap();
    let mut run = Run::start(dir.path(), seed);
    let writer = Writer::open(&run.kafka.brokers);
    run.cards.iter().for_each(|c| publish_card(&writer, &c.id));
    writer.flush();
    let mut args = vec!["--group", "same", "--checkpoint-interval-ms", "1000"];
    args.extend(["--delivery", delivery, "--transaction-timeout-ms", TRANSACTION_MS]);
    let job = run.flink.submit(&run.kafka, None, &args);
    run.flink.wait_running(&job);
    run.feed(&job, kills);
    let video = read(&run.kafka.brokers, &[topic::VIDEO], &Offsets::new(), true);
    let alone = Answer::embedded(&video, &run.cards);
    assert_eq!((alone.repeats, alone.conflicting), (0, 0));
    let exact = delivery == "exactly-once";
    let answer = run.results(&alone, exact);
    println!(
        "{delivery}: {} clips, {} records of video, TaskManager killed {kills} times (seed {seed}, load {:.0}): {} records, {} repeats, {} conflicting; {}",
        run.cards.len(),
        video.len(),
        machine_load(),
        answer.records,
        answer.repeats,
        answer.conflicting,
        answer.counts(),
    );
    assert_eq!(answer.conflicting, 0);
    assert_eq!(answer.differences(&alone), Vec::<String>::new());
    assert!(!exact || answer.repeats == 0, "{} repeats with exactly-once", answer.repeats);
    run.flink.cancel(&job);
}

#[test]
fn every_clip_gives_the_same_answer_at_least_once() {
    same_answer("at-least-once");
}

#[test]
fn every_clip_gives_the_same_answer_exactly_once() {
    same_answer("exactly-once");
}
