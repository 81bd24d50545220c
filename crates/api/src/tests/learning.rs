//! Models, what is normal, insights and verdicts over the API.

use flumen_base::wire::{self, model_card};
use flumen_base::{topic, wire::ModelCard};
use flumen_bus::Bus;
use prost::Message;
use serde_json::json;

use super::fakes::NOW_US;
use super::site::Site;
use crate::learning::Trials;

fn profile(version: u64, effective_us: i64) -> ModelCard {
    let mut record = wire::Profile {
        hour_seen: vec![60.0; 168],
        hour_active: vec![6.0; 168],
        cells: vec![504.0; 48],
        ways: vec![0.0; 96],
        crowds: vec![5.0; 192],
        dwells: vec![84.0; 12],
    };
    record.hour_seen[5] = 0.0;
    record.ways[8 * 3 + 2] = 100.0;
    let threshold = model_card::Threshold { dimension: "time".into(), score: version as f64 };
    let normal = model_card::Normal {
        camera: "yard".into(),
        thresholds: vec![threshold],
        ..Default::default()
    };
    ModelCard {
        scope: "yard".into(),
        kind: "profile".into(),
        version,
        minutes: 3000 + version,
        effective_us,
        normals: vec![normal],
        parameters: Some(model_card::Parameters::Profile(record)),
        ..Default::default()
    }
}

fn put(site: &Site, card: &ModelCard) {
    let key = format!("{}/{}/{}", card.scope, card.kind, card.version);
    let table = site.bus.table(topic::MODELS).unwrap();
    table.put(key.as_bytes(), Some(&card.encode_to_vec())).unwrap();
}

#[tokio::test]
async fn a_person_lists_compares_and_rolls_back_models() {
    let site = Site::start().await;
    site.camera("yard").await;
    for (version, effective_us) in [(10, 0), (20, NOW_US - 1), (30, NOW_US + 1)] {
        put(&site, &profile(version, effective_us));
    }
    assert_eq!(site.get("/api/v1/cameras/yard").await.json()["group"], "site");
    put(&site, &ModelCard { scope: "group:site".into(), kind: "kmeans".into(), ..profile(25, 0) });
    put(&site, &ModelCard { scope: "gate".into(), ..profile(25, 0) });
    let listed = site.get("/api/v1/models?camera=yard").await.json();
    let states: Vec<_> = listed["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m["version"].as_u64().unwrap(), m["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [(30, "waiting"), (20, "in-force"), (10, "older"), (25, "in-force")]);
    let groups = site.get("/api/v1/models").await.json()["models"].clone();
    assert_eq!((&groups[0]["scope"], &groups[1]), (&json!("group:site"), &json!(null)));

    let one = site.get("/api/v1/models/yard/profile/20").await.json();
    assert_eq!(one["normals"][0]["thresholds"], json!([{"dimension": "time", "score": 20.0}]));
    let sides = site.get("/api/v1/models/yard/profile/compare?a=10&b=20").await.json();
    assert_eq!(sides["differences"][2], json!({"name": "yard: time", "a": 10.0, "b": 20.0}));

    let active = "/api/v1/models/yard/profile/active";
    let back = json!({"version": 10, "shadow": 20, "reason": "too many false ones"});
    let said = site.put(active, back).await;
    assert_eq!((said.status, &said.json()["version"]), (200, &json!(10)));
    assert_eq!(said.json()["effective_us"], NOW_US + 500_000);
    // The trainer keeps it no longer; the person's word does.
    let table = site.bus.table(topic::MODELS).unwrap();
    table.put(b"yard/profile/10", None).unwrap();
    let listed = site.get("/api/v1/models?scope=yard").await.json();
    assert_eq!(listed["active"][0]["reason"], "too many false ones");
    let pinned = &listed["models"][2];
    assert_eq!((&pinned["version"], &pinned["pinned"]), (&json!(10), &json!(true)));

    let refused = [
        (active, json!({"version": 11}), 404, "no version 11: 10, 20, 30 are kept"),
        (active, json!({"version": 10, "shadow": 10}), 400, "beside itself"),
        ("/api/v1/models/yard/kmeans/active", json!({"version": 10}), 404, "no model yard/kmeans"),
        (
            "/api/v1/models/yard/forecast/active",
            json!({"when_better": true}),
            400,
            "scores nothing that comes",
        ),
        ("/api/v1/models/yard/leaves/active", json!({"version": 10}), 400, "no kind of model"),
        (
            "/api/v1/models/Yard/profile/active",
            json!({"version": 10}),
            400,
            "no camera and no group",
        ),
    ];
    for (path, body, status, why) in refused {
        let told = site.put(path, body).await;
        assert!(told.status == status && told.problem().contains(why), "{told:?}");
    }
}

