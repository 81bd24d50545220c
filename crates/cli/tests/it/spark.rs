//! The learning job on a real Kafka and a real Spark: killed anywhere it learns the same, and the
//! same as the embedded trainer.
//!
//! `FLUMEN_KILLS` and `FLUMEN_SEED` make a campaign of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::topic;
use flumen_base::wire::model_card::Parameters;
use flumen_base::wire::{Insight, ModelCard, Window, patterns};
use flumen_bus::{Bus, Record};
use flumen_farm::days::{Days, DaysSpec};
use flumen_learn::{Out, Trainer};
use flumen_operators::score::Model;
use prost::Message;

use crate::common::{Running, succeed, wait_for};
use crate::rescore;
use crate::servers::{Broker, Seen};

/// Hours of camera time: two days until something can be odd, and some in which it is.
const HOURS: i64 = 68;
/// Seconds of each minute that are sent: enough to see who comes.
const SECONDS: i64 = 30;

pub fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The job in the foreground, as one process that may be killed.
pub fn learn(dir: &Path, broker: &Broker, more: &[&str]) -> Command {
    let place = format!("file://{}/learn", dir.display());
    learn_at(&place, dir, broker, more)
}

/// The same with checkpoint and state elsewhere.
pub fn learn_at(place: &str, dir: &Path, broker: &Broker, more: &[&str]) -> Command {
    let mut command = Command::new(root().join("deploy/local/spark.sh"));
    let jar = root().join("jvm/spark/target/flumen-spark-0.1.0.jar");
    command.args(["run".as_ref(), dir.as_os_str(), jar.as_os_str()]);
    command.args(["flumen.spark.Learn", "--brokers", &broker.address, "--dir", place]);
    command.args(["--trigger-ms", "0", "--max-records", "10000"]).args(more);
    command.stdin(Stdio::null());
    command
}

fn days() -> Days {
    let spec = DaysSpec { cameras: 2, days: 3, quiet_days: 2, per_day: 8, ..DaysSpec::new(11) };
    Days::new(&spec).unwrap()
}

/// Sends the windows of so many hours; gives their number, and what the embedded trainer makes of
/// them.
pub fn feed(bus: &Seen, hours: i64) -> (usize, Learned) {
    let days = days();
    let end = days.span_us().0 + hours * 3_600_000_000;
    let mut waiting = std::collections::VecDeque::new();
    let windows = days.windows().take_while(|w| w.begin_us < end);
    let mut trainer = Trainer::new("flumen/test");
    let mut count = 0;
    for window in windows.filter(|w| w.begin_us / 1_000_000 % 60 < SECONDS) {
        waiting.push_back(bus.kafka.send(topic::WINDOWS, record(&window)).unwrap());
        if waiting.len() > 2000 {
            waiting.pop_front().unwrap().wait().unwrap();
        }
        let partition = bus.kafka.partition_of(topic::WINDOWS, window.camera.as_bytes()).unwrap();
        trainer.take(partition, window);
        count += 1;
    }
    for pending in waiting {
        pending.wait().unwrap();
    }
    let mut out = Vec::new();
    trainer.steps(&mut out);
    (count, Learned::of(out))
}

/// What the embedded trainer keeps and tells.
#[derive(Default)]
pub struct Learned {
    cards: BTreeMap<String, ModelCard>,
    insights: BTreeMap<(Vec<u8>, u32), Insight>,
}

impl Learned {
    fn of(out: Vec<Out>) -> Learned {
        let mut learned = Learned::default();
        for one in out {
            match one {
                Out::Card(card) => {
                    let key = format!("{}/{}/{}", card.scope, card.kind, card.version);
                    learned.cards.insert(key, *card);
                }
                Out::Gone(key) => drop(learned.cards.remove(&key)),
                Out::Insight(insight) => {
                    learned.insights.insert((insight.id.to_vec(), insight.revision), *insight);
                }
            }
        }
        learned
    }

    /// Holds what Spark learned against it: the same versions, numbers to 1e-9, the same insights.
    pub fn same(
        &self,
        cards: &BTreeMap<String, ModelCard>,
        insights: &BTreeMap<(Vec<u8>, u32), Insight>,
    ) {
        assert_eq!(self.cards.keys().collect::<Vec<_>>(), cards.keys().collect::<Vec<_>>());
        for (key, ours) in &self.cards {
            let theirs = &cards[key];
            assert_eq!(ours.normals.len(), theirs.normals.len(), "{key}");
            let numbers = |card: &ModelCard| -> Vec<f64> {
                let normals = card.normals.iter().flat_map(|n| {
                    let thresholds = n.thresholds.iter().map(|t| t.score);
                    n.mean.iter().chain(&n.deviation).copied().chain(thresholds).collect::<Vec<_>>()
                });
                let golden = card.golden.iter().flat_map(|g| g.scores.clone());
                let of = match card.parameters.as_ref().unwrap() {
                    Parameters::Clusters(c) => [c.centres.clone(), c.weights.clone()].concat(),
                    Parameters::Profile(p) => {
                        [&p.hour_active[..], &p.cells, &p.ways, &p.crowds].concat()
                    }
                    // Directions may differ in sign: the golden scores are what they come to.
                    Parameters::Appearance(a) => a.mean.clone(),
                    Parameters::Mixture(m) => [&m.weights[..], &m.means, &m.factors].concat(),
                    Parameters::Forecaster(f) => [&f.season[..], &f.weights, &f.off].concat(),
                    Parameters::Patterns(p) => {
                        let path = |p: &patterns::Path| {
                            p.places.iter().copied().map(f64::from).chain([p.support]).collect()
                        };
                        p.paths.iter().flat_map::<Vec<f64>, _>(path).collect()
                    }
                };
                normals.chain(golden).chain(of).collect()
            };
            let (ours, theirs) = (numbers(ours), numbers(theirs));
            assert_eq!(ours.len(), theirs.len(), "{key}");
            for (a, b) in ours.iter().zip(&theirs) {
                assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{key}: {a} here, {b} by MLlib");
            }
        }
        let told = |all: &BTreeMap<(Vec<u8>, u32), Insight>| -> Vec<_> {
            all.values()
                .map(|i| (i.camera.clone(), i.begin_us, i.end_us, i.dimension.clone()))
                .collect()
        };
        assert_eq!(told(&self.insights), told(insights));
    }
}

