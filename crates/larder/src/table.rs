//! Plain tables: aligned columns, no frames, so that they survive copying into an issue.

use std::fmt::Write as _;

/// Lays rows out under their headings: a column whose heading starts with `<` goes to the left, the rest, being
/// numbers, to the right.
pub fn text<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let to_left = headings.map(|heading| heading.starts_with('<'));
    let headings = headings.map(|heading| heading.trim_start_matches('<'));
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    let mut line = |cells: [&str; N]| {
        let mut line = String::new();
        for (column, (cell, width)) in cells.into_iter().zip(widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let _ = if to_left[column] {
                write!(line, "{gap}{cell:<width$}")
            } else {
                write!(line, "{gap}{cell:>width$}")
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(headings);
    rows.iter().for_each(|row| line(std::array::from_fn(|column| row[column].as_str())));
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_line_up() {
        let rows = [["cook front".into(), "1.5".into()], ["x".into(), "10.0".into()]];
        assert_eq!(
            super::text(["<phase", "seconds"], &rows),
            "phase       seconds\ncook front      1.5\nx              10.0\n"
        );
    }
}
