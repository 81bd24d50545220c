//! Cameras: made, shown, changed, removed, tried.

use flumen_base::{topic, wire};
use flumen_bus::Bus;
use prost::Message;
use serde_json::{Value, json};

use super::fakes::{NOW_US, live};
use super::site::Site;

fn rtsp(password: Option<&str>) -> Value {
    json!({"id": "yard", "name": "The yard", "sources": [
        {"address": "rtsp://10.0.0.5/main", "username": "me", "password": password},
        {"stream": "sub", "address": "rtsp://10.0.0.5/sub"},
    ]})
}

fn stored(site: &Site, id: &str) -> wire::Camera {
    let table = site.bus.table(topic::CAMERAS).unwrap();
    wire::Camera::decode(&*table.get(id.as_bytes()).unwrap().unwrap()).unwrap()
}

#[tokio::test]
async fn a_camera_lives() {
    let site = Site::start().await;
    assert_eq!(site.get("/api/v1/cameras").await.json(), json!({"cameras": []}));
    let made = site.post("/api/v1/cameras", rtsp(Some("secret"))).await;
    assert_eq!((made.status, made.headers["location"].as_str()), (201, "/api/v1/cameras/yard"));
    let told = made.json();
    assert_eq!((&told["state"], &told["version"]), (&json!("connecting"), &json!(1)));
    assert_eq!(told["sources"][0]["has_password"], true);
    assert_eq!(
        (&told["sources"][1]["record"], &told["sources"][1]["live"]),
        (&json!(false), &json!(true))
    );
    assert!(!String::from_utf8(made.body).unwrap().contains("seal"));
    let record = stored(&site, "yard");
    assert_eq!(
        (record.effective_us, &record.sources[0].sealed_password[..]),
        (NOW_US, &b"sealed yard 6"[..])
    );

    *site.fakes.status.lock().unwrap() = vec![live("yard")];
    let told = site.get("/api/v1/cameras/yard").await.json();
    assert_eq!(
        (&told["state"], &told["codec"], &told["coverage_24h"]),
        (&json!("live"), &json!("h264"), &json!(0.5))
    );
    assert_eq!(
        (&told["capture_source"], &told["capture_error_us"]),
        (&json!("rtcp"), &json!(5_000))
    );

    let gone = site.ask("DELETE", "/api/v1/cameras/yard", &Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(site.get("/api/v1/cameras/yard").await.status, 404);
    let gone = site.ask("DELETE", "/api/v1/cameras/yard", &Value::Null).await;
    assert!(gone.status == 404 && gone.problem().contains("no camera yard"));
}

#[tokio::test]
async fn passwords_are_kept_for_their_host_only() {
    let site = Site::start().await;
    site.post("/api/v1/cameras", rtsp(Some("secret"))).await;
    let path = "/api/v1/cameras/yard";
    let kept = site.put(path, rtsp(None)).await;
    assert_eq!((kept.status, kept.json()["version"].clone()), (200, json!(2)));
    assert_eq!(&stored(&site, "yard").sources[0].sealed_password[..], b"sealed yard 6");

    let mut elsewhere = rtsp(None);
    elsewhere["sources"][0]["address"] = json!("rtsp://evil.example/main");
    let refused = site.put(path, elsewhere).await;
    assert!(refused.status == 400 && refused.problem().contains("give the password again"));
    assert_eq!(stored(&site, "yard").version, 2);

    site.put(path, rtsp(Some(""))).await;
    assert!(stored(&site, "yard").sources[0].sealed_password.is_empty());
}

#[tokio::test]
async fn pictures_and_masks_are_kept_and_shown() {
    let site = Site::start().await;
    let policy = json!({
        "priority": 0, "sensitivity": 0, "min_object_permille": 0,
        "gate": "thrifty", "derived": {"every_us": 10_000_000, "width": 320, "quality": 0},
        "masks": [[{"x": 0, "y": 0}, {"x": 500, "y": 0}, {"x": 0, "y": 1000}]],
    });
    let body = json!({"id": "a", "sources": [{"address": "push:"}], "policy": policy});
    let made = site.post("/api/v1/cameras", body).await.json();
    assert_eq!(made["policy"], policy);
    let record = stored(&site, "a");
    assert_eq!(record.masks[0].corners[2].y_permille, 1000);
    assert_eq!(record.policy.unwrap().derived.unwrap().width, 320);
    // Left out they stay, with another policy they go.
    let same = json!({"sources": [{"address": "push:"}]});
    let kept = site.put("/api/v1/cameras/a", same).await.json();
    assert_eq!(kept["policy"], policy);
    let other = json!({"sources": [{"address": "push:"}], "policy": {"sensitivity": 70}});
    let gone = site.put("/api/v1/cameras/a", other).await.json();
    assert!(gone["policy"].get("masks").is_none() && stored(&site, "a").masks.is_empty());
}

#[tokio::test]
async fn credentials_in_the_address_go_into_their_fields() {
    let site = Site::start().await;
    let made = site
        .post("/api/v1/cameras", json!({"id": "a", "sources": [{"address": "rtsp://u:pw@h/x"}]}))
        .await;
    let source = &made.json()["sources"][0];
    assert_eq!((&source["address"], &source["username"]), (&json!("rtsp://h/x"), &json!("u")));
    assert_eq!(source["has_password"], true);
    let twice = json!({"id": "b", "sources": [{"address": "rtsp://u:pw@h/x", "username": "v"}]});
    assert!(site.post("/api/v1/cameras", twice).await.problem().contains("keep the fields"));
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let site = Site::start().await;
    let source = |address: &str| json!([{"address": address}]);
    let cases = [
        (json!({"sources": source("push:")}), "needs an \"id\""),
        (json!({"id": "Big Yard", "sources": source("push:")}), "a-z, 0-9"),
        (json!({"id": "a", "sources": []}), "one source with stream \"main\""),
        (json!({"id": "a", "sources": source("exec:rm -rf")}), "space"),
        (json!({"id": "a", "sources": source("concat:a|b")}), "not taken"),
        (json!({"id": "a", "sources": source("file:/etc/passwd")}), "below /clips only"),
        (json!({"id": "a", "name": "x".repeat(101), "sources": source("push:")}), "100 characters"),
        (json!({"id": "a", "time_zone": "No Where", "sources": source("push:")}), "IANA"),
        (json!({"id": "a", "policy": {"priority": 101}, "sources": source("push:")}), "0 to 100"),
        (
            json!({"id": "a", "policy": {"masks": [[{"x": 0, "y": 0}]]}, "sources": source("push:")}),
            "3 to 64 corners",
        ),
        (
            json!({"id": "a", "policy": {"derived": {"every_us": -1}}, "sources": source("push:")}),
            "derived.every_us",
        ),
        (
            json!({"id": "a", "sources": [
                {"address": "push:", "analyse": true},
                {"stream": "sub", "address": "push:", "analyse": true},
            ]}),
            "only one source",
        ),
        (
            json!({"id": "a", "sources": [{"address": "push:", "transport": "carrier pigeon"}]}),
            "transport",
        ),
        (json!({"id": "a"}), "sources"),
    ];
    for (body, why) in cases {
        let told = site.post("/api/v1/cameras", body.clone()).await;
        assert!(told.status == 400 && told.problem().contains(why), "{body}: {told:?}");
    }
    let host = site.host();
    let head = format!("POST /api/v1/cameras HTTP/1.1\r\nHost: {host}");
    assert_eq!(site.raw(&head, b"{}").await.status, 415, "no content type");
    let head = format!("{head}\r\nContent-Type: application/json");
    assert_eq!(site.raw(&head, b"{").await.status, 400);
    assert_eq!(site.raw(&head, &vec![b' '; 300 << 10]).await.status, 413);
    assert_eq!(site.get("/api/v1/cameras/No").await.status, 400);
    assert_eq!(site.get("/api/v1/cameras").await.json(), json!({"cameras": []}));
}

#[tokio::test]
async fn changes_do_not_overwrite_each_other() {
    let site = Site::start().await;
    site.camera("a").await;
    assert_eq!(
        site.post("/api/v1/cameras", json!({"id": "a", "sources": [{"address": "push:"}]}))
            .await
            .status,
        409
    );
    let edit = json!({"version": 1, "name": "x", "sources": [{"address": "push:"}]});
    assert_eq!(site.put("/api/v1/cameras/a", edit.clone()).await.status, 200);
    assert_eq!(
        stored(&site, "a").effective_us,
        NOW_US + 1_000_000,
        "engines hear of it before it counts"
    );
    let late = site.put("/api/v1/cameras/a", edit).await;
    assert!(late.status == 409 && late.problem().contains("version 2"));
    let renamed = json!({"id": "b", "sources": [{"address": "push:"}]});
    assert!(site.put("/api/v1/cameras/a", renamed).await.problem().contains("renamed"));
    let kept = site
        .put("/api/v1/cameras/a", json!({"enabled": false, "sources": [{"address": "push:"}]}))
        .await;
    assert_eq!((&kept.json()["name"], &kept.json()["state"]), (&json!("x"), &json!("disabled")));
}

#[tokio::test]
async fn an_address_is_tried() {
    let site = Site::start().await;
    let good = site
        .post("/api/v1/probe", json!({"address": "rtsp://me:pw@h/x", "transport": "udp"}))
        .await;
    let told = good.json();
    assert_eq!((good.status, &told["ok"], &told["codec"]), (200, &json!(true), &json!("h265")));
    assert_eq!(told["picture"], "data:image/jpeg;base64,Zm9vYg==");
    assert!(told.get("frame_rate").is_none(), "not known");
    let asked = site.fakes.probed.lock().unwrap().remove(0);
    assert_eq!((asked.address.as_str(), asked.password.as_deref()), ("rtsp://h/x", Some("pw")));
    for (address, why) in
        [("rtsp://away/x", "does not answer"), ("exec:x", "not taken"), ("push:", "flumen push")]
    {
        let told = site.post("/api/v1/probe", json!({"address": address})).await;
        assert_eq!((told.status, &told.json()["ok"]), (200, &json!(false)));
        assert!(told.json()["reason"].as_str().unwrap().contains(why));
        assert!(told.json()["fix"].is_string());
    }
}
