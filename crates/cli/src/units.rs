//! Human units in the configuration: sizes and durations as text.
//!
//! Invariants: parsing what was printed gives the same value.
//! Units: bytes, and `Duration` down to milliseconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use flumen_base::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const SIZES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];
const SPANS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// A size in bytes, written as "20 GiB".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

/// A span of time, written as "50 ms".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

fn parse(text: &str, units: &[(&str, u64)], what: &str) -> Result<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let names = || units.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let bad = || {
        Error::invalid(format!("{text:?} is not a {what}: a whole number and one of {}", names()))
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    let unit = unit.trim();
    let (_, scale) = units.iter().find(|(name, _)| *name == unit).ok_or_else(bad)?;
    number.checked_mul(*scale).ok_or_else(|| Error::invalid(format!("{text:?} is too large")))
}

fn print(value: u64, units: &[(&str, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fits = |(_, scale): &&(&str, u64)| value.is_multiple_of(*scale) && value > 0;
    let (name, scale) = units.iter().find(fits).unwrap_or(&("", 1));
    let name = if name.is_empty() { units.last().map_or("", |(n, _)| n) } else { name };
    write!(f, "{} {name}", value / scale)
}

macro_rules! unit {
    ($type:ident, $units:ident, $what:literal, $to:expr, $from:expr) => {
        impl FromStr for $type {
            type Err = Error;
            fn from_str(s: &str) -> Result<Self> {
                parse(s, &$units, $what).map($from)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print($to(self), &$units, f)
            }
        }
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

unit!(ByteSize, SIZES, "size", |v: &ByteSize| v.0, ByteSize);
unit!(Span, SPANS, "duration", |v: &Span| v.0.as_millis() as u64, |ms| Span(
    Duration::from_millis(ms)
));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_read_what_they_print() {
        for text in ["20 GiB", "500 MB", "1 B", "0 B", "3 KiB"] {
            assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
        }
        for text in ["50 ms", "10 s", "24 h", "1 min", "0 ms"] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span, "{text}");
        }
        assert_eq!("20GiB".parse::<ByteSize>().unwrap(), ByteSize(20 << 30));
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for text in ["", "GiB", "-1 s", "1.5 GB", "1 parsec", "99999999999999 TiB"] {
            let said = text.parse::<ByteSize>().unwrap_err().to_string();
            assert!(said.contains(&format!("{text:?}")), "{said}");
        }
    }
}
