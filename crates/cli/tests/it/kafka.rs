//! Flumen on a real Kafka: topics, outages, several ingest processes, the move.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use flumen_base::topic;
use flumen_base::wire::Marker;
use flumen_bus::{Bus, murmur2_partition};
use serde_json::Value;

use crate::common::{Flumen, succeed, wait_for};
use crate::servers::{Broker, PARTITIONS, faults, role, run};

/// How long Kafka is away in these tests.
const AWAY: Duration = Duration::from_secs(60);

fn scene(seed: usize) -> String {
    format!("synthetic:yard?seed={seed}&size=320x180&fps=15&seconds=20")
}

#[test]
#[ignore = "needs Kafka: make it"]
fn topics_are_made_checked_and_a_wrong_setting_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start();
    let none = broker.flumen(dir.path(), &["topics", "check"]);
    assert_eq!(none.status.code(), Some(4), "nothing is there yet");
    let started = broker.flumen(dir.path(), &["run", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&started.stderr).into_owned();
    assert!(!started.status.success() && said.contains("flumen topics apply"), "{said}");

    succeed(&broker.flumen(dir.path(), &["topics", "apply"]));
    succeed(&broker.flumen(dir.path(), &["topics", "check"]));
    let again = succeed(&broker.flumen(dir.path(), &["topics", "apply"]));
    assert!(again.contains("nothing to do"), "{again}");
    let shown = succeed(&broker.flumen(dir.path(), &["topics", "show", "--json"]));
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert!(shown.as_array().unwrap().iter().all(|t| t["exists"] == true), "{shown}");

    std::fs::write(dir.path().join("flumen.toml"), "[bus]\nvideo_age = \"48 h\"\n").unwrap();
    let wrong = broker.flumen(dir.path(), &["topics", "check"]);
    let said = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert_eq!(wrong.status.code(), Some(4), "{said}");
    assert!(said.contains("flumen.video") && said.contains("retention.ms"), "{said}");
    let mended = succeed(&broker.flumen(dir.path(), &["topics", "apply"]));
    assert!(mended.contains("retention.ms"), "{mended}");
    succeed(&broker.flumen(dir.path(), &["topics", "check"]));

    drop(broker.bus());
    broker.kill();
    let away = broker.flumen(dir.path(), &["topics", "check"]);
    let said = String::from_utf8_lossy(&away.stderr).into_owned();
    assert_eq!(away.status.code(), Some(3), "{said}");
    assert!(said.contains(&broker.address), "{said}");
}

#[test]
#[ignore = "needs Kafka: make it"]
fn an_outage_of_kafka_loses_nothing_and_the_camera_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start();
    succeed(&broker.flumen(dir.path(), &["topics", "apply"]));
    let running = run(dir.path(), &broker);
    running.add("yard", &scene(2), &[]);
    running.wait_live("yard", Duration::from_secs(60));
    let seen = broker.bus();
    wait_for("packets on Kafka", Duration::from_secs(30), || {
        (seen.headers("yard").len() > 30).then_some(())
    });
    let epochs = |h: &[flumen_base::wire::PacketHeader]| h.iter().map(|h| h.epoch).max();
    let before = seen.headers("yard");
    drop(seen);
    broker.kill();
    let killed = Instant::now();
    while killed.elapsed() < AWAY {
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(running.camera("yard")["state"], "live", "the camera does not notice");
    }
    broker.start_again();
    let seen = broker.bus();
    let wanted = before.len() + (AWAY.as_secs() as usize + 5) * 15;
    let after = wait_for("the spool to be sent", Duration::from_secs(90), || {
        let headers = seen.headers("yard");
        (headers.len() > wanted).then_some(headers)
    });
    assert_eq!(faults(&after), Vec::<String>::new());
    assert!(epochs(&after) >= epochs(&before));
    drop(seen);
    running.stop();
}

/// One camera for each partition, so that two processes have two each.
fn cameras() -> Vec<String> {
    let mut by: BTreeMap<u32, String> = BTreeMap::new();
    for i in 0.. {
        let id = format!("cam-{i}");
        by.entry(murmur2_partition(id.as_bytes(), PARTITIONS)).or_insert(id);
        if by.len() as u32 == PARTITIONS {
            break;
        }
    }
    by.into_values().collect()
}

