//! The API's description is complete and the one that is checked in.

use std::path::Path;

use serde_json::Value;

#[test]
fn checked_in_description_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    let now = crate::openapi();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let told = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(told == now, "web/openapi.json is old: UPDATE_GOLDEN=1 cargo test -p flumen-api");
}

#[test]
fn every_reference_in_the_description_leads_somewhere() {
    let all: Value = serde_json::from_str(&crate::openapi()).unwrap();
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|v| walk(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| walk(v, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(&all, &mut found);
    assert!(found.len() > 30);
    for reference in found {
        let place = reference.strip_prefix('#').unwrap();
        assert!(all.pointer(place).is_some(), "{reference}");
    }
}
