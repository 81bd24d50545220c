//! The bus and the engines as the system page shows them, and what is wrong with them in words.
//!
//! Invariants: a request waits for nothing: offsets are asked for every `EVERY` on a thread of
//! their own, health and engines hand out what they know.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_base::{Context, Result, topic};
use flumen_bus::{Health, Watermark};

use crate::app::App;
use crate::engines::{Engine, Job};
use crate::face::Problem;
use crate::flink::is_over;
use crate::model::{
    BrokerReport, BusReport, CheckpointReport, EngineReport, JobReport, TopicReport,
};

const EVERY: Duration = Duration::from_secs(3);
/// Packets may wait on the disk for so long before it is said.
const SPOOL_US: i64 = 30_000_000;
/// An analysis further behind than this is said.
const FAR_US: i64 = 5_000_000;
/// What came longer ago says nothing about now.
const FRESH: Duration = Duration::from_secs(10);

/// What is known of the logs.
#[derive(Default)]
pub(crate) struct Logs {
    topics: Mutex<Vec<TopicReport>>,
    analysis: Mutex<Analysis>,
}

/// How far the analysis is.
#[derive(Default)]
struct Analysis {
    /// Partition of `flumen.video` -> offset behind the newest that has a result.
    done: BTreeMap<u32, u64>,
    heard: Option<(Instant, i64)>,
    /// Records that wait for analysis, at the last look, and how often that grew in a row.
    waiting: Option<u64>,
    grew: u32,
}

impl Logs {
    /// A result came, `lag_us` after its picture arrived at ingest.
    pub(crate) fn analysed(&self, source: Option<(u32, u64)>, lag_us: i64) {
        let mut analysis = self.analysis();
        if let Some((partition, offset)) = source {
            let done = analysis.done.entry(partition).or_default();
            *done = (*done).max(offset + 1);
        }
        analysis.heard = Some((Instant::now(), lag_us));
    }

    fn analysis(&self) -> std::sync::MutexGuard<'_, Analysis> {
        self.analysis.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, app: &App) {
        let mut topics = Vec::new();
        for name in topic::LOGS {
            match app.face.bus.watermarks(name) {
                Ok(marks) => {
                    if name == topic::VIDEO {
                        self.count(&marks);
                    }
                    topics.push(topic_report(name, &marks));
                }
                Err(e) => {
                    tracing::debug!(topic = name, "its offsets can't be told: {e}");
                    return;
                }
            }
        }
        *self.topics.lock().unwrap_or_else(PoisonError::into_inner) = topics;
    }

    /// Counts what waits for analysis in the partitions of which a result was seen.
    fn count(&self, marks: &[Watermark]) {
        let mut analysis = self.analysis();
        let waits = |m: &Watermark| Some(m.next.saturating_sub(*analysis.done.get(&m.partition)?));
        let all: Vec<u64> = marks.iter().filter_map(waits).collect();
        let waiting = (!all.is_empty()).then(|| all.iter().sum());
        let grew = waiting > analysis.waiting && analysis.waiting.is_some();
        analysis.grew = if grew { analysis.grew + 1 } else { 0 };
        analysis.waiting = waiting;
    }
}

fn topic_report(name: &str, marks: &[Watermark]) -> TopicReport {
    TopicReport {
        name: name.to_owned(),
        partitions: marks.len() as u32,
        records: marks.iter().map(|m| m.next.saturating_sub(m.first)).sum(),
        bytes: Some(marks.iter().map(|m| m.bytes).sum()).filter(|b| *b > 0),
    }
}

