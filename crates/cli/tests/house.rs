//! The plan of the house holds: which room may know which, and whose licence comes in.
//!
//! The same list stands in `docs/design/0001-house.md`; change both in one commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Room, and the rooms that it may use. Every room may use `base`; cli may use all.
const ARROWS: [(&str, &[&str]); 15] = [
    ("base", &[]),
    ("media", &[]),
    ("operators", &[]),
    ("journal", &[]),
    ("farm", &["media"]),
    ("analyzer", &["media", "operators"]),
    ("bus", &["journal"]),
    ("ingest", &["bus", "media", "farm"]),
    ("archive", &["bus", "media"]),
    ("notify", &["bus"]),
    ("learn", &["bus", "operators"]),
    ("lab", &["analyzer", "media", "farm"]),
    ("runtime", &["analyzer", "bus"]),
    ("bridge", &["analyzer"]),
    ("api", &["bus", "media"]),
];

/// Outside crates that only one room may use.
const KEPT: [(&str, &str); 6] = [
    ("ffmpeg-the-third", "media"),
    ("ffmpeg-sys-the-third", "media"),
    ("rdkafka", "bus"),
    ("hdfs-native", "archive"),
    ("jni", "bridge"),
    ("axum", "api"),
];

fn metadata() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // Other systems' packages are not there on a fresh machine, and are not needed.
    let here = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform", &here])
        .current_dir(root)
        .output()
        .expect("cargo metadata runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("cargo metadata prints JSON")
}

fn text<'a>(v: &'a Value, key: &str) -> &'a str {
    v[key].as_str().unwrap_or_default()
}

/// Room -> what it depends on, without what only its tests need.
fn rooms(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().expect("packages");
    let ours = packages.iter().filter(|p| text(p, "name").starts_with("flumen-"));
    ours.map(|p| {
        let needs = p["dependencies"].as_array().expect("dependencies");
        let normal = needs.iter().filter(|d| d["kind"].is_null());
        let names = normal.map(|d| text(d, "name").to_owned()).collect();
        (text(p, "name").trim_start_matches("flumen-").to_owned(), names)
    })
    .collect()
}

#[test]
fn rooms_know_only_whom_the_plan_allows() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut wrong = Vec::new();
    for (room, needs) in rooms(&metadata()) {
        if room == "cli" {
            continue;
        }
        let Some(may) = allowed.get(room.as_str()) else {
            wrong.push(format!("room {room} is not in the plan"));
            continue;
        };
        for need in needs.iter().filter_map(|n| n.strip_prefix("flumen-")) {
            if need != "base" && !may.contains(&need) {
                wrong.push(format!("{room} -> {need}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that docs/design/0001-house.md does not allow: {wrong:?}");
}

#[test]
fn outside_crates_stay_in_their_room() {
    for (room, needs) in rooms(&metadata()) {
        for (name, owner) in KEPT {
            assert!(
                !needs.contains(name) || room == owner,
                "{room} uses {name}, which belongs to {owner}"
            );
        }
        if room == "base" || room == "operators" {
            assert!(!needs.contains("tokio"), "{room} must not know tokio");
        }
    }
}

#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let deny = std::fs::read_to_string(root.join("deny.toml")).expect("deny.toml");
    let deny: toml::Table = deny.parse().expect("deny.toml is TOML");
    let allowed: BTreeSet<&str> = deny["licenses"]["allow"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|l| l.as_str())
        .collect();
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let licence = text(package, "license").replace('/', " OR ");
        if !licence_allowed(&licence, &allowed) {
            wrong.push(format!(
                "{} {}: {licence:?}",
                text(package, "name"),
                text(package, "version")
            ));
        }
    }
    assert!(wrong.is_empty(), "licences that deny.toml does not allow: {wrong:#?}");
}

/// SPDX expressions of the forms that occur: one level of brackets, OR before AND.
fn licence_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let all = expression.split(" AND ");
    all.map(|part| part.trim().trim_start_matches('(').trim_end_matches(')')).all(|any| {
        any.split(" OR ").any(|one| allowed.contains(one.trim_matches(|c| "() ".contains(c))))
    })
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0"]);
    for good in ["MIT", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND Apache-2.0"] {
        assert!(licence_allowed(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0"] {
        assert!(!licence_allowed(bad, &allowed), "{bad}");
    }
}
