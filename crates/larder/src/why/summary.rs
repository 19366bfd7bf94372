//! Answers as a few lines. Pure.

use super::answer::{Answer, Cause};

/// A statement about one thing: a headline, and lines below it, the weightiest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// The headline.
    pub head: String,
    /// The lines that follow it.
    pub lines: Vec<String>,
}

/// Whether a build was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tense {
    /// It would be.
    Would,
    /// It was.
    Was,
}

impl Section {
    /// The section of an answer.
    pub fn of_answer(name: &str, answer: &Answer, tense: Tense) -> Self {
        let (built, total) = (answer.units.len(), answer.total);
        let head = match (built, tense) {
            (0, Tense::Would) => {
                format!("{name}: nothing would be built, {total} of {total} units are fresh")
            }
            (0, Tense::Was) => format!("{name}: nothing was built, {total} of {total} units were fresh"),
            (_, Tense::Would) => format!("{name}: {built} of {total} units would be built"),
            (_, Tense::Was) => format!("{name}: {built} of {total} units were built"),
        };
        Self { head, lines: answer.causes.iter().map(Cause::words).collect() }
    }
}

impl Cause {
    /// The cause with what follows from it, on one line.
    pub fn words(&self) -> String {
        let units = if self.units == 1 { "1 unit".to_owned() } else { format!("{} units", self.units) };
        if self.direct == self.units && self.direct > 1 || self.chain.len() < 2 {
            return format!("{}: {units}", self.text);
        }
        format!("{}: {units}, {}", self.text, chain(&self.chain))
    }
}

/// Packages in a row, the middle of a long one left out.
pub fn chain(names: &[String]) -> String {
    const LONGEST: usize = 5;
    match names {
        [first, second, .., before, last] if names.len() > LONGEST => {
            let left_out = names.len() - 4;
            format!("{first} → {second} → ({left_out} more) → {before} → {last}")
        }
        names => names.join(" → "),
    }
}

/// All sections in at most so many lines, every headline among them if they fit; the last line says what is
/// left out.
pub fn summary(sections: &[Section], limit: usize) -> Vec<String> {
    let total: usize = sections.iter().map(|section| 1 + section.lines.len()).sum();
    let fits = total <= limit;
    let mut room = if fits { total } else { limit - 1 }.saturating_sub(sections.len());
    let mut shown = vec![0; sections.len()];
    // A line for each in turn, so that a long section hides no short one.
    while room > 0 {
        let before = room;
        for (count, section) in shown.iter_mut().zip(sections) {
            if room > 0 && *count < section.lines.len() {
                *count += 1;
                room -= 1;
            }
        }
        if room == before {
            break;
        }
    }
    let mut lines = Vec::new();
    for (count, section) in shown.iter().zip(sections) {
        lines.push(section.head.clone());
        lines.extend(section.lines[..*count].iter().map(|line| format!("  {line}")));
    }
    if !fits {
        lines.truncate(limit - 1);
        lines.push(format!("and {} more lines; `--all` shows them", total - lines.len()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(head: &str, count: usize) -> Section {
        Section { head: head.into(), lines: (1..=count).map(|number| format!("{head}{number}")).collect() }
    }

    #[test]
    fn what_fits_is_shown_whole() {
        assert_eq!(summary(&[section("a", 2), section("b", 0)], 4), ["a", "  a1", "  a2", "b"]);
    }

    #[test]
    fn no_section_hides_another() {
        let lines = summary(&[section("a", 9), section("b", 2)], 7);
        assert_eq!(lines, ["a", "  a1", "  a2", "b", "  b1", "  b2", "and 7 more lines; `--all` shows them"]);
    }

    #[test]
    fn the_limit_holds_for_headlines_too() {
        let sections: Vec<Section> = (0..20).map(|_| section("a", 1)).collect();
        assert_eq!(summary(&sections, 10).len(), 10);
    }

    #[test]
    fn long_chains_lose_their_middle() {
        let names: Vec<String> = "abcdefg".chars().map(String::from).collect();
        assert_eq!(chain(&names), "a → b → (3 more) → f → g");
        assert_eq!(chain(&names[..5]), "a → b → c → d → e");
    }
}
