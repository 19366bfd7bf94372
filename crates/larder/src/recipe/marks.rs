//! Marks: which layers of which slices a line of the table holds for. `ab` is every layer of two slices, `a1-` the
//! second layer of one and all above it, `b-0` the first of the other.
//!
//! An end that is the chain's own is left open, so a new layer on top changes no mark of what stays in it. An end at
//! which another line takes over may be left open too: of several that hold for a layer, the last one to begin does.

use std::collections::BTreeSet;

/// A layer of a slice: the slice's place among the slices, and the layer's in its chain.
pub(super) type TableSection = (usize, usize);

/// The slices of a table: their letters, and how many layers each has.
#[derive(Debug, Default)]
pub(super) struct TableLayout {
    pub(super) letters: Vec<char>,
    pub(super) layers: Vec<usize>,
}

impl TableLayout {
    /// Every layer of every slice.
    #[cfg(test)]
    fn sections(&self) -> impl Iterator<Item = TableSection> {
        self.layers
            .iter()
            .enumerate()
            .flat_map(|(slice, layers)| (0..*layers).map(move |layer| (slice, layer)))
    }

    /// The marks of a set of layers.
    pub(super) fn text(&self, sections: &BTreeSet<TableSection>) -> String {
        self.text_until(sections, |_| false)
    }

    /// The marks of a set of layers, in which a slice's last range is open if another line begins right above it.
    pub(super) fn text_until(
        &self,
        sections: &BTreeSet<TableSection>,
        begins: impl Fn(TableSection) -> bool,
    ) -> String {
        let mut text = String::new();
        for (slice, (letter, count)) in self.letters.iter().zip(&self.layers).enumerate() {
            let mut layer = 0;
            while layer < *count {
                let end =
                    (layer..*count).take_while(|layer| sections.contains(&(slice, *layer))).count() + layer;
                if end > layer {
                    let is_last = (end..*count).all(|layer| !sections.contains(&(slice, layer)));
                    let end = if is_last && begins((slice, end)) { *count } else { end };
                    text.push(*letter);
                    text.push_str(&range(layer, end, *count));
                }
                layer = end + 1;
            }
        }
        text
    }

    /// The layers of marks; `None` for what this module would not write.
    pub(super) fn sections_of(&self, text: &str) -> Option<BTreeSet<TableSection>> {
        let mut sections = BTreeSet::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let slice = self.letters.iter().position(|known| *known == letter)?;
            rest = &rest[letter.len_utf8()..];
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(rest.len());
            let (first, last) = bounds(&rest[..end], self.layers[slice])?;
            sections.extend((first..=last).map(|layer| (slice, layer)));
            rest = &rest[end..];
        }
        (!sections.is_empty() && self.text(&sections) == text).then_some(sections)
    }
}

/// The layer with which the range begins that a layer of a set is in.
pub(super) fn begin(sections: &BTreeSet<TableSection>, (slice, layer): TableSection) -> usize {
    let below = (0..layer).rev().take_while(|below| sections.contains(&(slice, *below)));
    layer - below.count()
}

fn range(first: usize, end: usize, count: usize) -> String {
    let start = if first == 0 { String::new() } else { first.to_string() };
    match (first, end) {
        (0, end) if end == count => String::new(),
        (_, end) if end == count => format!("{start}-"),
        (_, end) => format!("{start}-{}", end - 1),
    }
}

fn bounds(range: &str, count: usize) -> Option<(usize, usize)> {
    let last = count.checked_sub(1)?;
    if range.is_empty() {
        return Some((0, last));
    }
    let (start, end) = range.split_once('-')?;
    let (first, end) = (bound(start, 0)?, bound(end, last)?);
    (first <= end && end <= last).then_some((first, end))
}

/// One end of a range, which is `open` if no number is there.
fn bound(text: &str, open: usize) -> Option<usize> {
    if text.is_empty() { Some(open) } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> TableLayout {
        TableLayout { letters: vec!['a', 'c'], layers: vec![1, 4] }
    }

    #[test]
    fn marks_come_back_as_they_were_written() {
        let layout = layout();
        let all: Vec<TableSection> = layout.sections().collect();
        for bits in 1..1_usize << all.len() {
            let set = (0..all.len()).filter(|bit| bits >> bit & 1 == 1).map(|bit| all[bit]).collect();
            let text = layout.text(&set);
            assert_eq!(layout.sections_of(&text), Some(set), "{text}");
        }
    }

    #[test]
    fn a_new_layer_on_top_changes_no_mark_of_what_stays() {
        let mut layout = layout();
        let text = layout.text(&layout.sections().collect());
        assert_eq!(text, "ac");
        layout.layers[1] += 1;
        assert_eq!(layout.text(&layout.sections().collect()), text);
        assert_eq!(layout.text(&[(0, 0), (1, 1), (1, 3), (1, 4)].into()), "ac1-1c3-");
        assert_eq!(layout.text(&[(1, 0), (1, 1)].into()), "c-1");
    }

    #[test]
    fn an_end_is_open_if_another_line_takes_over() {
        let (layout, begins) = (layout(), |section| section == (1, 2));
        assert_eq!(layout.text_until(&[(1, 0), (1, 1)].into(), begins), "c");
        assert_eq!(layout.text_until(&[(1, 1)].into(), begins), "c1-");
        assert_eq!(layout.text_until(&[(1, 0)].into(), begins), "c-0");
        assert_eq!(layout.text_until(&[(1, 1), (1, 3)].into(), begins), "c1-1c3-");
    }

    #[test]
    fn a_range_begins_above_a_gap() {
        let sections = [(1, 0), (1, 2), (1, 3)].into();
        assert_eq!([(1, 0), (1, 2), (1, 3)].map(|section| begin(&sections, section)), [0, 2, 2]);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "b",
            "a-",
            "a0",
            "c9",
            "c2-1",
            "cc",
            "ca",
            "c0-",
            "c1",
            "c-9",
            "a a",
            "c99999999999999999999-",
        ] {
            assert_eq!(layout().sections_of(text), None, "{text}");
        }
    }
}
