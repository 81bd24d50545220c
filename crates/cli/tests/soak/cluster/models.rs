//! Models in a real Flink: how fast a card counts, bad ones, and TaskManagers killed while Spark learns.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use flumen_base::wire::{FrameResult, ModelCard, Profile, Reject, Window, model_card};
use flumen_base::{Clock as _, SystemClock, topic};
use prost::Message as _;

use super::client::{Offsets, Reader, Writer, ends, read};
use super::figures::machine_load;
use super::kills::Site;
use super::learning::{Spark, learn, learned};
use super::servers::Kafka;
use super::{Random, number};
use crate::common::wait_for;

/// A camera of the site's.
const CAMERA: &str = "kill-0";
/// What trainers give all engines to know a card.
const AHEAD_US: i64 = 500_000;

fn card(version: u64, effective_us: i64) -> ModelCard {
    let none = |n: usize| vec![0.0; n];
    let profile = Profile {
        hour_seen: none(168),
        hour_active: none(168),
        cells: none(48),
        ways: none(96),
        crowds: none(192),
        dwells: none(12),
    };
    ModelCard {
        scope: CAMERA.into(),
        kind: "profile".into(),
        version,
        lineage: "campaign".into(),
        schema: 1,
        effective_us,
        parameters: Some(model_card::Parameters::Profile(profile)),
        ..ModelCard::default()
    }
}

fn put(writer: &Writer, card: &ModelCard) {
    let key = format!("{}/{}/{}", card.scope, card.kind, card.version);
    writer.send(topic::MODELS, &key, None, &card.encode_to_vec(), SystemClock.wall_us());
    writer.flush();
}

/// Frames of the camera, as they come.
struct Frames {
    reader: Reader,
    seen: BTreeMap<u64, u64>,
    last: u64,
}

impl Frames {
    fn of(kafka: &Kafka) -> Frames {
        let from = ends(&kafka.brokers, &[topic::FRAMES]);
        let reader = Reader::open(&kafka.brokers, &[topic::FRAMES], Some(&from), false);
        Frames { reader, seen: BTreeMap::new(), last: 0 }
    }

    /// Reads until a frame was scored by this version; how long that took.
    fn until(&mut self, version: u64) -> Duration {
        let begun = Instant::now();
        while self.last != version {
            assert!(begun.elapsed() < Duration::from_secs(60), "version {version} never counts");
            let Some(found) = self.reader.next(Duration::from_millis(50)) else { continue };
            let frame = FrameResult::decode(found.value.unwrap().as_slice()).unwrap();
            if frame.camera == CAMERA {
                assert!(frame.model_version >= self.last, "back from {} to {frame:?}", self.last);
                self.last = frame.model_version;
                self.seen.insert(frame.sequence, frame.model_version);
            }
        }
        begun.elapsed()
    }
}

/// Cards that are to be refused, and the word that says why.
fn bad() -> Vec<(ModelCard, &'static str)> {
    let golden = model_card::Golden {
        camera: CAMERA.into(),
        minute: Some(flumen_base::wire::Minute { busy: 9, ..Default::default() }),
        scores: vec![1.0; 5],
        ..Default::default()
    };
    let mut not_finite = card(1002, 0);
    if let Some(model_card::Parameters::Profile(p)) = &mut not_finite.parameters {
        p.cells[3] = f64::NAN;
    }
    vec![
        (ModelCard { golden: vec![golden], ..card(1000, 0) }, "golden vector 0"),
        (ModelCard { schema: 9, ..card(1001, 0) }, "schema 9"),
        (not_finite, "not finite"),
        (ModelCard { trainer: "x".repeat(9 << 20), ..card(1003, 0) }, "bytes, at most"),
        (card(1, 0), "newer version"),
    ]
}

