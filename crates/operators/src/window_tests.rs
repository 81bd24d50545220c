//! The dimensions are what the reference says.

use proptest::prelude::*;

use crate::state::{Reader, Writer};
use crate::window::{Sums, Weighed};
use crate::window_names::{WINDOW_DIMENSIONS, WINDOW_SCHEMA, dimensions};

#[test]
fn each_value_has_its_name_and_each_name_once() {
    let names: Vec<String> = dimensions().into_iter().map(|d| d.name).collect();
    assert_eq!(names.len(), WINDOW_DIMENSIONS);
    assert_eq!(Sums::default().values(1_000_000).len(), WINDOW_DIMENSIONS);
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
}

/// `UPDATE_GOLDEN=1` writes the table anew.
#[test]
fn the_reference_lists_the_dimensions_as_they_are() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ref/windows.md");
    let mut table = format!("Schema {WINDOW_SCHEMA}, {WINDOW_DIMENSIONS} dimensions.\n\n");
    table += "| at | name | unit | range | what |\n|---|---|---|---|---|\n";
    for (i, d) in dimensions().iter().enumerate() {
        let range = match d.range {
            (least, "") => format!("{least} up"),
            (least, most) => format!("{least} to {most}"),
        };
        table += &format!("| {i} | `{}` | {} | {range} | {} |\n", d.name, d.unit, d.what);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = text.find("Schema ").unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{}{table}", &text[..begin])).unwrap();
        return;
    }
    assert!(
        text[begin..] == table,
        "docs/ref/windows.md is not what the code says: UPDATE_GOLDEN=1"
    );
}

proptest! {
    #[test]
    fn sums_are_read_back_as_written(units in proptest::collection::vec((0..1u64 << 40, any::<bool>(), 0..1u64 << 40), 0..20)) {
        let mut sums = Sums::default();
        for (bytes, key, gap_us) in units {
            sums.unit(&Weighed { bytes, key, gap_us });
        }
        let mut to = Writer::default();
        sums.save(&mut to);
        let mut from = Reader(&to.0);
        let again = Sums::load(&mut from);
        prop_assert_eq!(again.as_ref(), Some(&sums));
        prop_assert!(from.0.is_empty());
    }
}
