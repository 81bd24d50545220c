//! Journal against plain sequential writes, in turns A B A B; prints JSON.
//!
//! A: records of 100 KB through a journal with group fdatasync, until all are acknowledged.
//! B: the same bytes in the same folder by 1 MiB writes and one fdatasync, as
//! `dd bs=1M conv=fdatasync` does. The figure is the median of the rounds.
//! Also: from `append` to a reader that sees written records, at 750 records a second.
//!
//! Usage: `cargo run --release --example bench -- [DIR [MEGABYTES [ROUNDS]]]`

#![allow(clippy::print_stdout)]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::{Error, Kind, Result, SystemClock};
use flumen_journal::{Config, Entry, From, Journal, Read, Signal, StdDisk, Visibility};

const RECORD_BYTES: usize = 100_000;

fn noise(bytes: usize) -> Bytes {
    let mut x = 1_u64;
    let next = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (x >> 33) as u8
    };
    std::iter::repeat_with(next).take(bytes).collect::<Vec<u8>>().into()
}

fn open(dir: &Path) -> Result<Journal> {
    Journal::open(Arc::new(StdDisk), dir, Config::default(), Arc::new(SystemClock))
}

fn journal_round(dir: &Path, records: usize) -> Result<f64> {
    let journal = open(dir)?;
    let payload = noise(RECORD_BYTES);
    let (told, acks) = mpsc::channel();
    let began = Instant::now();
    for i in 0..records {
        loop {
            let told = told.clone();
            let done = Box::new(move |ack| drop(told.send(ack)));
            match journal.append(Entry::new(i as i64, payload.clone()), done) {
                Err(e) if e.kind() == Kind::Exhausted => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                other => break other?,
            }
        }
    }
    for _ in 0..records {
        acks.recv().map_err(|e| Error::internal(e.to_string()))??;
    }
    let seconds = began.elapsed().as_secs_f64();
    journal.close()?;
    Ok((records * RECORD_BYTES) as f64 / 1e6 / seconds)
}

fn plain_round(dir: &Path, bytes: usize) -> Result<f64> {
    let io = |e| Error::io("plain write", e);
    let block = noise(1 << 20);
    let began = Instant::now();
    let mut file = File::create(dir.join("plain")).map_err(io)?;
    for _ in 0..bytes.div_ceil(block.len()) {
        file.write_all(&block).map_err(io)?;
    }
    file.sync_data().map_err(io)?;
    Ok(bytes as f64 / 1e6 / began.elapsed().as_secs_f64())
}

/// Microseconds from `append` until a reader has the record, in order of size.
fn latencies(dir: &Path) -> Result<Vec<u64>> {
    let journal = open(dir)?;
    let mut reader = journal.reader(Visibility::Written);
    reader.seek(From::Latest)?;
    let signal = Arc::new(Signal::default());
    reader.listen(&signal);
    let began = Instant::now();
    let read = std::thread::spawn(move || {
        let mut all = Vec::new();
        let mut found = Vec::new();
        while all.len() < 1500 {
            let seen = signal.seen();
            reader.read(64, 8 << 20, &mut found)?;
            let now = began.elapsed().as_micros() as i64;
            for item in found.drain(..) {
                if let Read::Record(r) = item {
                    all.push((now - r.timestamp_us) as u64);
                }
            }
            signal.wait(seen, Instant::now() + Duration::from_secs(1));
        }
        Ok::<_, Error>(all)
    });
    let payload = noise(20_000);
    for i in 0..1500_u64 {
        let due = Duration::from_micros(i * 1_000_000 / 750);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        let now = began.elapsed().as_micros() as i64;
        journal.append(Entry::new(now, payload.clone()), Box::new(drop))?;
    }
    let mut all = read.join().map_err(|_| Error::internal("the reader panicked"))??;
    all.sort_unstable();
    Ok(all)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().unwrap_or_else(|| "target/journal-bench".into());
    let number = |arg: Option<String>, or| arg.and_then(|a| a.parse().ok()).unwrap_or(or);
    let megabytes = number(args.next(), 1000);
    let rounds = number(args.next(), 3);
    let dir = Path::new(&dir);
    let records = megabytes * 1_000_000 / RECORD_BYTES;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let log = dir.join(format!("log-{round}"));
        a.push(journal_round(&log, records)?);
        drop(std::fs::remove_dir_all(&log));
        b.push(plain_round(dir, records * RECORD_BYTES)?);
        drop(std::fs::remove_file(dir.join("plain")));
    }
    let latency = latencies(&dir.join("latency"))?;
    drop(std::fs::remove_dir_all(dir));
    let at = |percent: usize| latency.get(latency.len() * percent / 100).copied().unwrap_or(0);
    let rate = |all: &[f64]| all.iter().map(|r| format!("{r:.0}")).collect::<Vec<_>>().join(", ");
    println!(
        "{{\"record_bytes\": {RECORD_BYTES}, \"megabytes\": {megabytes}, \
         \"journal_mb_s\": [{}], \"plain_mb_s\": [{}], \
         \"journal_median_mb_s\": {:.0}, \"plain_median_mb_s\": {:.0}, \"ratio\": {:.2}, \
         \"written_to_read_us\": {{\"p50\": {}, \"p99\": {}, \"max\": {}}}}}",
        rate(&a),
        rate(&b),
        median(a.clone()),
        median(b.clone()),
        median(a) / median(b),
        at(50),
        at(99),
        latency.last().copied().unwrap_or(0),
    );
    Ok(())
}
