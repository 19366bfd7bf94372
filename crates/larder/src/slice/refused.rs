//! Slices that cannot be planned, or whose recipes cannot be proven: the others go on without them.
//!
//! It must never hide one: whoever asked gets the slice with its reason.

use crate::error::{Error, Result};

/// A refused slice, or several with one reason.
#[derive(Debug)]
pub struct Refused {
    /// The names of the slices; there is at least one.
    pub slices: Vec<String>,
    /// The reason, which names the first of them.
    pub error: Error,
}

impl Refused {
    /// One slice with its reason.
    pub fn new(slice: &str, error: Error) -> Self {
        Self { slices: vec![slice.to_owned()], error }
    }

    /// The reason, and the other slices that it holds for.
    pub fn text(&self) -> String {
        // Any other reason names what it is about by itself.
        if !matches!(self.error, Error::SlicePlan { .. }) {
            return self.error.to_string();
        }
        let others =
            self.slices.iter().skip(1).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if others.is_empty() {
            self.error.to_string()
        } else {
            format!("{}\nthe same for {others}", self.error)
        }
    }

    /// Whether a slice is among those refused.
    pub fn has(&self, slice: &str) -> bool {
        self.slices.iter().any(|name| name == slice)
    }

    /// Takes apart what went well and what was refused, in order; slices with one reason are one refusal.
    ///
    /// # Errors
    /// For a failure that is no slice's own, such as a disk that is full.
    pub fn apart<T>(results: impl IntoIterator<Item = (String, Result<T>)>) -> Result<(Vec<T>, Vec<Self>)> {
        let (mut done, mut refused): (Vec<T>, Vec<Self>) = Default::default();
        for (slice, result) in results {
            match result {
                Ok(value) => done.push(value),
                Err(error) if error.is_of_one_slice() => Self::new(&slice, error).join(&mut refused),
                Err(error) => return Err(error),
            }
        }
        Ok((done, refused))
    }

    /// Joins other refusals: the one with the same reason, if there is one.
    pub(crate) fn join(self, all: &mut Vec<Self>) {
        match all.iter_mut().find(|known| known.is_like(&self)) {
            Some(known) => known.slices.extend(self.slices),
            None => all.push(self),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        match (&self.error, &other.error) {
            (Error::SlicePlan { stderr, .. }, Error::SlicePlan { stderr: same, .. }) => stderr == same,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(slice: &str, stderr: &str) -> (String, Result<()>) {
        let error =
            Error::SlicePlan { slice: slice.into(), command: "cargo build".into(), stderr: stderr.into() };
        (slice.to_owned(), Err(error))
    }

    #[test]
    fn one_reason_is_said_once() {
        let (done, refused) = Refused::apart([
            refusal("a", "no network"),
            ("b".to_owned(), Ok(())),
            refusal("c", "no network"),
            refusal("d", "other"),
        ])
        .unwrap();
        assert_eq!((done.len(), refused.len()), (1, 2));
        assert_eq!(
            refused[0].text(),
            "slice `a`: cargo cannot plan `cargo build`\nno network\nthe same for `c`"
        );
        assert!(refused[0].has("c") && !refused[0].has("d"));
    }
}
