//! `flumen check`: is what is stored what was promised?

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use flumen_archive::{Finding, Severity};
use flumen_base::{Context, Kind, Result};
use flumen_journal::{Checked, StdDisk};
use serde_json::json;

use crate::{Site, lock, show};

/// Check log and archive against what they promise
///
/// Reads everything and changes nothing; ends with 4 when something is damaged.
/// Example: flumen check --data data
#[derive(Args)]
pub struct Check {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(site: &Site, args: &Check) -> Result<ExitCode> {
    if !site.data.is_dir() {
        return Err(flumen_base::Error::not_found(format!(
            "{} is not a data directory; name one with --data",
            site.data.display()
        )));
    }
    if let Some(owner) = lock::owner(&site.data) {
        eprintln!("flumen (pid {}) is writing here: what it has open is not judged", owner.pid);
    }
    let bar = show::bar("files");
    let reader = flumen_archive::Reader::open(&site.data.join("archive"))?;
    let mut findings = reader.check(&mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    for dir in logs(&site.data.join("bus"))? {
        findings.extend(check_log(&dir)?);
    }
    let bad = findings.iter().any(is_bad);
    if args.json {
        let as_json = |f: &Finding| json!({ "what": f.what, "where": f.where_, "fix": f.fix, "bad": is_bad(f) });
        println!("{:#}", findings.iter().map(as_json).collect::<serde_json::Value>());
    } else {
        for f in &findings {
            println!(
                "{} {}: {}\n    {}",
                if is_bad(f) { "BAD " } else { "note" },
                f.where_,
                f.what,
                f.fix
            );
        }
        println!("{}", if bad { "something is wrong, see above" } else { "all is as promised" });
    }
    Ok(if bad { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

/// The folders of the bus that hold a log each, in order of their names.
fn logs(bus: &Path) -> Result<Vec<PathBuf>> {
    if !bus.is_dir() {
        return Ok(Vec::new());
    }
    let told = || format!("list {}", bus.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(bus).context(told())? {
        let path = entry.context(told())?.path();
        let name = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.rsplit_once('-'));
        let is_log = name.is_some_and(|(_, partition)| partition.parse::<u32>().is_ok());
        if is_log && path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads one log; one that can't be read at all is a finding, so that the others are read too.
fn check_log(dir: &Path) -> Result<Vec<Finding>> {
    let bar = show::bar("bytes of the log");
    let checked = flumen_journal::check(&StdDisk, dir, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let finding = |severity, what: String, fix: &str| found_in(dir, severity, what, fix);
    match checked {
        Ok(checked) => Ok(log_findings(dir, &checked)),
        // The running owner may have removed a file by its age between list and read.
        Err(e) if e.kind() == Kind::NotFound => {
            Ok(vec![finding(Severity::Note, e.to_string(), "run `flumen check` again")])
        }
        Err(e) => Ok(vec![finding(
            Severity::Error,
            e.to_string(),
            "check the disk and who may read the data directory",
        )]),
    }
}

fn found_in(place: &Path, severity: Severity, what: String, fix: &str) -> Finding {
    Finding { what, where_: place.display().to_string(), fix: fix.into(), severity }
}

fn log_findings(dir: &Path, checked: &Checked) -> Vec<Finding> {
    let damaged = checked.damaged.iter().map(|lost| {
        let (first, last) = (lost.offsets.start, lost.offsets.end.saturating_sub(1));
        found_in(
            &lost.file,
            Severity::Error,
            format!("records {first} to {last} of {} can't be read", topic_of(dir)),
            "they are lost; readers go on behind them. What the archive has of that time is not touched. Check the disk",
        )
    });
    let mut found: Vec<Finding> = damaged.collect();
    if checked.tail_bytes > 0 {
        found.push(found_in(
            dir,
            Severity::Note,
            format!("the log ends with {} bytes that were never acknowledged", checked.tail_bytes),
            "nothing: the next start cuts them off",
        ));
    }
    found
}

/// The topic in a log's folder's name, for a person.
fn topic_of(dir: &Path) -> String {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    match name.rsplit_once('-') {
        Some((topic, partition)) => format!("{topic}, partition {partition},"),
        None => name.into_owned(),
    }
}

fn is_bad(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}