#[test]
fn cards_count_in_flink_and_bad_ones_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::start(dir.path());
    let writer = Writer::open(&site.kafka.brokers);
    put(&writer, &card(1, 0));
    let args = ["--group", "models", "--checkpoint-interval-ms", "2000"];
    let job = site.flink.submit(&site.kafka, None, &args);
    let mut frames = Frames::of(&site.kafka);
    let live = site.load();
    frames.until(1);
    for (name, ahead_us, first) in [("at once", 0, 2), ("in half a second", AHEAD_US, 22)] {
        let mut took = Vec::new();
        for version in first..first + 20 {
            let begun = Instant::now();
            put(&writer, &card(version, SystemClock.wall_us() + ahead_us));
            frames.until(version);
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        println!(
            "Flink: a card that counts {name}: in force after {:?} (median), {:?} (worst of 20), load {:.1}",
            took[10],
            took[19],
            machine_load()
        );
    }
    let refused = bad();
    refused.iter().for_each(|(bad, _)| put(&writer, bad));
    put(&writer, &card(42, 0));
    frames.until(42);
    let (sent, _) = live.stop();
    let answer = site.finished(&Offsets::new(), sent, false);
    site.flink.cancel(&job);
    assert_eq!(answer.conflicting, 0);
    let sequences: Vec<u64> = frames.seen.keys().copied().collect();
    let whole: Vec<u64> = (sequences[0]..=*sequences.last().unwrap()).collect();
    assert_eq!(sequences, whole, "no frame is lost while cards change");
    let told: Vec<Reject> = read(&site.kafka.brokers, &[topic::REJECTS], &Offsets::new(), false)
        .iter()
        .map(|found| Reject::decode(found.value.as_deref().unwrap()).unwrap())
        .collect();
    for (bad, why) in &refused {
        let said = told.iter().find(|r| r.reason.contains(why));
        let said = said.unwrap_or_else(|| panic!("{}: nobody says {why:?}: {told:?}", bad.version));
        println!("refused: {}", said.reason);
    }
}

#[test]
fn taskmanager_killed_while_spark_learns() {
    let (times, seed) = (number("FLUMEN_KILLS", 8), Random::seed());
    let dir = tempfile::tempdir().unwrap();
    let site = Site::start(dir.path());
    let job = site.flink.submit(
        &site.kafka,
        None,
        &["--group", "learning", "--checkpoint-interval-ms", "2000"],
    );
    let spark = Spark::alone(&dir.path().join("spark"));
    spark.follow(&site.kafka);
    let live = site.load();
    site.wait_results(Instant::now());
    let mut random = Random(seed);
    for _ in 0..times {
        std::thread::sleep(Duration::from_secs(8) + random.below(Duration::from_secs(14)));
        let (n, begin) = (site.flink.runs_on(&job), Instant::now());
        site.flink.kill_taskmanager(n);
        site.wait_results(begin);
        site.flink.start_taskmanager(n);
        site.flink.wait_running(&job);
    }
    let (sent, _) = live.stop();
    let killed = site.finished(&Offsets::new(), sent, false);
    site.flink.cancel(&job);
    let repeated = read(&site.kafka.brokers, &[topic::WINDOWS], &Offsets::new(), true);
    wait_for("Spark to learn from all windows", Duration::from_secs(120), || {
        (spark.records() >= repeated.len()).then_some(())
    });
    drop(spark);
    let followed = learned(&site.kafka, &Offsets::new());

    // The same pictures through the analyzer alone, each window once, on a Kafka of their own.
    let quiet = Kafka::start(&dir.path().join("quiet"), 1);
    let writer = Writer::open(&quiet.brokers);
    let mut windows = site.alone().of_topic(topic::WINDOWS);
    // Cameras that share a partition come in turns there, none after the other's end.
    windows.sort_by_key(|(_, window)| Window::decode(window.as_slice()).unwrap().begin_us);
    let different = windows.len();
    for (camera, window) in windows {
        writer.send(topic::WINDOWS, &camera, None, &window, SystemClock.wall_us());
    }
    writer.flush();
    let log = learn(&quiet, &dir.path().join("undisturbed"), "700m", 20);
    let undisturbed = learned(&quiet, &Offsets::new());
    println!(
        "TaskManager killed {times} times (seed {seed}, load {:.0}) while Spark learned: {} windows, {} of \
         them repeats; {} cards and {} insights, undisturbed {} and {}",
        machine_load(),
        repeated.len(),
        repeated.len() - different,
        followed.0.len(),
        followed.1.len(),
        undisturbed.0.len(),
        undisturbed.1.len(),
    );
    assert_eq!(killed.conflicting, 0);
    assert!(repeated.len() > different, "no repeat, nothing is shown");
    assert!(!undisturbed.0.is_empty(), "nothing was learned; the log: {log}");
    let names = |of: &BTreeMap<Vec<u8>, ModelCard>| -> Vec<String> {
        of.keys().map(|key| String::from_utf8_lossy(key).into_owned()).collect()
    };
    assert_eq!(names(&followed.0), names(&undisturbed.0));
    assert!(followed == undisturbed, "the same versions, and other numbers in them");
}