fn record(window: &Window) -> Record {
    Record {
        key: Bytes::from(window.camera.clone()),
        headers: Vec::new(),
        value: window.encode_to_vec().into(),
        timestamp_us: now_us(),
    }
}

fn now_us() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_micros() as i64
}

/// Cards by key, as they are learned: without the time from which they count.
pub fn cards(bus: &Seen) -> BTreeMap<String, ModelCard> {
    let rows = bus.kafka.table(topic::MODELS).unwrap().scan(b"").unwrap();
    let card = |(key, value): (Vec<u8>, Vec<u8>)| {
        let card = ModelCard::decode(value.as_slice()).unwrap();
        assert!(card.effective_us > 0, "{card:?}");
        (String::from_utf8(key).unwrap(), ModelCard { effective_us: 0, ..card })
    };
    rows.into_iter().map(card).collect()
}

/// Insights by id and revision; two that are called the same must be the same.
pub fn insights(bus: &Seen) -> BTreeMap<(Vec<u8>, u32), Insight> {
    let mut all = BTreeMap::new();
    for delivered in bus.records(topic::INSIGHTS) {
        let insight = Insight::decode(delivered.record.value).unwrap();
        let name = (insight.id.to_vec(), insight.revision);
        if let Some(before) = all.insert(name, insight.clone()) {
            assert_eq!(before, insight, "two insights with one id");
        }
    }
    all
}

#[test]
#[ignore = "needs Kafka and Spark: make it"]
fn a_spark_job_that_is_killed_learns_and_tells_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start();
    succeed(&broker.flumen(dir.path(), &["topics", "apply"]));
    let bus = broker.bus();
    let (windows, embedded) = feed(&bus, HOURS);

    let began = Instant::now();
    let whole = dir.path().join("whole");
    succeed(&learn(&whole, &broker, &[]).output().unwrap());
    let undisturbed = began.elapsed();
    let (first_cards, first_insights) = (cards(&bus), insights(&bus));
    assert!(first_cards.keys().any(|k| k.starts_with("group:site/kmeans/")), "{first_cards:?}");
    for kind in ["/gaussian-mixture/", "/appearance/", "/forecast/", "/patterns/"] {
        assert!(first_cards.keys().any(|k| k.contains(kind)), "{:?}", first_cards.keys());
    }
    assert!(first_cards.len() >= 60, "20 versions of each of three models: {}", first_cards.len());
    assert!(!first_insights.is_empty(), "days with planted anomalies, and nothing told");
    for (key, card) in &first_cards {
        // Forecasts and paths score nothing live.
        let scores = !["forecast", "patterns"].contains(&card.kind.as_str());
        assert!(
            !scores || card.golden.len() >= 8,
            "{key} has {} golden vectors",
            card.golden.len()
        );
        Model::open(card).unwrap_or_else(|e| panic!("{key}: {e}"));
    }

    for kind in ["kmeans", "gaussian-mixture"] {
        let saved = std::fs::read_dir(whole.join("learn/models/site").join(kind)).unwrap();
        assert!(saved.count() > 0, "{kind} for other Spark programs");
    }
    embedded.same(&first_cards, &first_insights);
    let all = rescore::windows(days().windows());
    rescore::agree(dir.path(), &first_cards, &all);

    let killed = dir.path().join("killed");
    let kills = number("FLUMEN_KILLS", 2);
    let mut chance = number("FLUMEN_SEED", 1) | 1;
    for _ in 0..kills {
        let child = Running::start(
            learn(&killed, &broker, &[]).stdout(Stdio::null()).stderr(Stdio::null()),
        );
        let states = killed.join("learn/state");
        let before = std::fs::read_dir(&states).map_or(0, Iterator::count);
        // At work: it has written a state of its own, and then for a moment that chance gives.
        wait_for("a batch to be kept", Duration::from_secs(120), || {
            let now = std::fs::read_dir(&states).map_or(0, Iterator::count);
            (now > before || now >= 10).then_some(())
        });
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        std::thread::sleep(Duration::from_millis(chance % 1500));
        child.kill_nine();
    }
    succeed(&learn(&killed, &broker, &[]).output().unwrap());
    let (second_cards, second_insights) = (cards(&bus), insights(&bus));
    assert_eq!(first_cards.keys().collect::<Vec<_>>(), second_cards.keys().collect::<Vec<_>>());
    assert!(first_cards == second_cards, "the same versions, and other numbers in them");
    assert_eq!(first_insights, second_insights);
    println!(
        "{windows} windows in {:.1} s undisturbed; {kills} kills: {} cards and {} insights the same",
        undisturbed.as_secs_f64(),
        first_cards.len(),
        first_insights.len()
    );
}
