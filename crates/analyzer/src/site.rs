//! Where a camera stands: its local time and the group it is learned with.
//!
//! Invariants: the same time zone database on each engine, the one that is built in; an unknown
//! name counts as UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Time zone and group of a camera.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Site {
    pub time_zone: String,
    pub group: String,
    zone: TimeZone,
}

impl Default for Site {
    fn default() -> Site {
        Site::of("", "")
    }
}

impl Site {
    pub(crate) fn of(time_zone: &str, group: &str) -> Site {
        Site {
            time_zone: time_zone.to_owned(),
            group: group.to_owned(),
            zone: TimeZone::get(time_zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// Seconds that local time is ahead of UTC.
    pub(crate) fn ahead_s(&self, utc_us: i64) -> i32 {
        let at = Timestamp::from_microsecond(utc_us).unwrap_or_default();
        self.zone.to_offset(at).seconds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_change() {
        let berlin = Site::of("Europe/Berlin", "");
        // 2026-10-25 01:00 UTC.
        let change = 1_792_890_000_000_000;
        assert_eq!(berlin.ahead_s(change - 1), 7200);
        assert_eq!(berlin.ahead_s(change), 3600);
    }

    #[test]
    fn an_unknown_zone_is_utc() {
        assert_eq!(Site::of("No/Where", "").ahead_s(1_792_890_000_000_000), 0);
        assert_eq!(Site::default().ahead_s(i64::MAX), 0);
    }
}
