//! Ingest processes killed: the others take over their cameras, and the ledger tells the hole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flumen_base::wire::{Gap, Owner, PacketHeader, source::Role};
use flumen_base::{Clock, SystemClock, topic};
use prost::Message;

use super::client::{Offsets, Reader, Writer, read};
use super::figures::{at, machine_load, median};
use super::load::card;
use super::servers::Kafka;
use super::{Random, clip_of, number};
use crate::common::{Running, wait_for};

const CAMERAS: usize = 4;

/// What a camera sends: a file, since a scene would be rendered again by each successor.
fn video() -> PathBuf {
    clip_of("yard", "320x180", 10, 20)
}

struct Ingest {
    process: Running,
}

impl Ingest {
    fn start(kafka: &Kafka, data: &Path, key: &Path) -> Ingest {
        std::fs::create_dir_all(data).unwrap();
        let log = std::fs::File::options().create(true).append(true).open(data.join("log.txt"));
        let log = log.unwrap();
        let mut command = kafka.flumen(&["ingest", "--data"]);
        command.arg(data).env("FLUMEN__CLUSTER__SITE_KEY_FILE", key);
        let root = format!("[{:?}]", video().parent().unwrap());
        command.env("FLUMEN__INGEST__FILE_ROOTS", root);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Ingest { process: Running::start(&mut command) }
    }

    fn pid(&self) -> u32 {
        self.process.0.id()
    }
}

/// What the topics have told so far.
struct Seen {
    video: Reader,
    owners: Reader,
    /// Camera -> newest epoch, and arrival of its newest access unit.
    newest: BTreeMap<String, (u64, i64)>,
    /// Camera -> process.
    owner: BTreeMap<String, String>,
}

impl Seen {
    fn new(kafka: &Kafka) -> Seen {
        let open = |topic| Reader::open(&kafka.brokers, &[topic], Some(&Offsets::new()), true);
        Seen {
            video: open(topic::VIDEO),
            owners: open(topic::OWNERS),
            newest: BTreeMap::new(),
            owner: BTreeMap::new(),
        }
    }

    fn look(&mut self) {
        while let Some(found) = self.owners.next(Duration::ZERO) {
            if let Some(owner) = found.value.and_then(|v| Owner::decode(&v[..]).ok()) {
                self.owner.insert(owner.camera, owner.process);
            }
        }
        while let Some(found) = self.video.next(Duration::from_millis(5)) {
            let header = PacketHeader::decode(found.header.as_deref().unwrap_or_default()).unwrap();
            let old = self.newest.get(&header.camera).copied().unwrap_or_default();
            if header.marker == 0 && header.epoch >= old.0 {
                self.newest.insert(header.camera, (header.epoch, header.arrival_us));
            }
        }
    }

    fn of(&self, pid: u32) -> BTreeSet<String> {
        let end = format!("-{pid}");
        let ours = self.owner.iter().filter(|(camera, process)| {
            // Only cameras whose access units were seen can be followed.
            process.ends_with(&end) && self.newest.contains_key(*camera)
        });
        ours.map(|(camera, _)| camera.clone()).collect()
    }

    /// Waits until each process has cameras and all cameras send.
    fn settled(&mut self, processes: &[Ingest; 2]) {
        let mut since = None;
        wait_for("both processes to have cameras", Duration::from_secs(120), || {
            self.look();
            let now = SystemClock.wall_us();
            let live = self.newest.values().filter(|(_, at)| now - at < 2_000_000).count();
            if live < CAMERAS || processes.iter().any(|p| self.of(p.pid()).is_empty()) {
                since = None;
                return None;
            }
            let since = since.get_or_insert_with(Instant::now);
            (since.elapsed() > Duration::from_secs(3)).then_some(())
        });
    }
}

/// A camera that changed hands: last access unit of the old owner, first of the new.
struct Hole {
    camera: String,
    from_us: i64,
    to_us: i64,
}

fn kill_one(seen: &mut Seen, killed: Ingest) -> (Vec<f64>, Vec<Hole>) {
    let orphans = seen.of(killed.pid());
    let before: BTreeMap<String, u64> =
        orphans.iter().map(|c| (c.clone(), seen.newest[c].0)).collect();
    let begin = Instant::now();
    killed.process.kill_nine();
    seen.look();
    let last: BTreeMap<String, i64> =
        orphans.iter().map(|c| (c.clone(), seen.newest[c].1)).collect();
    let (mut took, mut holes) = (BTreeMap::new(), Vec::new());
    wait_for("the cameras to be taken over", Duration::from_secs(60), || {
        seen.look();
        for camera in &orphans {
            let (epoch, at) = seen.newest[camera];
            if epoch > before[camera] && !took.contains_key(camera) {
                took.insert(camera.clone(), begin.elapsed().as_secs_f64());
                holes.push(Hole { camera: camera.clone(), from_us: last[camera], to_us: at });
            }
        }
        (took.len() == orphans.len()).then_some(())
    });
    (took.into_values().collect(), holes)
}

