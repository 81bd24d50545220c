//! Zones and rules: kept, changed alone, refused in words.

use flumen_base::{topic, wire};
use flumen_bus::Bus;
use prost::Message;
use serde_json::{Value, json};

use super::fakes::NOW_US;
use super::site::Site;

const CAMERA: &str = "/api/v1/cameras/yard";
const RULES: &str = "/api/v1/cameras/yard/rules";

async fn site() -> Site {
    let site = Site::start().await;
    let input = json!({"id": "yard", "sources": [{"address": "rtsp://10.0.0.5/main"}]});
    assert_eq!(site.post("/api/v1/cameras", input).await.status, 201);
    site
}

fn rules() -> Value {
    json!({
        "zones": [
            {"id": "gate", "name": "Gate", "shape": "line", "corners": [{"x": 500, "y": 900}, {"x": 500, "y": 100}]},
            {"id": "bench", "corners": [{"x": 0, "y": 0}, {"x": 300, "y": 0}, {"x": 300, "y": 1000}]},
        ],
        "rules": [
            {"id": "in", "kind": "cross", "zone": "gate", "direction": "a_to_b", "notify": false},
            {"id": "way", "kind": "wrong-way", "zone": "bench", "heading": "down-left"},
            {"id": "sit", "kind": "loiter", "zone": "bench", "seconds": 30},
            {"id": "bag", "kind": "left", "enabled": false},
        ],
    })
}

#[tokio::test]
async fn they_are_changed_alone_and_stay_when_the_rest_is_changed() {
    let site = site().await;
    let told = site.put(RULES, rules()).await;
    assert_eq!(told.status, 200, "{}", String::from_utf8_lossy(&told.body));
    let camera = told.json();
    assert_eq!((&camera["version"], &camera["zones"][1]["name"]), (&json!(2), &json!("bench")));
    assert_eq!(camera["rules"][1]["heading"], "down-left");
    let table = site.bus.table(topic::CAMERAS).unwrap();
    let stored = || wire::Camera::decode(&*table.get(b"yard").unwrap().unwrap()).unwrap();
    let record = stored();
    assert_eq!(record.effective_us, NOW_US + 1_000_000, "within a second");
    assert_eq!((record.zones.len(), record.rules.len(), record.sources.len()), (2, 4, 1));
    assert_eq!(
        (record.rules[0].muted, record.rules[1].heading, record.rules[3].disabled),
        (true, 3, true)
    );

    let shown = site.get(RULES).await.json();
    assert_eq!((&shown["version"], &shown["rules"][2]["seconds"]), (&json!(2), &json!(30)));
    let again = site.put(RULES, shown.clone()).await;
    assert_eq!(again.status, 200, "what is shown can be sent back");
    assert_eq!(site.put(RULES, shown).await.status, 409, "but not over another's change");

    let input = json!({"name": "Yard", "sources": [{"address": "rtsp://10.0.0.5/main"}]});
    assert_eq!(site.put(CAMERA, input).await.status, 200);
    assert_eq!((stored().zones, stored().rules), (record.zones, record.rules));
    assert_eq!(site.get("/api/v1/cameras/none/rules").await.status, 404);
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_with_its_name_and_what_to_do() {
    let site = site().await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut input = rules();
        change(&mut input);
        input
    };
    let corner = |x: i64, y: i64| json!({"x": x, "y": y});
    let cases: Vec<(Value, &str)> = vec![
        (with(&|v| v["zones"][0]["corners"] = json!([corner(1, 1)])), "zone gate: a line has 2"),
        (with(&|v| v["zones"][1]["corners"] = json!(vec![corner(1, 1); 65])), "3 to 64 corners"),
        (with(&|v| v["zones"][1]["corners"][0] = corner(1001, 0)), "zone bench: corner (1001, 0)"),
        (
            with(&|v| {
                v["zones"][1]["corners"] = json!([corner(0, 0), corner(10, 10), corner(20, 20)])
            }),
            "draw it larger",
        ),
        (with(&|v| v["zones"][1]["id"] = json!("Bank!")), "\"Bank!\""),
        (with(&|v| v["zones"][1]["id"] = json!("gate")), "two zones"),
        (with(&|v| v["zones"][1]["name"] = json!("x".repeat(101))), "100 characters"),
        (with(&|v| v["rules"][0]["zone"] = json!("bench")), "rule in: it needs a line"),
        (with(&|v| v["rules"][0]["zone"] = json!("nowhere")), "no zone \"nowhere\""),
        (with(&|v| v["rules"][1]["zone"] = json!("gate")), "`direction`"),
        (with(&|v| v["rules"][1]["heading"] = json!(null)), "`heading`"),
        (with(&|v| v["rules"][2]["zone"] = json!("gate")), "an area, not a line"),
        (with(&|v| v["rules"][2]["seconds"] = json!(0)), "seconds = 0"),
        (with(&|v| v["rules"][2]["count"] = json!(65)), "count = 65"),
        (with(&|v| v["rules"][3]["id"] = json!("in")), "two rules"),
        (with(&|v| v["rules"] = json!(vec![v["rules"][0].clone(); 33])), "at most 32"),
        (with(&|v| v["rules"] = json!([{"id": "in", "kind": "enter"}])), "it needs a place"),
    ];
    for (input, named) in cases {
        let refused = site.put(RULES, input).await;
        assert_eq!(refused.status, 400, "{named}");
        assert!(refused.problem().contains(named), "{named}: {}", refused.problem());
    }
    let unknown = with(&|v| v["rules"][0]["kind"] = json!("dance"));
    assert!((400..500).contains(&site.put(RULES, unknown).await.status));
    assert_eq!(site.get(RULES).await.json()["version"], 1, "nothing was changed");
}
