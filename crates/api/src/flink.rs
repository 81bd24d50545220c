//! Flink as its REST tells it: asked in the background, handed out as it was heard last.
//!
//! Invariants: a round asks at most `JOBS` jobs, each question takes at most `ASK`; rounds
//! begin every `EVERY`; an answer is at most `MAX_ANSWER` long; no proxy is used.
//! Spec: Flink 2.2 REST API v1 (`/overview`, `/jobs/overview`, `/jobs/:id/checkpoints`,
//! `/jobs/:id/exceptions`, `/jobs/:id/metrics`).

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use flumen_base::{Clock, Context as _, Error, Result, SystemClock};
use serde_json::Value;

use crate::engines::{Checkpoint, Checkpoints, Engine, Engines, Job};
use crate::peer::is_host_and_port;

const EVERY: Duration = Duration::from_secs(3);
const ASK: Duration = Duration::from_secs(2);
const JOBS: usize = 4;
const MAX_ANSWER: u64 = 4 << 20;
const MAX_WORDS: usize = 300;

/// A Flink that is asked every few seconds.
pub struct Flink {
    heard: Arc<Mutex<Engine>>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Flink {
    /// Begins to ask the JobManager at a URL such as `http://127.0.0.1:8081`.
    ///
    /// # Errors
    /// `Invalid` for a URL that is not `http://HOST:PORT`.
    pub fn start(rest: &str) -> Result<Flink> {
        let host = rest.trim_end_matches('/').strip_prefix("http://");
        let host = host.filter(|h| is_host_and_port(h)).ok_or_else(|| {
            Error::invalid(format!(
                "cluster.flink = \"{rest}\" is not of the form http://HOST:PORT, e.g. \
                 http://127.0.0.1:8081"
            ))
        })?;
        let address = format!("http://{host}");
        let detail = "it has not been asked yet".to_owned();
        let heard = Engine { kind: "flink".into(), address, detail, ..Engine::default() };
        let heard = Arc::new(Mutex::new(heard));
        let (end, ended) = channel();
        let asks = heard.clone();
        let thread = std::thread::Builder::new()
            .name("flink-rest".into())
            .spawn(move || {
                let agent = agent();
                loop {
                    let before = lock(&asks).clone();
                    let now = round(&agent, before);
                    *lock(&asks) = now;
                    if ended.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            })
            .context("start the thread that asks Flink")?;
        Ok(Flink { heard, end: Some(end), thread: Some(thread) })
    }
}

impl Engines for Flink {
    fn engines(&self) -> Vec<Engine> {
        vec![lock(&self.heard).clone()]
    }
}

impl Drop for Flink {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock(heard: &Mutex<Engine>) -> std::sync::MutexGuard<'_, Engine> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(0)
        .timeout_connect(Some(ASK))
        .timeout_global(Some(ASK))
        .build()
        .new_agent()
}

/// One round of questions; what is not answered stays as it was, and is said.
fn round(agent: &ureq::Agent, before: Engine) -> Engine {
    let ask = |path: &str| ask(agent, &before.address, path);
    let told = ask("/overview").and_then(|all| Ok((all, ask("/jobs/overview")?)));
    let (all, jobs) = match told {
        Ok(told) => told,
        Err(e) => return Engine { reachable: false, detail: e, ..before },
    };
    let mut jobs: Vec<Job> =
        jobs.get("jobs").and_then(Value::as_array).into_iter().flatten().map(job).collect();
    // What runs first, then the newest.
    jobs.sort_by_key(|j| (is_over(&j.state), std::cmp::Reverse(j.started_us)));
    jobs.truncate(JOBS);
    for job in jobs.iter_mut().filter(|j| !is_over(&j.state)) {
        if let Ok(told) = ask(&format!("/jobs/{}/checkpoints", job.id)) {
            job.checkpoints = checkpoints(&told);
        }
        if let Ok(told) = ask(&format!("/jobs/{}/metrics?get=numRestarts", job.id)) {
            job.restarts = told
                .pointer("/0/value")
                .and_then(Value::as_str)
                .and_then(|n| n.parse::<f64>().ok())
                .map(|n| n as u64);
        }
        if let Ok(told) = ask(&format!("/jobs/{}/exceptions?maxExceptions=1", job.id)) {
            job.failure = failure(&told);
        }
    }
    let number = |name: &str| all.get(name).and_then(Value::as_u64).unwrap_or(0) as u32;
    Engine {
        reachable: true,
        detail: String::new(),
        heard_us: SystemClock.wall_us(),
        version: text(&all, "flink-version"),
        workers: number("taskmanagers"),
        slots: (number("slots-total"), number("slots-available")),
        jobs,
        ..before
    }
}

/// A job in this state will do nothing any more.
pub(crate) fn is_over(state: &str) -> bool {
    matches!(state, "FINISHED" | "CANCELED" | "FAILED" | "SUSPENDED")
}

fn ask(agent: &ureq::Agent, address: &str, path: &str) -> Result<Value, String> {
    let told = |e: &dyn std::fmt::Display| format!("it does not answer: {e}");
    let mut answer = agent.get(format!("{address}{path}")).call().map_err(|e| told(&e))?;
    if answer.status() != 200 {
        return Err(told(&answer.status()));
    }
    let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
    serde_json::from_slice(&body.map_err(|e| told(&e))?).map_err(|e| told(&e))
}

fn text(of: &Value, name: &str) -> String {
    let words = of.get(name).and_then(Value::as_str).unwrap_or_default();
    words.chars().take(MAX_WORDS).collect()
}

fn job(told: &Value) -> Job {
    Job {
        id: text(told, "jid").chars().filter(char::is_ascii_alphanumeric).collect(),
        name: text(told, "name"),
        state: text(told, "state"),
        started_us: millis(told, "start-time"),
        ..Job::default()
    }
}

fn millis(told: &Value, name: &str) -> i64 {
    told.get(name).and_then(Value::as_i64).unwrap_or(0).saturating_mul(1000)
}

fn checkpoints(told: &Value) -> Checkpoints {
    let count =
        |name: &str| told.pointer(&format!("/counts/{name}")).and_then(Value::as_u64).unwrap_or(0);
    let latest = |name: &str| told.pointer(&format!("/latest/{name}")).filter(|v| v.is_object());
    let number = |of: &Value, name: &str| of.get(name).and_then(Value::as_u64).unwrap_or(0);
    Checkpoints {
        completed: count("completed"),
        failed: count("failed"),
        last: latest("completed").map(|c| Checkpoint {
            id: number(c, "id"),
            at_us: millis(c, "trigger_timestamp"),
            duration_us: millis(c, "end_to_end_duration"),
            bytes: number(c, "state_size"),
        }),
        last_failure: latest("failed")
            .map(|c| (millis(c, "failure_timestamp"), text(c, "failure_message"))),
        restored: latest("restored").map_or(0, |c| number(c, "id")),
    }
}

/// The first line of the newest exception.
fn failure(told: &Value) -> Option<String> {
    let newest = told.pointer("/exceptionHistory/entries/0")?;
    let trace = text(newest, "stacktrace");
    let line = trace.lines().next().unwrap_or_default().trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    /// Answers as Flink 2.2 does, until it is dropped.
    fn fake(answers: Vec<(&'static str, &'static str)>) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = [0; 4096];
                let read = stream.read(&mut head).unwrap_or(0);
                let asked = String::from_utf8_lossy(&head[..read]).into_owned();
                let path = asked.split(' ').nth(1).unwrap_or_default();
                let found = answers.iter().find(|(p, _)| *p == path);
                let (status, body) = found.map_or(("404 No", "{}"), |(_, b)| ("200 OK", *b));
                let length = body.len();
                let _ = stream.write_all(
                    format!(
                        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                    )
                    .as_bytes(),
                );
            }
        });
        at
    }

    #[test]
    fn a_round_tells_job_checkpoints_and_restarts() {
        let at = fake(vec![
            (
                "/overview",
                r#"{"taskmanagers":2,"slots-total":8,"slots-available":6,"flink-version":"2.2.1"}"#,
            ),
            (
                "/jobs/overview",
                r#"{"jobs":[{"jid":"aa","name":"old","state":"CANCELED","start-time":9},
                    {"jid":"bb","name":"flumen","state":"RUNNING","start-time":5}]}"#,
            ),
            (
                "/jobs/bb/checkpoints",
                r#"{"counts":{"completed":7,"failed":1},"latest":{"completed":{"id":8,
                    "trigger_timestamp":1000,"end_to_end_duration":42,"state_size":3000000},
                    "failed":{"failure_timestamp":900,"failure_message":"expired"},"restored":null}}"#,
            ),
            ("/jobs/bb/metrics?get=numRestarts", r#"[{"id":"numRestarts","value":"3"}]"#),
            (
                "/jobs/bb/exceptions?maxExceptions=1",
                r#"{"exceptionHistory":{"entries":[{"stacktrace":"java.io.IOException: gone\n\tat x"}]}}"#,
            ),
        ]);
        let told = round(&agent(), Engine { address: at, ..Engine::default() });
        assert!(told.reachable && told.heard_us > 0);
        assert_eq!((told.version.as_str(), told.workers, told.slots), ("2.2.1", 2, (8, 6)));
        let job = &told.jobs[0];
        assert_eq!((job.name.as_str(), job.state.as_str()), ("flumen", "RUNNING"));
        assert_eq!((job.started_us, job.restarts), (5000, Some(3)));
        assert_eq!(job.failure.as_deref(), Some("java.io.IOException: gone"));
        let last = Checkpoint { id: 8, at_us: 1_000_000, duration_us: 42_000, bytes: 3_000_000 };
        assert_eq!(job.checkpoints.last, Some(last));
        assert_eq!(job.checkpoints.last_failure, Some((900_000, "expired".into())));
        assert_eq!((job.checkpoints.completed, job.checkpoints.failed), (7, 1));
        assert_eq!(told.jobs[1].state, "CANCELED");
    }

    #[test]
    fn one_that_is_away_says_so_and_keeps_what_was_heard() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let before = Engine { address, reachable: true, workers: 3, ..Engine::default() };
        let told = round(&agent(), before);
        assert!(!told.reachable && told.detail.contains("does not answer"), "{told:?}");
        assert_eq!(told.workers, 3);
        assert!(Flink::start("https://x:1").is_err() && Flink::start("http://x").is_err());
    }
}
