//! Plain tables for people: columns as wide as their widest cell.

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
