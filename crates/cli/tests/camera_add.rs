//! What `flumen camera add` makes of its flags, and what it leaves as it was.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use crate::common::{Flumen, succeed};

const ADDRESS: &str = "synthetic:street?seed=1&size=160x90&fps=5&seconds=4";

#[test]
fn a_gate_is_kept_until_another_is_named_and_leaves_the_rest_of_the_policy() {
    let dir = tempfile::tempdir().unwrap();
    let running = Flumen::start(dir.path());
    let gate = || running.camera("street")["policy"]["gate"].as_str().unwrap().to_owned();

    running.add("street", ADDRESS, &[]);
    assert_eq!(gate(), "exact");
    running.add("street", ADDRESS, &["--gate", "balanced"]);
    assert_eq!(gate(), "balanced");

    let mut camera = running.camera("street");
    camera["policy"]["sensitivity"] = 70.into();
    let given = ["id", "sources", "policy"].map(|key| (key.to_owned(), camera[key].clone()));
    let body = serde_json::Map::from_iter(given);
    let url = running.url("/api/v1/cameras/street");
    let put = ureq::put(url).header("content-type", "application/json");
    put.send(serde_json::to_string(&body).unwrap()).unwrap();

    running.add("street", ADDRESS, &["--gate", "thrifty"]);
    running.add("street", ADDRESS, &["--name", "Street"]);
    let camera = running.camera("street");
    assert_eq!(camera["policy"]["sensitivity"], 70);
    assert_eq!((gate(), camera["name"].as_str()), ("thrifty".to_owned(), Some("Street")));
}

#[test]
fn a_gate_that_is_none_is_refused_with_those_that_are() {
    let dir = tempfile::tempdir().unwrap();
    let running = Flumen::start(dir.path());
    let refused = running.command(&["camera", "add", "street", ADDRESS, "--gate", "lazy"]);
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    for word in ["lazy", "exact", "balanced", "thrifty"] {
        assert!(said.contains(word), "{said}");
    }
    assert!(running.camera("street").is_null());
    succeed(&running.command(&["camera", "list"]));
}
