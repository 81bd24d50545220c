//! Processes that share the partitions of a topic.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flumen_base::topic;
use flumen_bus::{Bus, Kafka, Places, Share};

use crate::broker::{child, eventually, fresh, victim, wait_for_line};
use crate::faults::as_child;

/// Keeps asking on a thread of its own, as ingest does; what is ours stands in the set.
fn keep_asking(mut share: Box<dyn Share>, until: Instant) -> Arc<Mutex<BTreeSet<u32>>> {
    let mine = Arc::new(Mutex::new(BTreeSet::new()));
    let told = mine.clone();
    std::thread::spawn(move || {
        while Instant::now() < until {
            if let Some(now) = share.mine(Duration::from_millis(200)).unwrap() {
                *told.lock().unwrap() = now;
            }
        }
    });
    mine
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(40)
}

#[test]
#[ignore = "a child process of another test"]
fn child_that_shares() {
    let Some((dir, config)) = as_child() else { return };
    let bus = Kafka::open(std::path::Path::new(&dir), config).unwrap();
    let mut share = bus.share("ingest", topic::CAMERAS).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        if let Some(mine) = share.mine(Duration::from_millis(200)).unwrap()
            && mine.len() == 6
        {
            println!("half");
        }
    }
}

#[test]
#[ignore = "needs Kafka: make it"]
fn a_dead_members_partitions_go_to_the_others() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = fresh(12);
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    let mine = keep_asking(bus.share("ingest", topic::CAMERAS).unwrap(), soon());
    let has = |n: usize| mine.lock().unwrap().len() == n;
    eventually("alone it has all", || has(12));
    let settings = [
        ("FLUMEN_CHILD_DIR", other.path().to_str().unwrap()),
        ("FLUMEN_CHILD_BROKER", &config.brokers[0]),
        ("FLUMEN_CHILD_PREFIX", &config.prefix),
    ];
    let mut process = child("members::child_that_shares", &settings);
    let mut out = BufReader::new(process.stdout.take().unwrap());
    wait_for_line(&mut out, "half");
    eventually("two have half each", || has(6));
    process.kill().unwrap();
    process.wait().unwrap();
    let took = eventually("alone again it has all", || has(12));
    eprintln!("takeover of a killed member's partitions: {:.1} s", took.as_secs_f64());
    bus.close().unwrap();
}

#[test]
#[ignore = "needs Kafka: make it"]
fn a_member_that_leaves_is_replaced_at_once() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = fresh(4);
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    let second = Kafka::open(other.path(), config).unwrap();
    let mine = keep_asking(bus.share("ingest", topic::CAMERAS).unwrap(), soon());
    let has = |n: usize| mine.lock().unwrap().len() == n;
    eventually("alone it has all", || has(4));
    let mut leaving = second.share("ingest", topic::CAMERAS).unwrap();
    let mut theirs = BTreeSet::new();
    while theirs.len() != 2 {
        theirs = leaving.mine(Duration::from_millis(200)).unwrap().unwrap_or(theirs);
    }
    eventually("two have half each", || has(2));
    assert!(mine.lock().unwrap().is_disjoint(&theirs));
    drop(leaving);
    let took = eventually("alone again it has all", || has(4));
    eprintln!("takeover after leaving: {:.1} s", took.as_secs_f64());
}

#[test]
#[ignore = "needs Kafka: make it"]
fn who_takes_over_goes_on_where_the_group_was() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = fresh(2);
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    let wait = |share: &mut dyn Share| {
        while share.mine(Duration::from_millis(200)).unwrap().is_none_or(|mine| mine.len() != 2) {}
    };
    let mut share = bus.share("tellers", topic::EVENTS).unwrap();
    wait(share.as_mut());
    assert_eq!(share.places().unwrap(), Places::new(), "nobody said anything yet");
    let places = Places::from([(0, 7), (1, 9)]);
    share.keep(&places).unwrap();
    eventually("what was said is known", || share.places().unwrap() == places);
    drop(share);
    bus.close().unwrap();
    let bus = Kafka::open(other.path(), config).unwrap();
    let mut next = bus.share("tellers", topic::EVENTS).unwrap();
    wait(next.as_mut());
    assert_eq!(next.places().unwrap(), places);
    next.keep(&Places::from([(1, 12)])).unwrap();
    eventually("one place moved", || next.places().unwrap() == Places::from([(0, 7), (1, 12)]));
}

#[test]
#[ignore = "needs Kafka: make it"]
fn while_no_broker_answers_shares_stay() {
    let victim = victim();
    let dir = tempfile::tempdir().unwrap();
    let bus = Kafka::open(dir.path(), victim.fresh(4)).unwrap();
    let mut share = bus.share("ingest", topic::CAMERAS).unwrap();
    let told: Arc<Mutex<Vec<BTreeSet<u32>>>> = Arc::default();
    let (heard, over) = (told.clone(), Arc::new(AtomicBool::new(false)));
    let stop = over.clone();
    let asks = std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            heard.lock().unwrap().extend(share.mine(Duration::from_millis(200)).unwrap());
        }
    });
    eventually("it has all", || told.lock().unwrap().last().is_some_and(|s| s.len() == 4));
    told.lock().unwrap().clear();
    victim.kill();
    // Longer than a session lasts.
    std::thread::sleep(Duration::from_secs(9));
    victim.start_again();
    std::thread::sleep(Duration::from_secs(12));
    over.store(true, Ordering::Relaxed);
    asks.join().unwrap();
    let all: BTreeSet<u32> = (0..4).collect();
    let told = told.lock().unwrap();
    assert!(told.iter().all(|set| *set == all), "{told:?}");
}
