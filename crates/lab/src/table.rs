//! Plain tables for people, columns as wide as their widest cell, and reports as files.

use std::path::Path;

use flumen_base::{Context, Error, Result};
use serde::Serialize;

/// Writes a report as `report.json` and its table as `report.txt` into `dir`.
///
/// # Errors
/// I/O errors of `dir`.
pub(crate) fn write_report(dir: &Path, report: &impl Serialize, table: &str) -> Result<()> {
    std::fs::create_dir_all(dir).context(format!("make {}", dir.display()))?;
    let json = serde_json::to_string_pretty(report)
        .map_err(|e| Error::internal("report to JSON").with_source(e))?;
    for (name, text) in [
        (
            "report.json",
            json + "
",
        ),
        ("report.txt", table.into()),
    ] {
        std::fs::write(dir.join(name), text)
            .context(format!("write {}", dir.join(name).display()))?;
    }
    Ok(())
}

/// Rows of cells as text; the first row is the head. Numbers stand to the right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &[String], c: usize| row.get(c).cloned().unwrap_or_default();
    let wide: Vec<usize> = (0..columns)
        .map(|c| rows.iter().map(|r| cell(r, c).chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (c, wide) in wide.iter().enumerate() {
            let text = cell(row, c);
            let pad = " ".repeat(wide - text.chars().count());
            line += &if c == 0 { format!("{text}{pad}") } else { format!("  {pad}{text}") };
        }
        out += line.trim_end();
        out.push('\n');
        if number == 0 {
            out += &"-".repeat(wide.iter().sum::<usize>() + 2 * columns.saturating_sub(1));
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["clip".into(), "F1".into()], vec!["composite-a".into(), "0.9".into()]];
        assert_eq!(super::table(&rows), "clip          F1\n----------------\ncomposite-a  0.9\n");
    }
}
