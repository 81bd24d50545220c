//! `flumen check`: is what is stored what was promised?

use std::process::ExitCode;

use clap::Args;
use flumen_archive::{Finding, Severity};
use flumen_base::Result;
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
    let findings = reader.check(&mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let bad = findings.iter().any(is_bad);
    if args.json {
        let as_json = |f: &Finding| json!({ "what": f.what, "where": f.where_, "fix": f.fix, "bad": is_bad(f) });
        println!("{:#}", findings.iter().map(as_json).collect::<serde_json::Value>());
    } else {
        for f in &findings {
            println!("{} {}: {}\n    {}", if is_bad(f) { "BAD " } else { "note" }, f.where_, f.what, f.fix);
        }
        println!("{}", if bad { "something is wrong, see above" } else { "all is as promised" });
    }
    Ok(if bad { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

fn is_bad(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}
