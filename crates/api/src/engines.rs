//! What the face needs to know of an engine that analyses outside this process (Flink).
//!
//! Invariants: asking never waits: whoever implements it polls in the background and hands
//! out what was heard last, with the time when it was heard.
//! Units: times are UTC microseconds.
//! Not here: how Flink is asked (`flink`), how it looks as JSON (`model::system`).

/// The engines that analyse for this site, when it is not done in this process.
pub trait Engines: Send + Sync {
    /// What was heard last; one entry an engine, empty when this process analyses itself.
    fn engines(&self) -> Vec<Engine>;
}

/// A site that analyses in its own process.
pub struct NoEngines;

impl Engines for NoEngines {
    fn engines(&self) -> Vec<Engine> {
        Vec::new()
    }
}

/// An engine as it was heard last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Engine {
    /// `flink`.
    pub kind: String,
    /// Where it is asked.
    pub address: String,
    /// It answered when it was asked last.
    pub reachable: bool,
    /// Why it is not reachable, or what else is to be said.
    pub detail: String,
    /// When it answered last; 0 = never.
    pub heard_us: i64,
    /// Its version, once known.
    pub version: String,
    /// Machines that work for it.
    pub workers: u32,
    /// Places for work, all together and free.
    pub slots: (u32, u32),
    /// What runs on it, newest first.
    pub jobs: Vec<Job>,
}

/// A job of an engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Job {
    /// The engine's own name of it.
    pub id: String,
    /// Its name for a person.
    pub name: String,
    /// As the engine says: `RUNNING`, `RESTARTING`, `FAILED` ...
    pub state: String,
    /// When it began.
    pub started_us: i64,
    /// How often it was restarted after a failure; `None` = not told.
    pub restarts: Option<u64>,
    /// Why it failed last.
    pub failure: Option<String>,
    /// Its checkpoints.
    pub checkpoints: Checkpoints,
}

/// How a job saves its state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoints {
    /// Completed since it began.
    pub completed: u64,
    /// Failed since it began.
    pub failed: u64,
    /// The newest that is complete.
    pub last: Option<Checkpoint>,
    /// Why the newest that failed did so, and when.
    pub last_failure: Option<(i64, String)>,
    /// The one that it went on from; 0 = none.
    pub restored: u64,
}

/// One completed checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Counts from 1.
    pub id: u64,
    /// When it was begun.
    pub at_us: i64,
    /// From its begin to its end.
    pub duration_us: i64,
    /// Bytes of state.
    pub bytes: u64,
}
