//! What this room is told: whom to tell what, and for how long to try.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use flumen_base::{CameraId, Context, Error, Result};

/// Targets at most.
const MOST_TARGETS: usize = 16;
/// Kinds of events that the analysis tells.
const KINDS: [&str; 12] = [
    "motion",
    "cross",
    "enter",
    "leave",
    "dwell",
    "loiter",
    "crowd",
    "wrong-way",
    "left",
    "taken",
    "tamper",
    "anomaly",
];

/// Words that print as stars.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// One webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Names it in logs and on the system page.
    pub name: String,
    /// `http://HOST/PATH` or `https://HOST/PATH`; its path may hold a token.
    pub url: Secret,
    /// Certificates (PEM) that sign the receiver's, instead of those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Signs each request; empty = not signed.
    pub secret: Secret,
    /// Only these kinds of events; empty = all.
    pub kinds: Vec<String>,
    /// Only these cameras; empty = all.
    pub cameras: Vec<String>,
    /// Which phases: `begin`, `update`, `end`.
    pub phases: Vec<String>,
}

/// Settings of this room.
#[derive(Clone, Debug, PartialEq)]
pub struct NotifyConfig {
    /// Whom to tell.
    pub targets: Vec<Target>,
    /// Address of the web pages that is put before a picture's path; empty = the path alone.
    pub public_url: String,
    /// Events that wait for one target.
    pub queue: usize,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Wait after a first failure; it doubles up to `wait_max`.
    pub wait_min: Duration,
    /// Longest wait between two attempts.
    pub wait_max: Duration,
    /// After so long an event is given up.
    pub give_up: Duration,
}

impl Default for NotifyConfig {
    fn default() -> NotifyConfig {
        NotifyConfig {
            targets: Vec::new(),
            public_url: String::new(),
            queue: 1000,
            timeout: Duration::from_secs(10),
            wait_min: Duration::from_secs(1),
            wait_max: Duration::from_secs(60),
            give_up: Duration::from_secs(3600),
        }
    }
}

impl NotifyConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// `Invalid` with the setting's name and its rule.
    pub fn validate(&self) -> Result<()> {
        let rule =
            |holds: bool, said: String| if holds { Ok(()) } else { Err(Error::invalid(said)) };
        rule(
            self.targets.len() <= MOST_TARGETS,
            format!("notify.targets: at most {MOST_TARGETS} targets; send to one that passes on"),
        )?;
        rule(
            (1..=100_000).contains(&self.queue),
            "notify.queue: 1 to 100000 events can wait for a target".into(),
        )?;
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(60));
        rule(
            (least..=most).contains(&self.timeout),
            "notify.timeout: at most 1 min, and above 0".into(),
        )?;
        rule(
            self.wait_max >= self.wait_min && self.wait_min >= least,
            format!("notify.wait_max: at least {:?}", self.wait_min),
        )?;
        rule(!self.give_up.is_zero(), "notify.give_up: must be above 0".into())?;
        for (i, target) in self.targets.iter().enumerate() {
            let name = &target.name;
            let twice = self.targets.iter().take(i).any(|t| t.name == *name);
            rule(
                !name.is_empty() && !twice,
                format!("notify.targets: each target needs a name of its own, not {name:?}"),
            )?;
            let schemes = ["https://", "http://"];
            let host =
                schemes.iter().find_map(|s| target.url.0.strip_prefix(s)).unwrap_or_default();
            rule(
                !host.is_empty() && !host.starts_with('/') && !host.contains(char::is_whitespace),
                format!("notify target {name}: url must be https://HOST/PATH or http://HOST/PATH"),
            )?;
            rule(
                target.ca_file.is_none() || target.url.0.starts_with("https://"),
                format!("notify target {name}: ca_file is for an https:// url"),
            )?;
            if let Some(kind) = target.kinds.iter().find(|k| !KINDS.contains(&k.as_str())) {
                let known = KINDS.join(", ");
                return Err(Error::invalid(format!(
                    "notify target {name}: there is no kind of event {kind:?}; there are {known}"
                )));
            }
            for camera in &target.cameras {
                CameraId::new(camera).context(format!("notify target {name}: cameras"))?;
            }
            let known = |p: &String| ["begin", "update", "end"].contains(&p.as_str());
            rule(
                target.phases.iter().all(known),
                format!("notify target {name}: phases are \"begin\", \"update\" and \"end\""),
            )?;
        }
        Ok(())
    }
}
