//! Power cuts: nothing acknowledged is lost, nothing is made up.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::harness::{Bench, entry, small};
use crate::sim::{Chance, Faults, SimDisk};
use crate::{Read, Visibility};

/// Power cuts of one run.
const CUTS: u64 = 3;

/// What was sent and told over all lives of one log.
#[derive(Default)]
struct Known {
    /// Per (generation, offset): what was written there.
    written: BTreeMap<(u32, u64), Bytes>,
    /// Per offset: what was acknowledged there.
    acknowledged: BTreeMap<u64, Bytes>,
    generations: BTreeSet<u32>,
    next_id: u64,
}

/// One life: open, work until the power goes.
fn live(disk: &SimDisk, chance: &mut Chance, known: &mut Known) {
    let Ok(mut bench) = Bench::open(disk, &small()) else { return };
    let mut mark = None;
    for _ in 0..1 + chance.below(200) {
        if disk.is_off() {
            break;
        }
        match chance.below(10) {
            0..=5 => append(&mut bench, chance, known, mark.take()),
            6 | 7 if bench.log.sync().is_ok() => mark = Some(bench.view.tails().1.offset),
            8 => drop(bench.log.append(&[], mark.take())),
            _ if chance.percent(20) => drop(bench.log.roll()),
            _ => {}
        }
        known.acknowledge(&bench);
    }
}

fn append(bench: &mut Bench, chance: &mut Chance, known: &mut Known, mark: Option<u64>) {
    let count = 1 + chance.below(5);
    let entries: Vec<_> = (0..count)
        .map(|i| {
            let most = if chance.percent(10) { 9_000 } else { 400 };
            entry(known.next_id + i, 8 + chance.below(most) as usize)
        })
        .collect();
    known.next_id += count;
    let next = bench.view.tails().0.offset;
    let result = bench.log.append(&entries, mark);
    // A write that failed may be found later all the same: it was sent.
    for (entry, offset) in entries.iter().zip(next..) {
        known.written.insert((known.generation_of(bench), offset), entry.body.clone());
    }
    assert!(result.is_err() || result.is_ok_and(|first| first == next));
}

impl Known {
    fn generation_of(&self, bench: &Bench) -> u32 {
        bench.generation.max(bench.view.generation())
    }

    fn acknowledge(&mut self, bench: &Bench) {
        let durable = bench.view.tails().1.offset;
        let from = self.acknowledged.last_key_value().map_or(0, |(offset, _)| offset + 1);
        for offset in from..durable {
            let payload = self.written.get(&(self.generation_of(bench), offset)).cloned();
            self.acknowledged.insert(offset, payload.expect("durable, so written"));
        }
    }
}

/// After a cut: everything that was promised is there, and nothing else.
fn check(disk: &SimDisk, known: &mut Known) -> Result<(), String> {
    let bench = Bench::open(disk, &small()).map_err(|e| format!("not opened: {e}"))?;
    if known.generations.iter().any(|&g| g >= bench.generation) {
        return Err(format!("generation {} is not new", bench.generation));
    }
    let mut found = BTreeMap::new();
    for (item, expected) in bench.read_all(Visibility::Durable).into_iter().zip(0..) {
        let Read::Record(record) = item else { return Err(format!("told {item:?}")) };
        if record.offset != expected {
            return Err(format!("offset {} instead of {expected}", record.offset));
        }
        if known.written.get(&(record.generation, record.offset)) != Some(&record.payload) {
            return Err(format!("offset {expected} was never written so"));
        }
        known.generations.insert(record.generation);
        found.insert(record.offset, record.payload);
    }
    for (offset, payload) in &known.acknowledged {
        if found.get(offset) != Some(payload) {
            return Err(format!("acknowledged record {offset} is lost"));
        }
    }
    // What an opened log shows as durable is a promise too.
    known.acknowledged = found;
    Ok(())
}

/// Lives that end in a kill (what was written stays) or a cut, three cuts in all; `lying` takes
/// fdatasync out.
fn campaign(seed: u64, lying: bool) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let mut known = Known::default();
    let mut disk = SimDisk::new(seed);
    let mut cuts = 0;
    while cuts < CUTS {
        let killed = chance.percent(40);
        let power_for = (!killed).then(|| 1 + chance.below(120));
        let short_writes = chance.percent(20);
        disk.faults(|f| {
            *f = Faults { lying_syncs: lying, power_for, short_writes, ..Faults::default() };
        });
        live(&disk, &mut chance, &mut known);
        if !killed {
            disk = disk.cut_power(chance.number());
            cuts += 1;
        }
        disk.faults(|f| *f = Faults { lying_syncs: lying, ..Faults::default() });
        check(&disk, &mut known)?;
    }
    Ok(())
}

/// How many seeds show a loss, and the first of them.
fn losses(seeds: u64, lying: bool) -> (u64, Option<String>) {
    let failed = (0..seeds)
        .filter_map(|seed| campaign(seed, lying).err().map(|e| format!("seed {seed}: {e}")));
    let failed: Vec<String> = failed.collect();
    (failed.len() as u64, failed.into_iter().next())
}

#[test]
fn a_thousand_power_cuts_lose_nothing_acknowledged() {
    let seeds = std::env::var("FLUMEN_POWER_CUTS").ok().and_then(|n| n.parse().ok());
    assert_eq!(losses(seeds.unwrap_or(1000_u64).div_ceil(CUTS), false), (0, None));
}

#[test]
fn without_fdatasync_the_same_campaign_finds_losses() {
    let (lost, _) = losses(100, true);
    assert!(lost > 50, "only {lost} of 100 runs show a loss");
}
