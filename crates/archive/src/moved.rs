//! An archive that goes on with another bus, whose logs count otherwise.
//!
//! Invariants: old rows keep their places in the old log (their era says so), so no record of
//! the new one is taken for one of theirs; all marks move in one transaction, or none.
//! Not here: copying the records (`cli`).

use std::path::Path;

use flumen_base::{Result, topic};

use crate::db::{self, Mark, told};

/// Whether everything below these ends (partition, offset) of a topic is in rows.
///
/// # Errors
/// `Unavailable` when the database can't be read.
pub fn has_taken(dir: &Path, topic: &str, ends: &[(u32, u64)]) -> Result<bool> {
    let conn = db::open(dir)?;
    let marks = db::marks(&conn, topic)?;
    let mark = |partition| marks.iter().find(|m| m.partition == partition).map_or(0, |m| m.next);
    Ok(ends.iter().all(|&(partition, end)| mark(partition) >= end))
}

/// From now on the archive reads each of these topics at (partition, offset) of Kafka.
///
/// # Errors
/// `Unavailable` when the database can't be written; then nothing has moved.
pub fn move_to(dir: &Path, places: &[(&str, Vec<(u32, u64)>)]) -> Result<()> {
    let mut conn = db::open(dir)?;
    let eras = db::marks(&conn, topic::VIDEO)?;
    let rows = db::one::<Option<u32>>(&conn, "SELECT max(era) FROM segment", [])?.flatten();
    let era = eras.iter().map(|m| m.era).chain(rows).max().unwrap_or(0) + 1;
    let tx = conn.transaction().map_err(told)?;
    tx.execute("DELETE FROM position WHERE topic NOT GLOB '@*'", []).map_err(told)?;
    for (topic, ends) in places {
        db::set_bus(&tx, topic, "kafka")?;
        for &(partition, next) in ends {
            db::set_mark(&tx, topic, &Mark { partition, next, generation: 0, era })?;
        }
    }
    tx.commit().map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_move_to_the_new_log_and_count_as_another_era() {
        let dir = tempfile::tempdir().unwrap();
        let conn = db::open(dir.path()).unwrap();
        let old = Mark { partition: 0, next: 70, generation: 3, era: 2 };
        db::set_mark(&conn, topic::VIDEO, &old).unwrap();
        db::set_mark(&conn, topic::GAPS, &Mark { era: 0, ..old }).unwrap();
        drop(conn);
        assert!(has_taken(dir.path(), topic::VIDEO, &[(0, 70)]).unwrap());
        assert!(!has_taken(dir.path(), topic::VIDEO, &[(0, 71)]).unwrap());
        move_to(dir.path(), &[(topic::VIDEO, vec![(0, 5), (1, 9)])]).unwrap();
        let conn = db::open(dir.path()).unwrap();
        let marks = db::marks(&conn, topic::VIDEO).unwrap();
        assert_eq!(marks[1], Mark { partition: 1, next: 9, generation: 0, era: 3 });
        assert!(db::marks(&conn, topic::GAPS).unwrap().is_empty(), "gaps are read anew");
    }
}
