//! `flumen model`: the learned models of a running Flumen, and which version counts.

use clap::Subcommand;
use flumen_base::{Error, Kind, Result};
use serde_json::{Value, json};

use crate::client::Client;
use crate::{Site, show};

/// List learned models, compare versions, say which one counts
#[derive(Subcommand)]
pub enum Model {
    /// The models of groups, or all that score a camera, the newest version of each first
    ///
    /// Example: flumen model list --camera yard
    List {
        /// Only those that score this camera: its own and its group's
        #[arg(long, value_name = "CAMERA")]
        camera: Option<String>,
        /// All versions, not the one that counts and those a person named
        #[arg(long)]
        all: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// One version: what it learned from, thresholds
    ///
    /// Example: flumen model show yard/profile
    Show {
        /// SCOPE/KIND, or SCOPE/KIND/VERSION; the scope is a camera, or group:NAME
        model: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Let this version count from now on, whatever is learned after it
    ///
    /// Example: flumen model promote group:site/kmeans/29923170 --reason "fewer false ones"
    Promote {
        /// SCOPE/KIND/VERSION; without a version always the newest
        model: String,
        /// Version that is scored beside and tells nothing
        #[arg(long, value_name = "VERSION", default_value_t = 0)]
        shadow: u64,
        /// Why, for people
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Score this version beside the one that counts, and let it count once it is better
    ///
    /// Better: in a day and more it finds as much of what people confirmed, with fewer anomalies
    /// that nobody confirmed. Then the newest version is beside, and so on. Without a version
    /// begin with the newest; how it goes: flumen model show.
    ///
    /// Example: flumen model try yard/profile
    Try {
        /// SCOPE/KIND, or SCOPE/KIND/VERSION
        model: String,
        /// Why, for people
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Let the version before the one that counts count
    ///
    /// Example: flumen model rollback yard/profile --reason "alarms each night since noon"
    Rollback {
        /// SCOPE/KIND, or SCOPE/KIND/VERSION to go back to that one
        model: String,
        /// Why, for people
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Two versions side by side
    ///
    /// Example: flumen model compare yard/profile 29923160 29923170
    Compare {
        /// SCOPE/KIND
        model: String,
        /// The first version
        a: u64,
        /// The second version
        b: u64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(site: &Site, command: Model) -> Result<()> {
    let client = Client::of(site)?;
    match command {
        Model::List { camera, all, json } => list(&client, camera.as_deref(), all, json),
        Model::Show { model, json } => detail(&client, &Name::of(&model)?, json),
        Model::Promote { model, shadow, reason } => {
            let name = Name::of(&model)?;
            say(&client, &name, name.version.unwrap_or(0), shadow, &reason)
        }
        Model::Try { model, reason } => attempt(&client, &Name::of(&model)?, &reason),
        Model::Rollback { model, reason } => {
            let name = Name::of(&model)?;
            let version = name.version.map_or_else(|| before(&client, &name), Ok)?;
            say(&client, &name, version, 0, &reason)
        }
        Model::Compare { model, a, b, json } => compare(&client, &Name::of(&model)?, [a, b], json),
    }
}

/// A model as a person names it.
struct Name {
    scope: String,
    kind: String,
    version: Option<u64>,
}

impl Name {
    fn of(text: &str) -> Result<Name> {
        let bad = || {
            Error::invalid(format!(
                "{text:?} names no model: use SCOPE/KIND or SCOPE/KIND/VERSION, as `flumen model list` shows them"
            ))
        };
        let mut parts = text.split('/');
        let (Some(scope), Some(kind)) = (parts.next(), parts.next()) else { return Err(bad()) };
        let version = parts.next().map(|v| v.parse().map_err(|_| bad())).transpose()?;
        if scope.is_empty() || kind.is_empty() || parts.next().is_some() {
            return Err(bad());
        }
        Ok(Name { scope: scope.to_owned(), kind: kind.to_owned(), version })
    }

    fn path(&self, leaf: &str) -> String {
        format!("/api/v1/models/{}/{}/{leaf}", self.scope, self.kind)
    }
}

fn text(v: &Value, key: &str) -> String {
    match v.get(key) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Null) | None => "-".into(),
        Some(other) => other.to_string(),
    }
}

fn models(answer: &Value) -> Vec<Value> {
    answer.get("models").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn number(v: &Value, key: &str) -> u64 {
    v.get(key).and_then(Value::as_u64).unwrap_or(0)
}

fn measures(model: &Value) -> String {
    let all = model.get("measures").and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |m: &Value| {
        let value = m.get("value").and_then(Value::as_f64).unwrap_or(0.0);
        format!("{} {value:.3}", text(m, "name"))
    };
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn list(client: &Client, camera: Option<&str>, all: bool, as_json: bool) -> Result<()> {
    let asked = camera.map_or(String::new(), |camera| format!("?camera={camera}"));
    let answer = client.get(&format!("/api/v1/models{asked}"))?;
    if as_json {
        println!("{answer:#}");
        return Ok(());
    }
    let pinned = |m: &Value| m.get("pinned").and_then(Value::as_bool) == Some(true);
    let shown =
        |m: &Value| all || pinned(m) || ["in-force", "shadow"].contains(&text(m, "state").as_str());
    let row = |m: &Value| {
        let state = text(m, "state") + if pinned(m) { ", chosen" } else { "" };
        let name = format!("{}/{}/{}", text(m, "scope"), text(m, "kind"), text(m, "version"));
        vec![name, state, text(m, "windows"), text(m, "minutes"), text(m, "trainer"), measures(m)]
    };
    let rows: Vec<_> = models(&answer).iter().filter(|m| shown(m)).map(row).collect();
    if rows.is_empty() {
        println!("no model is learned yet: the first comes after ten minutes of pictures");
        return Ok(());
    }
    if camera.is_none() {
        println!("models of groups; --camera CAMERA lists those of a camera, too");
    }
    show::table(&["MODEL", "STATE", "WINDOWS", "MINUTES", "TRAINER", "MEASURES"], &rows);
    Ok(())
}

/// The versions of a model, the newest first.
fn versions(client: &Client, name: &Name) -> Result<Vec<Value>> {
    let answer = client.get(&format!("/api/v1/models?scope={}&kind={}", name.scope, name.kind))?;
    let found = models(&answer);
    if found.is_empty() {
        return Err(Error::not_found(format!(
            "there is no model {}/{}: `flumen model list` shows those that are learned",
            name.scope, name.kind
        )));
    }
    Ok(found)
}

fn in_force(found: &[Value]) -> Option<usize> {
    found.iter().position(|m| text(m, "state") == "in-force")
}

/// The version before the one that counts.
fn before(client: &Client, name: &Name) -> Result<u64> {
    let found = versions(client, name)?;
    let older = in_force(&found).and_then(|at| found.get(at + 1));
    older.map(|m| number(m, "version")).ok_or_else(|| {
        Error::not_found(format!(
            "no version of {}/{} before the one that counts is kept",
            name.scope, name.kind
        ))
    })
}

fn detail(client: &Client, name: &Name, as_json: bool) -> Result<()> {
    let version = match name.version {
        Some(version) => version,
        None => {
            let found = versions(client, name)?;
            let live = in_force(&found).or(Some(0)).and_then(|at| found.get(at));
            live.map_or(0, |m| number(m, "version"))
        }
    };
    let answer = client.get(&name.path(&version.to_string()))?;
    if as_json {
        println!("{answer:#}");
        return Ok(());
    }
    let model = answer.get("model").cloned().unwrap_or_default();
    for key in
        ["scope", "kind", "version", "parent", "state", "trainer", "lineage", "windows", "minutes"]
    {
        println!("{key:8} {}", text(&model, key));
    }
    println!("measures {}", measures(&model));
    trial(client, name)?.iter().for_each(|line| println!("{line}"));
    let mut rows = Vec::new();
    for normal in answer.get("normals").and_then(Value::as_array).into_iter().flatten() {
        for threshold in normal.get("thresholds").and_then(Value::as_array).into_iter().flatten() {
            rows.push(vec![
                text(normal, "camera"),
                text(threshold, "dimension"),
                text(threshold, "score"),
            ]);
        }
    }
    if !rows.is_empty() {
        println!();
        show::table(&["CAMERA", "DIMENSION", "ODD ABOVE"], &rows);
    }
    Ok(())
}

fn say(client: &Client, name: &Name, version: u64, shadow: u64, reason: &str) -> Result<()> {
    let body = json!({"version": version, "shadow": shadow, "reason": reason});
    client.send("PUT", &name.path("active"), &body)?;
    let what = if version == 0 {
        String::from("the newest version")
    } else {
        format!("version {version}")
    };
    let beside = if shadow == 0 { String::new() } else { format!(", {shadow} is scored beside") };
    println!("{}/{}: {what} counts in half a second{beside}", name.scope, name.kind);
    Ok(())
}

fn attempt(client: &Client, name: &Name, reason: &str) -> Result<()> {
    let shadow = name.version.unwrap_or(0);
    let body = json!({"shadow": shadow, "when_better": true, "reason": reason});
    let word = client.send("PUT", &name.path("active"), &body)?;
    let beside = match number(&word, "shadow") {
        0 => String::from("the next version that is learned"),
        shadow => format!("version {shadow}"),
    };
    println!(
        "{}/{}: {beside} is scored beside version {}, and counts once it is better",
        name.scope,
        name.kind,
        text(&word, "version")
    );
    Ok(())
}

/// How the version beside does, in lines for a person; none when there is none.
fn trial(client: &Client, name: &Name) -> Result<Vec<String>> {
    let trial = match client.get(&name.path("trial")) {
        Err(e) if e.kind() == Kind::NotFound => return Ok(Vec::new()),
        answer => answer?,
    };
    let side = |key: &str| {
        let of = trial.get(key).cloned().unwrap_or_default();
        format!(
            "{} anomalies, {} of them confirmed by nobody, {} of {} found",
            text(&of, "anomalies"),
            text(&of, "unconfirmed"),
            text(&of, "found"),
            text(&trial, "confirmed")
        )
    };
    Ok(vec![
        format!(
            "version {} beside: {}, after {} minutes of {} cameras",
            text(&trial, "version"),
            text(&trial, "finding"),
            text(&trial, "minutes"),
            text(&trial, "cameras")
        ),
        format!("  beside   {}", side("beside")),
        format!("  in force {}", side("in_force")),
    ])
}

fn compare(client: &Client, name: &Name, [a, b]: [u64; 2], as_json: bool) -> Result<()> {
    let answer = client.get(&name.path(&format!("compare?a={a}&b={b}")))?;
    if as_json {
        println!("{answer:#}");
        return Ok(());
    }
    let differences =
        answer.get("differences").and_then(Value::as_array).cloned().unwrap_or_default();
    let row = |d: &Value| vec![text(d, "name"), text(d, "a"), text(d, "b")];
    let rows: Vec<_> = differences.iter().map(row).collect();
    let (a, b) = (a.to_string(), b.to_string());
    show::table(&["WHAT", &a, &b], &rows);
    Ok(())
}
