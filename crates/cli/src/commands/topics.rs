//! `flumen topics`: are the topics on Kafka as they should be, and make them so.
//!
//! Not here: what each topic should be (`bus::kafka::topics`).

use std::process::ExitCode;

use clap::{Args, Subcommand};
use flumen_base::Result;

use crate::Site;

/// Make, check or show the topics on Kafka
#[derive(Subcommand)]
pub enum Topics {
    /// Make the topics that are missing and mend settings; nothing is ever removed
    ///
    /// Ends with 4 when something is left that a person must decide.
    /// Example: FLUMEN__KAFKA__BROKERS=kafka:9092 flumen topics apply
    Apply(Printing),
    /// Compare with what they should be; changes nothing, ends with 4 when something is wrong
    Check(Printing),
    /// Print the topics as they are
    Show(Printing),
}

#[derive(Args)]
pub struct Printing {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[cfg(not(feature = "kafka"))]
pub fn run(_: &Site, _: &Topics) -> Result<ExitCode> {
    Err(crate::kafka::absent())
}

#[cfg(feature = "kafka")]
pub fn run(site: &Site, args: &Topics) -> Result<ExitCode> {
    use flumen_base::Context as _;
    use flumen_bus::kafka::topics;
    let kafka = crate::kafka::config(&site.load()?)?;
    let at = format!("Kafka at {} (kafka.brokers)", kafka.brokers.join(", "));
    match args {
        Topics::Show(printing) => {
            on::show(&topics::show(&kafka).context(at)?, printing.json);
            Ok(ExitCode::SUCCESS)
        }
        Topics::Check(printing) => Ok(on::told(&topics::check(&kafka).context(at)?, printing.json)),
        Topics::Apply(printing) => {
            let changed = topics::apply(&kafka).context(at.clone())?;
            let left = topics::check(&kafka).context(at)?;
            Ok(on::applied(&changed, &left, printing.json))
        }
    }
}

#[cfg(feature = "kafka")]
mod on {
    use std::process::ExitCode;

    use flumen_bus::kafka::topics::{Finding, Shown};
    use serde_json::{Value, json};

    use crate::show;

    fn as_json(f: &Finding) -> Value {
        json!({ "topic": f.topic, "setting": f.setting, "is": f.is, "should": f.should, "fix": f.fix })
    }

    fn all(findings: &[Finding]) -> Value {
        findings.iter().map(as_json).collect()
    }

    fn list(findings: &[Finding]) {
        for f in findings {
            println!(
                "{}: {} is {}, should be {}\n    {}",
                f.topic, f.setting, f.is, f.should, f.fix
            );
        }
    }

    fn code(wrong: &[Finding]) -> ExitCode {
        if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(4) }
    }

    /// What `check` found.
    pub fn told(findings: &[Finding], as_json: bool) -> ExitCode {
        if as_json {
            println!("{:#}", json!({ "wrong": all(findings) }));
        } else if findings.is_empty() {
            println!("the topics are as they should be");
        } else {
            list(findings);
            println!("something is wrong, see above");
        }
        code(findings)
    }

    /// What `apply` did, and what is left.
    pub fn applied(changed: &[Finding], left: &[Finding], as_json: bool) -> ExitCode {
        let done: Vec<Finding> = changed.iter().filter(|c| !left.contains(c)).cloned().collect();
        if as_json {
            println!("{:#}", json!({ "changed": all(&done), "wrong": all(left) }));
            return code(left);
        }
        for f in &done {
            println!("{}: {} {} -> {}", f.topic, f.setting, f.is, f.should);
        }
        list(left);
        println!(
            "{}",
            match (done.is_empty(), left.is_empty()) {
                (_, false) => "something is left for a person to decide, see above",
                (true, true) => "nothing to do: the topics are as they should be",
                (false, true) => "the topics are as they should be now",
            }
        );
        code(left)
    }

    /// The topics as they are.
    pub fn show(topics: &[Shown], as_json: bool) {
        if as_json {
            let one = |t: &Shown| {
                json!({
                    "name": t.name, "exists": t.exists, "partitions": t.partitions,
                    "replicas": t.replicas, "behind": t.behind, "records": t.records,
                    "settings": t.settings.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
                })
            };
            println!("{:#}", topics.iter().map(one).collect::<Value>());
            return;
        }
        let rows: Vec<Vec<String>> = topics.iter().map(row).collect();
        show::table(&["TOPIC", "PARTITIONS", "COPIES", "BEHIND", "RECORDS", "CLEANUP"], &rows);
    }

    fn row(t: &Shown) -> Vec<String> {
        if !t.exists {
            return vec![t.name.clone(), "missing".into()];
        }
        let cleanup = t.settings.iter().find(|(name, _)| name == "cleanup.policy");
        vec![
            t.name.clone(),
            t.partitions.to_string(),
            t.replicas.to_string(),
            t.behind.to_string(),
            t.records.to_string(),
            cleanup.map_or(String::new(), |(_, value)| value.clone()),
        ]
    }
}