#[tokio::test]
async fn what_is_normal_is_told_in_shares_and_before_it_is_learned_in_words() {
    let site = Site::start().await;
    let early = site.get("/api/v1/cameras/yard/normal").await;
    assert!(early.status == 404 && early.problem().contains("after two days"), "{early:?}");
    put(&site, &profile(20, 0));
    let normal = site.get("/api/v1/cameras/yard/normal").await.json();
    assert_eq!((&normal["version"], &normal["minutes"]), (&json!(20), &json!(3020)));
    assert_eq!(normal["hour_active"][4], 0.1);
    assert_eq!(normal["hour_active"][5], json!(null), "an hour that was never seen");
    assert_eq!(normal["cells"][7], 0.5);
    let way = json!({"place": 3, "heading": 2, "share": 100.0 / 1008.0});
    assert_eq!(normal["ways"], json!([way]));
    assert_eq!(normal["crowd"][23]["shares"][0], 0.125);

    let early = site.get("/api/v1/cameras/yard/forecast").await;
    assert!(early.status == 404 && early.problem().contains("first whole hour"), "{early:?}");
    let step =
        |begin_us, came| wire::insight::Ahead { begin_us, came, value: 3.0, ..Default::default() };
    let forecast = wire::Insight {
        id: vec![3; 16].into(),
        camera: "yard".into(),
        kind: wire::InsightKind::Forecast.into(),
        begin_us: 7,
        ahead: vec![step(1, Some(2.0)), step(2, None)],
        ..Default::default()
    };
    *site.fakes.insights.lock().unwrap() = vec![forecast];
    let told = site.get("/api/v1/cameras/yard/forecast").await.json();
    assert_eq!((&told["made_us"], &told["hours"][0]["came"]), (&json!(7), &json!(2.0)));
    assert!(told["hours"][1].get("came").is_none());
}

#[tokio::test]
async fn a_person_says_that_an_anomaly_is_usual_and_takes_it_back() {
    let site = Site::start().await;
    site.camera("yard").await;
    let odd = wire::Oddity { dimension: "time".into(), score: 400.0, ..Default::default() };
    let anomaly = |n: u8, begin_us| wire::Insight {
        id: vec![n; 16].into(),
        camera: "yard".into(),
        begin_us,
        oddities: vec![odd.clone()],
        ..Default::default()
    };
    *site.fakes.insights.lock().unwrap() = vec![anomaly(3, 80), anomaly(2, 70), anomaly(1, 70)];
    let event = wire::Event {
        kind: "anomaly".into(),
        camera: "yard".into(),
        id: vec![9; 16].into(),
        oddities: vec![odd.clone()],
        ..Default::default()
    };
    *site.fakes.events.lock().unwrap() = vec![event];
    let page = site.get("/api/v1/insights?kind=anomaly&limit=2").await.json();
    assert_eq!(page["insights"].as_array().unwrap().len(), 1, "equal times stay together");
    assert_eq!(page["next_before_us"], 71);

    for id in ["03".repeat(16), "09".repeat(16)] {
        let path = format!("/api/v1/cameras/yard/verdicts/{id}");
        let said =
            site.put(&path, json!({"verdict": "normal", "begin_us": 80, "end_us": 90})).await;
        assert_eq!(said.status, 204, "{said:?}");
    }
    let listed = site.get("/api/v1/insights?camera=yard").await.json();
    assert_eq!(listed["insights"][0]["verdict"], "normal");
    assert!(listed["insights"][1].get("verdict").is_none());
    let events = site.get("/api/v1/events").await.json();
    assert_eq!(events["events"][0]["verdict"], "normal");
    assert_eq!(events["events"][0]["oddities"][0]["score"], 400.0);
    let key = format!("yard/{}", "03".repeat(16));
    let stored = site.bus.table(topic::FEEDBACK).unwrap().get(key.as_bytes()).unwrap().unwrap();
    let stored = wire::Feedback::decode(stored.as_slice()).unwrap();
    assert_eq!(
        (stored.verdict(), stored.end_us, stored.at_us),
        (wire::Verdict::Normal, 90, NOW_US)
    );

    let path = format!("/api/v1/cameras/yard/verdicts/{}", "03".repeat(16));
    assert_eq!(site.ask("DELETE", &path, &json!(null)).await.status, 204);
    let listed = site.get("/api/v1/insights?camera=yard").await.json();
    assert!(listed["insights"][0].get("verdict").is_none());
    let refused = [
        (
            path.as_str(),
            json!({"verdict": "normal", "begin_us": 80, "end_us": 80}),
            "the end is after",
        ),
        (path.as_str(), json!({"verdict": "maybe", "begin_us": 80}), "maybe"),
        (
            "/api/v1/cameras/yard/verdicts/xyz",
            json!({"verdict": "normal", "begin_us": 1}),
            "32 hexadecimal",
        ),
    ];
    for (path, body, why) in refused {
        let told = site.put(path, body).await;
        assert!(
            told.status >= 400 && told.status < 500 && told.problem().contains(why),
            "{told:?}"
        );
    }
    let nowhere =
        site.put(&path.replace("yard", "moon"), json!({"verdict": "normal", "begin_us": 1})).await;
    assert_eq!(nowhere.status, 404);
}

const HOUR_US: i64 = 3_600_000_000;