#[test]
#[ignore = "needs Kafka: make it"]
fn a_killed_ingest_process_is_followed_and_the_ledger_shows_the_hole() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start();
    let env = broker.env(&dir.path().join("site.key"));
    succeed(&broker.flumen(dir.path(), &["topics", "apply"]));
    let seen = broker.bus();
    let all = cameras();
    for (i, id) in all.iter().enumerate() {
        seen.camera(id, &scene(i));
    }
    let one = role(&dir.path().join("one"), "ingest", &env);
    let two = role(&dir.path().join("two"), "ingest", &env);
    let (first, second) = (one.0.id().to_string(), two.0.id().to_string());
    let owner = |id: &str| -> Option<String> {
        use prost::Message as _;
        let row = seen.kafka.table(topic::OWNERS).ok()?.get(id.as_bytes()).ok()??;
        Some(flumen_base::wire::Owner::decode(row.as_slice()).ok()?.process)
    };
    let of = |pid: &str| -> Vec<String> {
        let has = |id: &&String| owner(id).is_some_and(|p| p.ends_with(&format!("-{pid}")));
        all.iter().filter(has).cloned().collect()
    };
    let mut told = String::new();
    wait_for("two cameras each, all live", Duration::from_secs(90), || {
        let (ours, theirs) = (of(&first), of(&second));
        let units: Vec<usize> = all.iter().map(|id| seen.headers(id).len()).collect();
        let now = format!("{ours:?} and {theirs:?}, units {units:?}");
        if now != told {
            println!("{now}");
            told = now;
        }
        let shared = ours.len() == 2 && theirs.len() == 2;
        (shared && units.iter().all(|n| *n > 15)).then_some(())
    });

    let moved = of(&first);
    let before: Vec<u64> = moved.iter().map(|id| newest(&seen.headers(id))).collect();
    one.kill_nine();
    let killed = Instant::now();
    wait_for("the other process to have its cameras", Duration::from_secs(30), || {
        let goes_on = |(id, epoch): (&String, &u64)| newest(&seen.headers(id)) > *epoch;
        moved.iter().zip(&before).all(goes_on).then_some(())
    });
    let took = killed.elapsed();
    println!("takeover of {} cameras: {took:.1?}", moved.len());
    for (id, epoch) in moved.iter().zip(&before) {
        let headers = seen.headers(id);
        let end = headers.iter().find(|h| h.epoch == *epoch && h.marker() == Marker::EndOfStream);
        assert!(end.is_some(), "{id}: the successor ended the old stream");
        let hole = wait_for("the hole in the ledger", Duration::from_secs(20), || {
            seen.gaps(id).into_iter().find(|g| g.end_us > 0 && g.detail.contains("is gone"))
        });
        let last = headers.iter().rfind(|h| h.epoch == *epoch && h.marker() == Marker::None);
        let last = last.unwrap();
        assert_eq!(hole.start_us, last.pts_us + i64::from(last.duration_us), "{id}");
    }
    drop(two);
}

fn newest(headers: &[flumen_base::wire::PacketHeader]) -> u64 {
    headers.iter().filter(|h| h.marker() == Marker::None).map(|h| h.epoch).max().unwrap_or(0)
}

#[test]
#[ignore = "needs Kafka: make it"]
fn what_was_on_the_laptop_goes_on_with_kafka_without_a_double() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start();
    let data = dir.path();
    succeed(&broker.flumen(data, &["topics", "apply"]));
    let record = |seconds: u64| {
        let running = Flumen::start(data);
        if running.camera("yard").is_null() {
            running.add("yard", &scene(2), &[]);
        }
        running.wait_live("yard", Duration::from_secs(60));
        std::thread::sleep(Duration::from_secs(seconds));
        running.stop();
    };
    let copy = || -> Value {
        let said = succeed(&broker.flumen(data, &["bus", "copy", "--to", "kafka", "--json"]));
        serde_json::from_str(&said).unwrap()
    };
    let copied = |told: &Value| -> u64 {
        let logs = told["logs"].as_array().unwrap();
        logs.iter().map(|l| l["records"].as_u64().unwrap()).sum()
    };
    record(10);
    let first = copy();
    assert!(copied(&first) > 200, "{first}");
    assert_eq!(copied(&copy()), 0, "a second copy has nothing to do");
    record(5);
    let refused = broker.flumen(data, &["run", "--listen", "127.0.0.1:0"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("bus copy"), "not all is copied");
    let rest = copy();
    assert!(copied(&rest) > 50, "{rest}");

    let running = run(data, &broker);
    running.wait_live("yard", Duration::from_secs(60));
    let seen = broker.bus();
    let headers = wait_for("the camera to go on", Duration::from_secs(30), || {
        let headers = seen.headers("yard");
        let goes_on = headers.iter().rev().take(60).all(|h| h.marker() == Marker::None);
        goes_on.then_some(headers)
    });
    assert_eq!(faults(&headers), Vec::<String>::new());
    let mut epochs: Vec<u64> = headers.iter().map(|h| h.epoch).collect();
    assert!(epochs.is_sorted(), "epochs go on growing on Kafka: {:?}", {
        epochs.dedup();
        epochs
    });
    let places = seen.kafka.committed("flumen-analysis", topic::VIDEO).unwrap();
    let behind: u64 = places.iter().filter_map(|(_, at)| *at).sum();
    let old = headers.iter().filter(|h| h.epoch < newest(&headers)).count() as u64;
    assert!(behind >= old && behind > 0, "the analysis begins behind the copy: {places:?}");

    wait_for(
        "one timeline: an hour with what both buses recorded",
        Duration::from_secs(60),
        || {
            let now_us = flumen_base::Clock::wall_us(&flumen_base::SystemClock);
            let span = format!("from_us={}&to_us={now_us}", now_us - 3_600_000_000);
            let line = running.get(&format!("/api/v1/cameras/yard/timeline?{span}"));
            let recorded = line["segments"].as_array()?.len() + line["pending"].as_array()?.len();
            (recorded >= 3).then_some(())
        },
    );
    let gaps = seen.gaps("yard");
    assert!(gaps.iter().all(|g| g.end_us > 0), "no hole stays open: {gaps:?}");
    drop(seen);
    running.stop();
    let back = Flumen::start_fails(data);
    assert!(back.contains("goes on with Kafka"), "{back}");
}