/// Starts the thread that looks at the logs.
///
/// # Errors
/// `Unavailable` when it can't be started.
pub(crate) fn watch(app: App) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("api-logs".into())
        .spawn(move || {
            let mut looked = None::<Instant>;
            while !app.is_stopping() {
                if looked.is_none_or(|at| at.elapsed() >= EVERY) {
                    app.logs.look(&app);
                    looked = Some(Instant::now());
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        })
        .context("start the thread that looks at the logs")
}

/// The bus as JSON.
pub(crate) fn bus(app: &App) -> BusReport {
    let health = app.face.bus.health();
    let analysis = app.logs.analysis();
    let broker = |b: flumen_bus::Broker| BrokerReport {
        id: (b.id >= 0).then_some(b.id),
        address: b.address,
        up: b.up,
    };
    BusReport {
        kind: health.kind.to_owned(),
        reachable: health.reachable,
        detail: (!health.detail.is_empty()).then_some(health.detail),
        brokers: health.brokers.into_iter().map(broker).collect(),
        topics: app.logs.topics.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        spooled_records: health.spooled_records,
        spooled_bytes: health.spooled_bytes,
        spooled_since_us: health.spooled_since_us,
        dropped: health.dropped,
        analysis_waiting: analysis.waiting,
        analysis_lag_us: analysis.heard.filter(|(at, _)| at.elapsed() < FRESH).map(|(_, us)| us),
    }
}

/// The engines as JSON.
pub(crate) fn engines(app: &App) -> Vec<EngineReport> {
    app.face.engines.engines().into_iter().map(engine).collect()
}

fn engine(e: Engine) -> EngineReport {
    EngineReport {
        kind: e.kind,
        address: e.address,
        reachable: e.reachable,
        detail: (!e.detail.is_empty()).then_some(e.detail),
        heard_us: (e.heard_us > 0).then_some(e.heard_us),
        version: e.version,
        workers: e.workers,
        slots: e.slots.0,
        free_slots: e.slots.1,
        jobs: e.jobs.into_iter().map(job).collect(),
    }
}

fn job(j: Job) -> JobReport {
    let c = j.checkpoints;
    let (last_failure_us, last_failure) =
        c.last_failure.map_or((None, None), |(at, why)| (Some(at), Some(why)));
    JobReport {
        id: j.id,
        name: j.name,
        state: j.state,
        started_us: j.started_us,
        restarts: j.restarts,
        failure: j.failure,
        checkpoints: c.completed,
        failed_checkpoints: c.failed,
        last_checkpoint: c.last.map(|l| CheckpointReport {
            id: l.id,
            at_us: l.at_us,
            duration_us: l.duration_us,
            bytes: l.bytes,
        }),
        last_failure_us,
        last_failure,
    }
}

/// What is wrong with bus and engines.
pub(crate) fn problems(app: &App) -> Vec<Problem> {
    let mut all = bus_problems(&app.face.bus.health(), app.face.clock.wall_us());
    let engines = app.face.engines.engines();
    all.extend(engines.iter().flat_map(engine_problems));
    let analysis = app.logs.analysis();
    let lag_us = analysis.heard.filter(|(at, _)| at.elapsed() < FRESH).map_or(0, |(_, us)| us);
    let growing = analysis.grew >= 5 && analysis.waiting.is_some_and(|w| w > 500);
    if lag_us > FAR_US || growing {
        let waiting = analysis.waiting.map_or(String::new(), |w| format!(", {w} pictures wait"));
        let grows = if growing { " and falls further behind" } else { "" };
        all.push(problem(
            format!("the analysis is {} s behind{grows}{waiting}", lag_us / 1_000_000),
            "analysis",
            "give it more slots, or cameras a smaller stream for it; boxes and events are late \
             meanwhile, recordings are not",
        ));
    }
    all
}

fn problem(what: impl Into<String>, place: &str, fix: &str) -> Problem {
    Problem { what: what.into(), where_: place.to_owned(), fix: fix.to_owned() }
}

fn bus_problems(health: &Health, now_us: i64) -> Vec<Problem> {
    let mut all = Vec::new();
    let name = if health.kind == "kafka" { "Kafka" } else { "the bus" };
    if !health.reachable {
        let why = if health.detail.is_empty() { "no broker answers" } else { &health.detail };
        all.push(problem(
            format!("{name} is away: {why}"),
            "bus",
            "start its brokers or check the network; packets wait on the local disk and are sent \
             by themselves, live pictures come straight from the cameras",
        ));
    } else {
        for broker in health.brokers.iter().filter(|b| !b.up && b.id >= 0) {
            all.push(problem(
                format!("broker {} at {} does not answer", broker.id, broker.address),
                "bus",
                "start it again; with three brokers the others carry on meanwhile",
            ));
        }
    }
    let since_us = health.spooled_since_us.map_or(0, |at| now_us.saturating_sub(at));
    if since_us > SPOOL_US {
        all.push(problem(
            format!(
                "{} packets ({} MB) wait on this machine's disk, the oldest for {} s",
                health.spooled_records,
                health.spooled_bytes / 1_000_000,
                since_us / 1_000_000
            ),
            "spool",
            "they are sent in order as soon as Kafka takes them; make room on the disk if it fills",
        ));
    }
    if health.dropped > 0 {
        all.push(problem(
            format!("the full spool had to drop {} packets", health.dropped),
            "spool",
            "the gap ledger names their times; raise kafka.spool_bytes",
        ));
    }
    all
}

fn engine_problems(engine: &Engine) -> Vec<Problem> {
    let place = "analysis";
    if !engine.reachable {
        return vec![problem(
            format!("Flink at {}: {}", engine.address, engine.detail),
            place,
            "start its JobManager, or correct cluster.flink in the configuration; recording and \
             live view go on without it",
        )];
    }
    let alive: Vec<&Job> = engine.jobs.iter().filter(|j| !is_over(&j.state)).collect();
    if alive.is_empty() {
        let failed = engine.jobs.first().filter(|j| j.state == "FAILED");
        let what = failed.map_or("no analysis job runs on Flink".to_owned(), |j| {
            format!("the job {} has failed{}", j.name, because(j))
        });
        return vec![problem(what, place, "submit the job again; it goes on where it was")];
    }
    let mut all = Vec::new();
    for job in alive {
        if job.state != "RUNNING" {
            all.push(problem(
                format!("the job {} is {}{}", job.name, job.state.to_lowercase(), because(job)),
                place,
                "wait a moment: Flink starts it again by itself; if it stays so, look into the \
                 TaskManager's log and whether a slot is free",
            ));
        }
        let c = &job.checkpoints;
        let newest_us = c.last.map_or(0, |l| l.at_us);
        if let Some((at_us, why)) = c.last_failure.as_ref().filter(|(at, _)| *at > newest_us) {
            let ago = (engine.heard_us - at_us).max(0) / 1_000_000;
            all.push(problem(
                format!("the job {}: its checkpoints fail, {ago} s ago because {why}", job.name),
                place,
                "check that execution.checkpointing.dir can be written and has room",
            ));
        }
    }
    all
}

fn because(job: &Job) -> String {
    job.failure.as_ref().map_or(String::new(), |why| format!(": {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::{Checkpoint, Checkpoints};

    #[test]
    fn the_bus_says_in_words_what_is_wrong() {
        assert_eq!(bus_problems(&Health::default(), 0), []);
        let health = Health {
            kind: "kafka",
            reachable: false,
            spooled_records: 900,
            spooled_bytes: 45_000_000,
            spooled_since_us: Some(1),
            dropped: 3,
            ..Health::default()
        };
        let told: Vec<String> =
            bus_problems(&health, 61_000_001).into_iter().map(|p| p.what).collect();
        assert_eq!(
            told,
            [
                "Kafka is away: no broker answers",
                "900 packets (45 MB) wait on this machine's disk, the oldest for 61 s",
                "the full spool had to drop 3 packets",
            ]
        );
    }

    #[test]
    fn flink_says_in_words_what_is_wrong() {
        let job = |state: &str| Job {
            name: "flumen".into(),
            state: state.into(),
            failure: Some("IOException: gone".into()),
            ..Job::default()
        };
        let engine = |jobs| Engine { reachable: true, jobs, ..Engine::default() };
        let told = |e: Engine| engine_problems(&e).into_iter().map(|p| p.what).collect::<Vec<_>>();
        assert!(told(engine(vec![job("RUNNING"), job("CANCELED")])).is_empty());
        assert_eq!(told(engine(vec![])), ["no analysis job runs on Flink"]);
        let failed = "the job flumen has failed: IOException: gone";
        assert_eq!(told(engine(vec![job("FAILED")])), [failed]);
        let restarting = "the job flumen is restarting: IOException: gone";
        assert_eq!(told(engine(vec![job("RESTARTING")])), [restarting]);
        let last = Some(Checkpoint { at_us: 5, ..Checkpoint::default() });
        let mut slow = job("RUNNING");
        slow.checkpoints = Checkpoints {
            last,
            last_failure: Some((9, "it expired".into())),
            ..Default::default()
        };
        assert!(told(engine(vec![slow.clone()]))[0].contains("because it expired"));
        slow.checkpoints.last = Some(Checkpoint { at_us: 10, ..Checkpoint::default() });
        assert!(told(engine(vec![slow])).is_empty(), "a later one went well");
    }
}
