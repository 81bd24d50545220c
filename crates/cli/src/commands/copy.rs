//! `flumen bus copy`: what the embedded bus holds, to Kafka, so that everything goes on there.
//!
//! Invariants: before records are copied, every stream is ended, the analysis and the archive
//! have taken all of it; nothing is copied twice, whenever this was cut off.
//! Not here: copying itself (`bus::copy`), the archive's move (`moving`).

use clap::{Args, Subcommand, ValueEnum};
use flumen_base::Result;

use crate::Site;

/// Take what is here along to Kafka
#[derive(Subcommand)]
pub enum Bus {
    /// Copy cameras, owners, gaps, segments, video and results to Kafka; may be repeated
    ///
    /// Stop flumen on this directory first. A copy that was cut off goes on where it ended.
    /// Then set bus.kind = "kafka" and start flumen again: it goes on with the same cameras,
    /// archive and events.
    /// Example: flumen bus copy --to kafka --data data
    Copy(CopyArgs),
}

#[derive(Args)]
pub struct CopyArgs {
    /// Where to.
    #[arg(long, value_enum)]
    to: To,
    /// The summary as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum To {
    Kafka,
}

#[cfg(not(feature = "kafka"))]
pub fn run(_: &Site, _: &Bus) -> Result<()> {
    Err(crate::kafka::absent())
}

#[cfg(feature = "kafka")]
pub fn run(site: &Site, args: &Bus) -> Result<()> {
    let Bus::Copy(CopyArgs { to: To::Kafka, json }) = args;
    on::copy(site, *json)
}

#[cfg(feature = "kafka")]
mod on {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use flumen_base::wire::{Camera, Gap};
    use flumen_base::{Context, Error, Result, SystemClock, topic};
    use flumen_bus::copy::{self, Copied, Copy, Place, Progress};
    use flumen_bus::{Bus, Embedded, Kafka, Table};
    use flumen_runtime::Runtime;
    use indicatif::ProgressBar;
    use prost::Message as _;
    use serde_json::json;

    use crate::config::Config;
    use crate::lock::Lock;
    use crate::moving::{State, is_moved};
    use crate::{Site, rooms, settings, show};

    /// Who analyses on Kafka.
    const GROUP: &str = "flumen-analysis";
    /// How long the analysis and the archive may take for what they had left.
    const SETTLE: Duration = Duration::from_secs(3600);

    pub fn copy(site: &Site, as_json: bool) -> Result<()> {
        let (data, config) = (site.data.as_path(), site.load()?);
        if !data.join("bus").is_dir() {
            return Err(Error::not_found(format!(
                "{} has no embedded bus: name the data directory with --data",
                data.display()
            )));
        }
        let _lock = Lock::take(data).context("copy the bus of a stopped flumen")?;
        if is_moved(data) {
            return Err(Error::invalid(format!(
                "{} goes on with Kafka already: there is nothing more to copy",
                data.display()
            )));
        }
        let begun = Instant::now();
        let bus =
            Embedded::open(&data.join("bus"), settings::bus(&config)).context("open the bus")?;
        settle(data, &config, &bus)?;
        let spool = data.join("bus-copy.spool");
        forget(&spool)?;
        let kafka = crate::kafka::open_at(&spool, &config)?;
        let copied = Job { data, bus: bus.as_ref(), kafka: &kafka }.run();
        let closed = kafka.close().and(bus.close());
        let told = copied?;
        closed?;
        drop(kafka);
        forget(&spool)?;
        tell(&told, begun.elapsed(), as_json);
        Ok(())
    }

