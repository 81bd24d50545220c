//! What a person sees in a terminal: tables, progress, times.

use std::io::Write as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line from a process that goes on whether somebody reads it or not.
pub fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Rows under a head, columns as wide as they need to be.
pub fn table(head: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = head.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, &w)| format!("{cell:<w$}")).collect();
        println!("{}", padded.join("  ").trim_end());
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
}

/// A bar for work of a known size; hidden where there is no terminal.
pub fn bar(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:40} {percent:>3}% {eta:>4}");
    let bar =
        ProgressBar::new(0).with_style(style.expect("the template is valid")).with_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A count for work of unknown size; hidden where there is no terminal.
pub fn counter(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {pos} {msg} {per_sec}");
    let bar = ProgressBar::no_length()
        .with_style(style.expect("the template is valid"))
        .with_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Microseconds UTC as RFC 3339 with milliseconds.
///
/// Source: days-to-civil algorithm by Howard Hinnant.
pub fn utc(us: i64) -> String {
    let (days, rest) = (us.div_euclid(86_400_000_000), us.rem_euclid(86_400_000_000));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (seconds, ms) = (rest / 1_000_000, rest / 1_000 % 1_000);
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z")
}

/// RFC 3339 in UTC, or seconds before now as "-90s", "-5min", "-2h", as microseconds UTC.
pub fn parse_time(text: &str, now_us: i64) -> Result<i64, String> {
    if let Some(ago) = text.strip_prefix('-') {
        let span: crate::units::Span =
            ago.parse().map_err(|e: flumen_base::Error| e.to_string())?;
        return Ok(now_us - span.0.as_micros() as i64);
    }
    if text == "now" {
        return Ok(now_us);
    }
    parse_rfc3339(text).ok_or_else(|| {
        format!("{text:?} is not a time: write 2026-01-31T12:00:00Z, \"-10min\" or \"now\"")
    })
}

fn parse_rfc3339(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers =
        |s: &str, by: char| -> Option<Vec<i64>> { s.split(by).map(|n| n.parse().ok()).collect() };
    let date = numbers(date, '-')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let time = numbers(time, ':')?;
    let (&[year, month, day], &[h, m, s]) = (date.as_slice(), time.as_slice()) else { return None };
    let plausible =
        (1..=12).contains(&month) && (1..=31).contains(&day) && h < 24 && m < 60 && s < 61;
    if !plausible || !(1970..=9999).contains(&year) || fraction.len() > 6 {
        return None;
    }
    let y = year - i64::from(month <= 2);
    let (era, yoe) = (y.div_euclid(400), y.rem_euclid(400));
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    let fraction_us = fraction.parse::<i64>().ok()? * 10i64.pow(6 - fraction.len() as u32);
    Some(((days * 24 + h) * 60 + m) * 60_000_000 + s * 1_000_000 + fraction_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_they_print() {
        for (us, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_827_696_789_000, "2000-02-29T12:34:56.789Z"),
            (1_795_305_600_000_000, "2026-11-22T00:00:00.000Z"),
        ] {
            assert_eq!(utc(us), text);
            assert_eq!(parse_time(text, 0), Ok(us));
        }
    }

    #[test]
    fn times_may_be_said_from_now() {
        assert_eq!(parse_time("-10min", 1_000_000_000), Ok(400_000_000));
        assert_eq!(parse_time("now", 7), Ok(7));
        for bad in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01"] {
            assert!(parse_time(bad, 0).is_err(), "{bad}");
        }
    }
}