/// Holes that the ledger does not cover, give or take a second.
fn unaccounted(kafka: &Kafka, holes: &[Hole]) -> Vec<String> {
    let mut spans: BTreeMap<Vec<u8>, Gap> = BTreeMap::new();
    for found in read(&kafka.brokers, &[topic::GAPS], &Offsets::new(), true) {
        match found.value {
            Some(value) => _ = spans.insert(found.key, Gap::decode(&value[..]).unwrap()),
            None => _ = spans.remove(&found.key),
        }
    }
    let mut spans: Vec<Gap> = spans.into_values().collect();
    spans.sort_by_key(|g| g.start_us);
    // One hole may stand in several spans: away, and then before the first picture.
    let bare_us = |hole: &Hole| {
        let (mut at, mut bare) = (hole.from_us, 0);
        for gap in spans.iter().filter(|g| g.camera == hole.camera && g.end_us > hole.from_us) {
            bare += (gap.start_us.min(hole.to_us) - at).max(0);
            at = at.max(gap.end_us);
        }
        bare + (hole.to_us - at).max(0)
    };
    let missing = holes.iter().filter(|h| bare_us(h) > 1_000_000);
    missing
        .map(|h| {
            let of = spans.iter().filter(|g| g.camera == h.camera);
            let told: Vec<_> = of.map(|g| (g.start_us, g.end_us, &g.detail)).collect();
            format!("{} {}..{}; the ledger: {told:?}", h.camera, h.from_us, h.to_us)
        })
        .collect()
}

#[test]
fn ingest_process_killed() {
    let (times, seed) = (number("FLUMEN_KILLS", 20), Random::seed());
    let dir = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(&dir.path().join("kafka"), 1);
    let key = dir.path().join("site.key");
    let writer = Writer::open(&kafka.brokers);
    for n in 0..CAMERAS {
        let mut camera = card(&format!("ingest-{n}"));
        camera.sources[0].address = format!("file:{}", video().display());
        camera.sources[0].role = Some(Role { record: true, analyse: true, live: true });
        writer.send(
            topic::CAMERAS,
            &camera.id,
            None,
            &camera.encode_to_vec(),
            SystemClock.wall_us(),
        );
    }
    writer.flush();
    let data: [PathBuf; 2] = [dir.path().join("a"), dir.path().join("b")];
    let first = Ingest::start(&kafka, &data[0], &key);
    wait_for("the site's key", Duration::from_secs(60), || key.exists().then_some(()));
    let mut processes = [first, Ingest::start(&kafka, &data[1], &key)];
    let (mut seen, mut random) = (Seen::new(&kafka), Random(seed));
    let (mut took, mut holes) = (Vec::new(), Vec::new());
    for round in 0..times as usize {
        seen.settled(&processes);
        std::thread::sleep(random.below(Duration::from_secs(2)));
        seen.look();
        let n = round % 2;
        // The new process is not there yet while the other takes over.
        let killed = std::mem::replace(&mut processes[n].process, idle());
        let (times, found) = kill_one(&mut seen, Ingest { process: killed });
        took.extend(times);
        holes.extend(found);
        processes[n] = Ingest::start(&kafka, &data[n], &key);
    }
    seen.settled(&processes);
    std::thread::sleep(Duration::from_secs(5));
    let missing = unaccounted(&kafka, &holes);
    println!(
        "ingest killed {times} times (seed {seed}, load {:.0}): {} takeovers of a camera, from the kill to the first access unit of the new epoch median {:.1} s, worst {:.1} s; {} holes, {} not in the ledger",
        machine_load(),
        took.len(),
        median(&mut took.clone()),
        at(&mut took, 1.0),
        holes.len(),
        missing.len()
    );
    assert_eq!(missing, Vec::<String>::new());
}

/// A process that does nothing, in the place of one that was killed.
fn idle() -> Running {
    Running::start(std::process::Command::new("sleep").arg("3600"))
}
