//! Days of UTC as names of directories.
//!
//! Source: days <-> civil date by Howard Hinnant, "chrono-Compatible Low-Level Date
//! Algorithms" (public domain).

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// `yyyy-mm-dd` of the day that holds `at_us`.
pub(crate) fn name(at_us: i64) -> String {
    let z = at_us.div_euclid(DAY_US) + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Number of the day (since 1970) whose name this is.
pub(crate) fn of_name(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|p| p.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let number = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    (name(number.checked_mul(DAY_US)?) == text).then_some(number)
}

/// `yyyy-mm-dd hh:mm:ss UTC`, for messages.
pub(crate) fn text(at_us: i64) -> String {
    let second = at_us.div_euclid(1_000_000).rem_euclid(86_400);
    format!("{} {:02}:{:02}:{:02} UTC", name(at_us), second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_names() {
        assert_eq!(name(0), "1970-01-01");
        assert_eq!(name(-1), "1969-12-31");
        assert_eq!(name(951_782_400_000_000), "2000-02-29");
        assert_eq!(name(1_709_164_799_999_999), "2024-02-28");
        for number in [-1, 0, 11_016, 19_782, 20_414] {
            assert_eq!(of_name(&name(number * DAY_US)), Some(number));
        }
        assert_eq!((of_name("2024-02-30"), of_name("x"), of_name("2024-2-3")), (None, None, None));
        assert_eq!(text(1_709_164_800_000_000), "2024-02-29 00:00:00 UTC");
        assert_eq!(text(1_763_824_623_000_000), "2025-11-22 15:17:03 UTC");
    }
}
