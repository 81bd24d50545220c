//! The configuration: one TOML file made of sections, and what overrides it.
//!
//! Invariants: unknown keys are refused; `default.toml` holds every key.
//! Not here: cameras, which are data and live on the bus.

use std::path::{Path, PathBuf};

use flumen_base::{Context, Error, Result};
use serde::{Deserialize, Serialize};

use crate::kafka::{KafkaSection, Stars};
use crate::units::{ByteSize, Span};

/// The reference: every key, commented, with its default.
pub const DEFAULT: &str = include_str!("../default.toml");
/// The file in a data directory that is read when no other is named.
pub const FILE: &str = "flumen.toml";
const PREFIX: &str = "FLUMEN__";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub api: flumen_api::ApiConfig,
    pub bus: Bus,
    pub kafka: KafkaSection,
    pub cluster: Cluster,
    pub peer: flumen_api::peer::PeerConfig,
    pub ingest: Ingest,
    pub analysis: Analysis,
    pub archive: Archive,
    pub learn: Learn,
    pub notify: Notify,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    pub kind: BusKind,
    pub partitions: u32,
    pub sync_delay: Span,
    pub video_age: Span,
    pub video_bytes: ByteSize,
    pub results_age: Span,
    pub results_bytes: ByteSize,
}

/// What carries the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BusKind {
    /// A log in the data directory.
    Embedded,
    /// Kafka, as section [kafka] says.
    Kafka,
}

/// Learning in this process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learn {
    pub enabled: bool,
    pub name: String,
}

/// What the processes of one site share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    pub site_key_file: PathBuf,
    pub flink: String,
}

impl Cluster {
    /// The site's key: the file that is named, or the one in the data directory.
    pub fn key(&self, data: &Path) -> PathBuf {
        if self.site_key_file.as_os_str().is_empty() {
            return data.join("site.key");
        }
        self.site_key_file.clone()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    pub stall: Span,
    pub reconnect_max: Span,
    pub file_roots: Vec<PathBuf>,
    pub allow_hosts: Vec<String>,
    pub max_cameras: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    pub workers: usize,
    pub queue: usize,
    pub checkpoint_every: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    pub segment: Span,
    pub keep: Span,
    pub keep_bytes: ByteSize,
    pub export_days: bool,
    pub store: PathBuf,
}

/// Whom to tell of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    pub public_url: String,
    pub queue: usize,
    pub timeout: Span,
    pub wait_max: Span,
    pub give_up: Span,
    pub targets: Vec<NotifyTarget>,
}

/// One webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyTarget {
    pub name: String,
    pub url: Stars,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    #[serde(default)]
    pub secret: Stars,
    #[serde(default)]
    pub kinds: Vec<String>,
    #[serde(default)]
    pub cameras: Vec<String>,
    #[serde(default = "begin_and_end")]
    pub phases: Vec<String>,
}

fn begin_and_end() -> Vec<String> {
    vec!["begin".into(), "end".into()]
}

impl Archive {
    /// Where the files are: the directory that is named, or the one in the data directory.
    pub fn files(&self, data: &Path) -> PathBuf {
        if self.store.as_os_str().is_empty() {
            return data.join("archive");
        }
        self.store.clone()
    }
}

impl Config {
    /// Defaults, then `file` (or the data directory's own), then the environment.
    pub fn load(file: Option<&Path>, data: &Path) -> Result<Config> {
        let mut merged = table(DEFAULT, "default.toml")?;
        let own = data.join(FILE);
        let file = file.or_else(|| own.exists().then_some(own.as_path()));
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).context(format!("read {}", path.display()))?;
            merge(&mut merged, table(&text, &path.display().to_string())?);
        }
        merge(&mut merged, environment(std::env::vars())?);
        let config: Config = merged
            .try_into()
            .map_err(|e| Error::invalid(format!("configuration: {}", one_line(&e.to_string()))))?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<()> {
        let rule = |holds: bool, said: &'static str| {
            if holds { Ok(()) } else { Err(Error::invalid(said)) }
        };
        rule(
            (1..=64).contains(&self.bus.partitions),
            "bus.partitions: 1 to 64 partitions fit one machine",
        )?;
        rule(self.analysis.queue >= 2, "analysis.queue: at least 2 access units must fit")?;
        rule(self.archive.segment.0.as_secs() >= 1, "archive.segment: at least 1 s")?;
        rule(
            self.archive.segment.0 < self.bus.video_age.0,
            "bus.video_age must be longer than archive.segment",
        )?;
        crate::settings::learn(Path::new(""), self).validate()?;
        crate::settings::notify(self).validate()?;
        self.peer.validate()?;
        self.kafka.validate()
    }

    /// As TOML, for `flumen config`.
    pub fn print(&self) -> String {
        toml::to_string(self).expect("a configuration is plain data")
    }
}

