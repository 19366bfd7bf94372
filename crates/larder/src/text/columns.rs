//! Plain tables: aligned columns, no frames, so that they survive copying into an issue; sizes and ages in words.

use std::{fmt::Write as _, time::Duration};

use bytesize::ByteSize;

use super::visible;

/// Lays rows out under their headings: a column whose heading starts with `<` goes to the left, the rest, being
/// numbers, to the right.
pub fn text<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> =
        rows.iter().map(|row| row.each_ref().map(|cell| visible::line(cell).into_owned())).collect();
    let to_left = headings.map(|heading| heading.starts_with('<'));
    let headings = headings.map(|heading| heading.trim_start_matches('<'));
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or_default()
    });
    let mut text = String::new();
    for cells in std::iter::once(headings).chain(rows.iter().map(|row| row.each_ref().map(String::as_str))) {
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
    }
    text
}

/// A size for people, in powers of 1024.
pub fn bytes(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

/// An age for people, in its largest unit.
pub fn age(age: Duration) -> String {
    const UNITS: [(u64, &str); 5] =
        [(365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3600, "hour"), (60, "minute")];
    let seconds = age.as_secs();
    match UNITS.iter().find(|(unit, _)| seconds >= *unit) {
        Some((unit, name)) => {
            let count = seconds / unit;
            format!("{count} {name}{}", if count == 1 { "" } else { "s" })
        }
        None => "under a minute".into(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_and_ages_are_for_people() {
        assert_eq!(super::bytes(0), "0 B");
        assert_eq!(super::bytes(2_721_140_736), "2.5 GiB");
        assert_eq!(
            [59, 60, 7200, 200_000].map(|seconds| super::age(std::time::Duration::from_secs(seconds))),
            ["under a minute", "1 minute", "2 hours", "2 days"]
        );
    }

    #[test]
    fn a_cell_is_no_line_of_its_own() {
        let rows = [["a\nb\u{1b}[2J".into()], ["x".into()]];
        assert_eq!(super::text(["<name"], &rows), "name\na\\nb\\u{1b}[2J\nx\n");
    }

    #[test]
    fn columns_line_up() {
        let rows = [["cook front".into(), "1.5".into()], ["x".into(), "10.0".into()]];
        assert_eq!(
            super::text(["<phase", "seconds"], &rows),
            "phase       seconds\ncook front      1.5\nx              10.0\n"
        );
    }
}