/// A whole hour scored by version 20 beside 10.
fn hour(site: &Site, n: i64, odd: u64, live_odd: u64) {
    let of = wire::insight::Shadow {
        scope: "yard".into(),
        kind: "profile".into(),
        version: 20,
        live_version: 10,
        scored: (1 << 60) - 1,
        odd,
        live_odd,
    };
    let insight = wire::Insight {
        id: vec![n as u8; 16].into(),
        camera: "yard".into(),
        kind: wire::InsightKind::Shadow.into(),
        begin_us: (NOW_US / HOUR_US + 1 + n) * HOUR_US,
        dimension: "yard/profile/20/10".into(),
        shadow: Some(of),
        ..Default::default()
    };
    site.fakes.insights.lock().unwrap().push(insight);
}

#[tokio::test]
async fn a_version_beside_is_promoted_after_a_day_in_which_it_finds_as_much_with_fewer_false() {
    let site = Site::start().await;
    site.camera("yard").await;
    for version in [10, 20] {
        put(&site, &profile(version, 0));
    }
    let (active, trial) =
        ("/api/v1/models/yard/profile/active", "/api/v1/models/yard/profile/trial");
    let none = site.get(trial).await;
    assert!(none.status == 404 && none.problem().contains("no version"), "{none:?}");
    site.put(active, json!({"version": 10, "when_better": true})).await;
    // What was told at minutes 8 to 10 of the second hour is one, as a person says.
    let begin_us = (NOW_US / HOUR_US + 2) * HOUR_US + 8 * 60_000_000;
    let verdict = json!({"verdict": "anomaly", "begin_us": begin_us, "end_us": begin_us + 1});
    let of = format!("/api/v1/cameras/yard/verdicts/{}", "07".repeat(16));
    assert_eq!(site.put(&of, verdict).await.status, 204);
    for n in 0..23 {
        let live_odd = if n == 1 { 0b111 << 8 | 1 << 59 } else { 0 };
        // The last minute of this hour and one of the next are one anomaly.
        hour(&site, n, if n == 1 { 1 << 8 } else { 0 }, live_odd | u64::from(n == 2) << 4);
    }
    let mut trials = Trials::default();
    trials.look(&site.face);
    let told = site.get(trial).await.json();
    assert_eq!((&told["finding"], &told["minutes"]), (&json!("too-early"), &json!(23 * 60)));
    assert_eq!(told["in_force"], json!({"anomalies": 2, "unconfirmed": 1, "found": 1}));
    assert_eq!(told["beside"], json!({"anomalies": 1, "unconfirmed": 0, "found": 1}));
    assert_eq!(told["confirmed"], 1);
    let word = || async { site.get("/api/v1/models?scope=yard").await.json()["active"][0].clone() };
    assert_eq!((&word().await["version"], &word().await["shadow"]), (&json!(10), &json!(20)));

    put(&site, &profile(30, 0));
    // More than a table hands out at once: the last one is the word that was said at first.
    let table = site.bus.table(topic::MODELS).unwrap();
    let word_key = b"yard/profile/active";
    let said = table.get(word_key).unwrap();
    let cards: Vec<String> = (0..10_001).map(|n| format!("gate/profile/{n}")).collect();
    let items: Vec<(&[u8], Option<&[u8]>)> =
        cards.iter().map(|key| (key.as_bytes(), Some(&b""[..]))).collect();
    table.put_all(&items).unwrap();
    table.put(word_key, said.as_deref()).unwrap();
    let mut trials = Trials::default();
    hour(&site, 23, 0, 0);
    trials.look(&site.face);
    let better = word().await;
    assert_eq!((&better["version"], &better["shadow"]), (&json!(20), &json!(30)));
    assert_eq!((&better["by"], &better["when_better"]), (&json!("measure"), &json!(true)));
    let why = better["reason"].as_str().unwrap();
    assert!(why.starts_with("better: 1440 minutes of 1 cameras: 1 anomalies, 0 of them"), "{why}");
    trials.look(&site.face);
    assert_eq!(word().await, better, "the next one has no day yet");
}

#[tokio::test]
async fn a_version_that_finds_less_is_not_better_and_gives_way_to_the_newest_after_a_week() {
    let site = Site::start().await;
    for version in [10, 20] {
        put(&site, &profile(version, 0));
    }
    let active = "/api/v1/models/yard/profile/active";
    let said = site.put(active, json!({"version": 10, "shadow": 20, "when_better": true})).await;
    assert_eq!(said.status, 200);
    for n in 0..24 {
        hour(&site, n, 0, 0);
    }
    let mut trials = Trials::default();
    trials.look(&site.face);
    let told = site.get("/api/v1/models/yard/profile/trial").await.json();
    assert_eq!(told["finding"], "not-better", "no fewer false ones than none");
    site.clock.advance(8 * 24 * HOUR_US);
    trials.look(&site.face);
    let word = || async { site.get("/api/v1/models?scope=yard").await.json()["active"][0].clone() };
    assert_eq!(word().await["shadow"], 20, "there is none that is newer");
    put(&site, &profile(30, 0));
    trials.look(&site.face);
    assert_eq!((&word().await["version"], &word().await["shadow"]), (&json!(10), &json!(30)));
}