fn table(text: &str, name: &str) -> Result<toml::Table> {
    text.parse().map_err(|e: toml::de::Error| {
        Error::invalid(format!("{name}: {}", one_line(&e.to_string())))
    })
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// `FLUMEN__BUS__SYNC_DELAY=20 ms` becomes `bus.sync_delay`; values are TOML or else text.
fn environment(vars: impl Iterator<Item = (String, String)>) -> Result<toml::Table> {
    let mut all = toml::Table::new();
    for (name, value) in vars {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let Some((section, key)) = rest.split_once("__") else {
            return Err(Error::invalid(format!("{name}: write it as {PREFIX}SECTION__KEY")));
        };
        let parsed =
            format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
        let entry = all.entry(section.to_lowercase()).or_insert_with(|| toml::Table::new().into());
        if let toml::Value::Table(section) = entry {
            section.insert(key.to_lowercase(), parsed.unwrap_or(toml::Value::String(value)));
        }
    }
    Ok(all)
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_toml_is_a_whole_configuration() {
        let empty = tempfile::tempdir().unwrap();
        let config = Config::load(None, empty.path()).unwrap();
        assert_eq!(config.bus.sync_delay.to_string(), "50 ms");
    }

    #[test]
    fn every_key_is_explained() {
        let lines: Vec<&str> = DEFAULT.lines().collect();
        for pair in lines.windows(2) {
            let is_key = |l: &str| l.contains(" = ") && !l.starts_with('#');
            if let [before, line] = pair
                && is_key(line)
            {
                let told = before.starts_with('#') || is_key(before);
                assert!(told, "{line} has no comment before it");
            }
        }
    }

    #[test]
    fn file_and_environment_override_in_order() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "[bus]\nsync_delay = \"20 ms\"\n").unwrap();
        let config = Config::load(None, dir.path()).unwrap();
        assert_eq!(config.bus.sync_delay.to_string(), "20 ms");
        let vars = [("FLUMEN__BUS__PARTITIONS".to_owned(), "4".to_owned())];
        let mut merged = table(DEFAULT, "default").unwrap();
        merge(&mut merged, environment(vars.into_iter()).unwrap());
        assert_eq!(merged["bus"]["partitions"].as_integer(), Some(4));
    }

    #[test]
    fn servers_come_by_the_environment_and_a_password_prints_as_stars() {
        let vars =
            [("FLUMEN__KAFKA__BROKERS", "a:9092, b:9092"), ("FLUMEN__KAFKA__PASSWORD", "hunter2")];
        let vars = vars.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned()));
        let mut merged = table(DEFAULT, "default").unwrap();
        merge(&mut merged, environment(vars).unwrap());
        let config: Config = merged.try_into().unwrap();
        assert_eq!(config.kafka.brokers(), ["a:9092", "b:9092"]);
        let printed = [config.print(), serde_json::to_string(&config).unwrap()];
        for text in printed {
            assert!(text.contains("***") && !text.contains("hunter2"), "{text}");
        }
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn unknown_keys_and_bad_values_are_named() {
        let dir = tempfile::tempdir().unwrap();
        for (text, named) in [
            ("[bus]\nspeed = 1\n", "speed"),
            ("[bus]\nsync_delay = \"soon\"\n", "soon"),
            ("[bus]\npartitions = 0\n", "bus.partitions"),
            ("[bus\n", FILE),
            ("[bus]\nkind = \"rabbit\"\n", "kind"),
            ("[kafka]\nbrokers = \" , \"\n", "kafka.brokers"),
            ("[kafka]\npassword = \"a\"\npassword_file = \"b\"\n", "password_file"),
        ] {
            std::fs::write(dir.path().join(FILE), text).unwrap();
            let said = Config::load(None, dir.path()).unwrap_err().to_string();
            assert!(said.contains(named), "{said}");
        }
    }
}