    /// What is in a copy's spool is read from the source again.
    fn forget(spool: &Path) -> Result<()> {
        match std::fs::remove_dir_all(spool) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(format!("remove {}", spool.display()), e))
            }
            _ => Ok(()),
        }
    }

    /// Ends every stream, and lets the analysis and the archive take all that is there.
    fn settle(data: &Path, config: &Config, bus: &Arc<Embedded>) -> Result<()> {
        let as_bus: Arc<dyn Bus> = bus.clone();
        flumen_ingest::end_what_was_left(bus.as_ref(), &SystemClock).context("end the streams")?;
        let bar = show::counter("s for analysis and archive to take what is left");
        let runtime = Runtime::start(as_bus.clone(), settings::runtime(data, config))?;
        let analysed = runtime.settle(SETTLE);
        runtime.stop()?;
        if !analysed {
            return Err(Error::unavailable(
                "the analysis did not get through what is on the bus in an hour: run the copy again",
            ));
        }
        let ends: Vec<(u32, u64)> =
            bus.watermarks(topic::VIDEO)?.iter().map(|w| (w.partition, w.next)).collect();
        let until = Instant::now() + SETTLE;
        // A stop files what is open, so that every place of the archive is at the log's end.
        while !flumen_archive::has_taken(&data.join("archive"), topic::VIDEO, &ends)? {
            if Instant::now() > until {
                return Err(Error::unavailable(
                    "the archive did not file what is on the bus in an hour",
                ));
            }
            rooms::archive(data, config, &as_bus)?.stop()?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// What was done.
    struct Told {
        logs: Vec<(&'static str, Copied)>,
        rows: Vec<(&'static str, u64)>,
        group: Vec<(u32, u64)>,
    }

    struct Job<'a> {
        data: &'a Path,
        bus: &'a Embedded,
        kafka: &'a Arc<Kafka>,
    }

    impl Job<'_> {
        fn run(&self) -> Result<Told> {
            let rows = self.tables()?;
            let site = self.site()?;
            let copy = Copy { from: self.bus, to: self.kafka.as_ref(), site: &site };
            let mut logs = Vec::new();
            for topic in topic::LOGS {
                let mut state = State::load(self.data)?.unwrap_or_default();
                let mut place = state.place(topic);
                let bar = show::bar(topic);
                let mut progress = Saving { data: self.data, state: &mut state, topic, bar };
                let copied = copy.log(topic, &mut place, &mut progress);
                progress.bar.finish_and_clear();
                logs.push((topic, copied.context(format!("copy {topic}"))?));
            }
            let group = self.commit()?;
            Ok(Told { logs, rows, group })
        }

        /// Tells this data directory from others that are copied to the same Kafka.
        fn site(&self) -> Result<String> {
            use sha2::{Digest as _, Sha256};
            let path = self.data.join("bus-copy.id");
            if !path.exists() {
                let key = std::fs::read(self.data.join("site.key")).unwrap_or_default();
                let mut hash = Sha256::new();
                hash.update(b"flumen bus copy");
                hash.update(key);
                let id: String =
                    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
                std::fs::write(&path, id).context(format!("write {}", path.display()))?;
            }
            std::fs::read_to_string(&path).context(format!("read {}", path.display()))
        }

        fn tables(&self) -> Result<Vec<(&'static str, u64)>> {
            let mut rows = Vec::new();
            for topic in topic::TABLES {
                let (from, to) = (self.bus.table(topic)?, self.kafka.table(topic)?);
                let wins: copy::Wins<'_> = match topic {
                    topic::CAMERAS => &newer_camera,
                    topic::GAPS => &closed_gap,
                    _ => &|_, _| false,
                };
                let copied = copy::table(from.as_ref(), to.as_ref(), wins);
                rows.push((topic, copied.context(format!("copy {topic}"))?));
                if topic == topic::OWNERS {
                    raise_claims(from.as_ref(), to.as_ref())?;
                }
            }
            Ok(rows)
        }

        /// The analysis on Kafka begins behind what the embedded one has analysed.
        fn commit(&self) -> Result<Vec<(u32, u64)>> {
            let ends = State::load(self.data)?.unwrap_or_default().place(topic::VIDEO).ends;
            let there = self.kafka.committed(GROUP, topic::VIDEO)?;
            let is_behind = |partition: u32, end: u64| {
                let at = there.iter().find(|(p, _)| *p == partition).and_then(|(_, at)| *at);
                at.is_none_or(|at| at < end)
            };
            let group: Vec<(u32, u64)> =
                ends.into_iter().filter(|&(p, end)| is_behind(p, end)).collect();
            if !group.is_empty() {
                self.kafka.commit(GROUP, topic::VIDEO, &group).context(format!(
                    "set where group {GROUP} begins (stop the Flink job while the bus is copied)"
                ))?;
            }
            Ok(group)
        }
    }

    fn newer_camera(ours: &[u8], theirs: &[u8]) -> bool {
        match (Camera::decode(ours), Camera::decode(theirs)) {
            (Ok(ours), Ok(theirs)) => ours.version > theirs.version,
            (Ok(_), Err(_)) => true,
            _ => false,
        }
    }

    fn closed_gap(ours: &[u8], theirs: &[u8]) -> bool {
        let end = |gap: &[u8]| Gap::decode(gap).map_or(0, |g| g.end_us);
        end(theirs) == 0 && end(ours) != 0
    }

    /// Epochs are made of claims' offsets: the next claim on Kafka must be above all of ours.
    fn raise_claims(from: &dyn Table, to: &dyn Table) -> Result<()> {
        let end = copy::end_of(from)?;
        match from.scan(b"")?.first() {
            Some((key, value)) => copy::raise_to(to, key, value, end),
            None => Ok(()),
        }
    }

    struct Saving<'a> {
        data: &'a Path,
        state: &'a mut State,
        topic: &'static str,
        bar: ProgressBar,
    }

    impl Progress for Saving<'_> {
        fn told(&mut self, done: u64, total: u64) {
            self.bar.set_length(total);
            self.bar.set_position(done);
        }

        fn save(&mut self, place: &Place) -> Result<()> {
            self.state.put(self.topic, place);
            self.state.save(self.data)
        }
    }

    fn tell(told: &Told, took: Duration, as_json: bool) {
        let records: u64 = told.logs.iter().map(|(_, c)| c.records).sum();
        let bytes: u64 = told.logs.iter().map(|(_, c)| c.bytes).sum();
        if as_json {
            let log = |(topic, c): &(&str, Copied)| {
                json!({ "topic": topic, "records": c.records, "bytes": c.bytes,
                        "missing": c.missing, "found": c.found })
            };
            let rows = |(topic, n): &(&str, u64)| json!({ "topic": topic, "rows": n });
            let offset = |(p, o): &(u32, u64)| json!({ "partition": p, "offset": o });
            println!(
                "{:#}",
                json!({
                    "logs": told.logs.iter().map(log).collect::<Vec<_>>(),
                    "tables": told.rows.iter().map(rows).collect::<Vec<_>>(),
                    "group": { "name": GROUP, "offsets": told.group.iter().map(offset).collect::<Vec<_>>() },
                    "seconds": took.as_secs_f64(),
                })
            );
            return;
        }
        let rows: Vec<Vec<String>> = told
            .logs
            .iter()
            .map(|(t, c)| {
                vec![(*t).into(), c.records.to_string(), format!("{:.1}", c.bytes as f64 / 1e6)]
            })
            .chain(told.rows.iter().map(|(t, n)| vec![(*t).into(), n.to_string()]))
            .collect();
        show::table(&["TOPIC", "COPIED", "MB"], &rows);
        let rate = bytes as f64 / 1e6 / took.as_secs_f64().max(0.001);
        println!("{records} records in {:.1} s, {rate:.0} MB/s", took.as_secs_f64());
        println!(
            "Kafka keeps them by their own time of arrival: what is older than the topics' retention goes soon."
        );
        println!(
            "Next: bus.kind = \"kafka\" in the configuration, the Flink job, and `flumen run`."
        );
    }
}
