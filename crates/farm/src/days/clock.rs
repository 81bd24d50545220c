//! Local time of simulated days: midnights, hours of the week, changes of the clocks.
//!
//! Invariants: the same time zone database on every machine, the one that is built in.
//! Units: microseconds of UTC; hours of the week from Monday 0:00 local time, 0 to 167.

use flumen_base::{Error, Result};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// An hour in microseconds.
pub(crate) const HOUR_US: i64 = 3_600_000_000;

/// The local time of one place.
#[derive(Clone, Debug)]
pub(crate) struct LocalClock(TimeZone);

/// A local moment: hour of the week, second of the day, seconds ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Local {
    pub hour_of_week: u32,
    pub second_of_day: u32,
    pub ahead_s: i32,
}

impl LocalClock {
    /// The clock of an IANA time zone.
    ///
    /// # Errors
    /// `Invalid` when there is none of that name.
    pub fn new(name: &str) -> Result<LocalClock> {
        TimeZone::get(name).map(LocalClock).map_err(|e| {
            Error::invalid(format!(
                "farm days: there is no time zone \"{name}\"; write one of the IANA list, such as Europe/Berlin"
            ))
            .with_source(e)
        })
    }

    /// The midnight with which the day `days` after `from` (YYYY-MM-DD) begins.
    ///
    /// # Errors
    /// `Invalid` for what is no date.
    pub fn midnight_us(&self, from: &str, days: u32) -> Result<i64> {
        let bad = |e: jiff::Error| {
            Error::invalid(format!(
                "farm days: \"{from}\" and {days} days make no date; write one such as 2026-03-23"
            ))
            .with_source(e)
        };
        let date: Date = from.parse().map_err(bad)?;
        let date = date.checked_add(Span::new().try_days(days).map_err(bad)?).map_err(bad)?;
        Ok(date.to_zoned(self.0.clone()).map_err(bad)?.timestamp().as_microsecond())
    }

    /// The day that lies `days` before the one of `utc_us`, as YYYY-MM-DD.
    ///
    /// # Errors
    /// `Invalid` where there is none.
    pub fn date(&self, utc_us: i64, days: u32) -> Result<String> {
        let bad = |e: jiff::Error| {
            Error::invalid(format!("farm days: no day lies {days} days before {utc_us}"))
                .with_source(e)
        };
        let at = Timestamp::from_microsecond(utc_us).map_err(bad)?.to_zoned(self.0.clone());
        let back = Span::new().try_days(days).map_err(bad)?;
        Ok(at.date().checked_sub(back).map_err(bad)?.to_string())
    }

    /// What the clock on the wall shows.
    pub fn local(&self, utc_us: i64) -> Local {
        let at = Timestamp::from_microsecond(utc_us).unwrap_or_default().to_zoned(self.0.clone());
        let day = at.weekday().since(Weekday::Monday);
        let (hour, minute, second) = (at.hour() as u32, at.minute() as u32, at.second() as u32);
        Local {
            hour_of_week: day as u32 * 24 + hour,
            second_of_day: hour * 3600 + minute * 60 + second,
            ahead_s: at.offset().seconds(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_before_a_moment_are_counted_on_the_wall() {
        let berlin = LocalClock::new("Europe/Berlin").unwrap();
        let at = |zone: &str| zone.parse::<Timestamp>().unwrap().as_microsecond();
        assert_eq!(berlin.date(at("2026-03-02T23:30:00Z"), 1).unwrap(), "2026-03-02");
        assert_eq!(berlin.date(at("2026-03-02T22:30:00Z"), 2).unwrap(), "2026-02-28");
        assert!(berlin.date(i64::MIN, 1).is_err());
    }

    #[test]
    fn a_day_on_which_the_clocks_change_has_23_or_25_hours() {
        let berlin = LocalClock::new("Europe/Berlin").unwrap();
        let hours = |from: &str, day: u32| {
            let midnight = |d| berlin.midnight_us(from, d).unwrap();
            (midnight(day + 1) - midnight(day)) / HOUR_US
        };
        let spring: Vec<i64> = (0..8).map(|d| hours("2026-03-23", d)).collect();
        assert_eq!(spring, [24, 24, 24, 24, 24, 24, 23, 24]);
        assert_eq!(hours("2026-10-24", 1), 25);
        // Sunday 2026-03-29: 1:59:59 is followed by 3:00.
        let change = berlin.midnight_us("2026-03-29", 0).unwrap() + 2 * HOUR_US;
        let (before, after) = (berlin.local(change - 1_000_000), berlin.local(change));
        assert_eq!((before.hour_of_week, before.ahead_s), (6 * 24 + 1, 3600));
        assert_eq!((after.hour_of_week, after.ahead_s), (6 * 24 + 3, 7200));
        assert_eq!(after.second_of_day, 3 * 3600);
    }

    #[test]
    fn what_is_no_place_or_date_is_told() {
        assert!(LocalClock::new("No/Where").unwrap_err().to_string().contains("No/Where"));
        let utc = LocalClock::new("UTC").unwrap();
        assert!(utc.midnight_us("2026-02-30", 0).is_err());
        assert!(utc.midnight_us("yesterday", 0).is_err());
    }
}
