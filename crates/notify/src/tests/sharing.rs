//! Two processes that share the events.

use std::collections::BTreeSet;

use flumen_base::Result;
use flumen_bus::{Consumer, Pending, Places, Share, Start, Table, Visibility, Watermark};

use super::*;

/// What one process is told of its share, and what the group keeps.
#[derive(Clone, Default)]
struct Script {
    given: Arc<Mutex<Option<BTreeSet<u32>>>>,
    kept: Arc<Mutex<Places>>,
}

impl Share for Script {
    fn mine(&mut self, _timeout: Duration) -> Result<Option<BTreeSet<u32>>> {
        Ok(self.given.lock().unwrap().take())
    }

    fn places(&self) -> Result<Places> {
        Ok(self.kept.lock().unwrap().clone())
    }

    fn keep(&mut self, places: &Places) -> Result<()> {
        self.kept.lock().unwrap().extend(places);
        Ok(())
    }
}

/// The bus as one of the processes sees it.
struct Shared {
    bus: Arc<Embedded>,
    script: Script,
}

impl Bus for Shared {
    fn send(&self, topic: &str, record: Record) -> Result<Pending> {
        self.bus.send(topic, record)
    }
    fn consumer(&self, topics: &[&str], from: Start, see: Visibility) -> Result<Box<dyn Consumer>> {
        self.bus.consumer(topics, from, see)
    }
    fn watermarks(&self, topic: &str) -> Result<Vec<Watermark>> {
        self.bus.watermarks(topic)
    }
    fn table(&self, topic: &str) -> Result<Arc<dyn Table>> {
        self.bus.table(topic)
    }
    fn partition_of(&self, topic: &str, key: &[u8]) -> Result<u32> {
        self.bus.partition_of(topic, key)
    }
    fn share(&self, _group: &str, _topic: &str) -> Result<Box<dyn Share>> {
        Ok(Box::new(self.script.clone()))
    }
}

#[test]
fn an_event_is_one_processs_to_tell_and_what_waits_goes_over_with_its_partition() {
    let dir = tempfile::tempdir().unwrap();
    let bus = bus(dir.path());
    let all: BTreeSet<u32> =
        bus.watermarks(topic::EVENTS).unwrap().iter().map(|m| m.partition).collect();
    let first = Script::default();
    let second = Script { kept: first.kept.clone(), ..Script::default() };
    let process = |script: &Script, url: &str| {
        let bus: Arc<dyn Bus> = Arc::new(Shared { bus: bus.clone(), script: script.clone() });
        Notify::start(&bus, config(url)).unwrap()
    };
    let (deaf, hears) = (Server::start(&[503; 10_000]), Server::start(&[]));
    let (one, two) = (process(&first, &deaf.url), process(&second, &hears.url));
    *first.given.lock().unwrap() = Some(all.clone());
    *second.given.lock().unwrap() = Some(BTreeSet::new());
    until("the group's places are kept", || first.kept.lock().unwrap().len() == all.len());
    tell(&*bus, &event(1, Phase::Begin));
    let id = |n: u8| format!("{}-0", format!("{n:02x}").repeat(16));
    assert_eq!(deaf.next().id, id(1), "the first has it and tries");

    *first.given.lock().unwrap() = Some(BTreeSet::new());
    until("the first has dropped it", || one.status()[0].waiting == 0);
    *second.given.lock().unwrap() = Some(all);
    assert_eq!(hears.next().id, id(1), "the second goes on with it");
    tell(&*bus, &event(2, Phase::Begin));
    assert_eq!(hears.next().id, id(2));
    until("both are counted", || two.status()[0].delivered == 2);
    assert!(deaf.seen.try_iter().all(|seen| seen.id == id(1)), "the second event is not its own");
    one.stop().unwrap();
    two.stop().unwrap();
}
