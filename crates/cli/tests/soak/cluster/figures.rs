//! Figures of processes and of many measurements.

use std::process::Command;

/// Clock ticks a second of `/proc/*/stat`; Linux tells user space 100 on every machine.
const TICKS_HZ: f64 = 100.0;

/// Processor seconds that a process has used so far, all its threads.
pub fn cpu_s(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a living process");
    let rest = text.rsplit_once(')').expect("a stat line").1;
    let fields: Vec<f64> = rest.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
    fields.iter().sum::<f64>() / TICKS_HZ
}

/// Resident memory, MB.
pub fn rss_mb(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kb = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kb.map_or(f64::NAN, |kb| kb / 1024.0)
}

/// Java heap in use, MB, as `jcmd` tells.
pub fn heap_mb(pid: u32) -> f64 {
    let out = Command::new("jcmd").args([&pid.to_string(), "GC.heap_info"]).output();
    let text = out.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let used = |line: &str| -> Option<f64> {
        line.split("used ").nth(1)?.split('K').next()?.trim().parse::<f64>().ok()
    };
    let heaps = text.lines().filter(|l| l.contains("generation") || l.contains("heap "));
    let kb: Vec<f64> = heaps.filter_map(used).collect();
    if kb.is_empty() { f64::NAN } else { kb.iter().sum::<f64>() / 1024.0 }
}

/// The share of `all` below which a value lies; `all` is put in order.
pub fn at(all: &mut [f64], share: f64) -> f64 {
    all.sort_by(f64::total_cmp);
    let place = (all.len().saturating_sub(1)) as f64 * share;
    all.get(place.round() as usize).copied().unwrap_or(f64::NAN)
}

pub fn median(all: &mut [f64]) -> f64 {
    at(all, 0.5)
}

/// How busy the machine is: processes that want to run, over a minute.
pub fn machine_load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|l| l.parse().ok()).unwrap_or(f64::NAN)
}
