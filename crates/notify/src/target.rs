//! One webhook: a thread that sends what waits, again and again, until it is taken.
//!
//! Invariants: events go out in order, one at a time; an attempt ends within `timeout`; an event
//! is given up after `give_up`, or at once when the receiver says that it will never take it.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use flumen_base::wire::Event;
use flumen_base::{Context, Error, Result};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use crate::body::{Body, phase};
use crate::config::{NotifyConfig, Target};
use crate::queue::{Queue, Waiting};
use crate::sign::signature;

/// How an attempt went.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Taken,
    Later(String),
    Never(String),
}

impl Target {
    /// True for an event that this target wants.
    pub(crate) fn wants(&self, event: &Event) -> bool {
        let among = |list: &[String], word: &str| list.is_empty() || list.iter().any(|w| w == word);
        !event.muted
            && among(&self.kinds, &event.kind)
            && among(&self.cameras, &event.camera)
            && among(&self.phases, phase(event))
    }
}

/// The client of a target.
///
/// # Errors
/// Its certificates can't be read.
pub(crate) fn agent(target: &Target, config: &NotifyConfig) -> Result<ureq::Agent> {
    let roots = match &target.ca_file {
        None => RootCerts::PlatformVerifier,
        Some(file) => RootCerts::from(certificates(file).context(format_args!(
            "read the certificates {} of notify target {}",
            file.display(),
            target.name
        ))?),
    };
    let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
    let agent = ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(config.timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("flumen/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    Ok(agent)
}

fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>> {
    let pem = std::fs::read(file).context("open the file")?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(e) => return Err(Error::invalid("this is no PEM file").with_source(e)),
        }
    }
    if found.is_empty() { Err(Error::invalid("no certificate is in it")) } else { Ok(found) }
}

/// Sends until the queue ends.
pub(crate) fn run(agent: &ureq::Agent, target: &Target, config: &NotifyConfig, queue: &Arc<Queue>) {
    while let Some(one) = queue.first() {
        if !deliver(agent, (target, config), &one, queue) {
            return;
        }
    }
}

/// Tries until it is taken or given up; false when the end came first.
fn deliver(
    agent: &ureq::Agent,
    (target, config): (&Target, &NotifyConfig),
    one: &Waiting,
    queue: &Queue,
) -> bool {
    let mut wait = config.wait_min;
    loop {
        let why = match attempt(agent, target, &one.body) {
            Answer::Taken => {
                queue.done(one, true);
                return true;
            }
            Answer::Never(why) => (why, true),
            Answer::Later(why) => (why, one.since.elapsed() + wait > config.give_up),
        };
        let (why, given_up) = why;
        if given_up {
            tracing::warn!(target = target.name, event = one.body.id, "given up: {why}");
            queue.done(one, false);
            return true;
        }
        queue.fails(why);
        if !queue.rest(wait) {
            return false;
        }
        if !queue.holds(one) {
            return true; // it had to make room, or is another process's now
        }
        wait = (wait * 2).min(config.wait_max);
    }
}

fn attempt(agent: &ureq::Agent, target: &Target, body: &Body) -> Answer {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
    let mut request = agent
        .post(&target.url.0)
        .header("content-type", "application/json")
        .header("x-flumen-id", &body.id)
        .header("x-flumen-timestamp", now_s.to_string());
    if !target.secret.0.is_empty() {
        match signature(&target.secret.0, now_s, body.text.as_bytes()) {
            Ok(signed) => request = request.header("x-flumen-signature", signed),
            Err(e) => return Answer::Later(e.to_string()),
        }
    }
    match request.send(&body.text) {
        Ok(answer) => judge(answer.status().as_u16()),
        // The address may hold a token: it does not stand in messages.
        Err(e) => Answer::Later(format!("{} does not answer: {e}", target.name)),
    }
}

fn judge(status: u16) -> Answer {
    match status {
        200..=299 => Answer::Taken,
        400 | 410 | 413 | 415 | 422 => Answer::Never(format!("refused with HTTP {status}")),
        _ => Answer::Later(format!("answers HTTP {status}")),
    }
}
