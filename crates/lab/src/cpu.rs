//! How much processor time was used: of this thread, and of programs that were run (Linux).
//!
//! Units: seconds, where the name says nothing else.

use std::io;
use std::process::{Child, Command, Stdio};

use flumen_base::{Error, Result};

/// Clock ticks a second of `/proc/*/stat`; Linux tells user space 100 on every machine.
const TICKS_HZ: f64 = 100.0;

/// Processor seconds of the calling thread so far.
pub fn thread_s() -> Option<f64> {
    Some(exact_us() / 1e6)
}

/// Processor microseconds of the calling thread so far, to a fraction of one.
pub fn exact_us() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// Processor seconds of children that ended and were waited for.
///
/// Exact to 0.01 s.
pub fn children_s() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold spaces; the fields after it are fixed: cutime is the 14th, cstime the 15th.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(13);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / TICKS_HZ)
}

/// Runs a program to its end in silence; processor seconds of it and its children.
///
/// No other child of this process may end meanwhile, or its time is counted too.
///
/// # Errors
/// `NotFound` when there is no such program, `Unavailable` when it fails, with its last line.
pub fn run_s(command: &mut Command) -> Result<f64> {
    let name = command.get_program().to_string_lossy().into_owned();
    let before = children_s();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let output = child.and_then(Child::wait_with_output).map_err(|e| not_run(&name, e))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or("and said nothing");
        return Err(Error::unavailable(format!("{name} ended with {}: {last}", output.status)));
    }
    match (before, children_s()) {
        (Some(before), Some(after)) => Ok(after - before),
        _ => Err(Error::unsupported("processor time of children: /proc is needed (Linux)")),
    }
}

fn not_run(name: &str, error: io::Error) -> Error {
    let advice = if error.kind() == io::ErrorKind::NotFound {
        "; on Debian: apt install ffmpeg"
    } else {
        ""
    };
    Error::io(format!("run {name}{advice}"), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_grows_and_a_missing_program_is_named() {
        let before = thread_s().unwrap();
        let work = || (0..3_000_000u64).fold(0, |a, b| std::hint::black_box(a ^ b));
        assert!((0..1000).any(|_| work() < u64::MAX && thread_s().unwrap() > before));
        assert!(run_s(&mut Command::new("true")).unwrap() >= 0.0);
        let error = run_s(&mut Command::new("no-such-program")).unwrap_err();
        assert!(error.to_string().contains("no-such-program"));
        assert!(run_s(&mut Command::new("false")).unwrap_err().to_string().contains("false"));
    }
}
