//! The rules of the guestbook. Pure, so the form can show them and the server can enforce them.

use crate::error::AppError;

/// The longest name, in characters.
pub const MAX_NAME: usize = 40;
/// The longest message, in characters.
pub const MAX_MESSAGE: usize = 280;

/// A note that may be written to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// The visitor's name, without space around it.
    pub name: String,
    /// The note, without space around it.
    pub message: String,
}

impl NewEntry {
    /// Checks what a visitor typed.
    ///
    /// # Errors
    ///
    /// [`AppError::Invalid`] when a field is empty, too long, or holds control characters.
    pub fn parse(name: &str, message: &str) -> Result<Self, AppError> {
        let name = field("name", name, MAX_NAME)?;
        // Browsers send line ends as CRLF, and count them as one character in `maxlength`.
        let message = field("message", &message.replace("\r\n", "\n"), MAX_MESSAGE)?;
        if name.contains('\n') {
            return Err(AppError::Invalid("the name must be a single line".to_owned()));
        }
        Ok(Self { name, message })
    }
}

fn field(label: &str, text: &str, limit: usize) -> Result<String, AppError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AppError::Invalid(format!("please fill in the {label}")));
    }
    let length = text.chars().count();
    if length > limit {
        return Err(AppError::Invalid(format!("the {label} has {length} characters; {limit} are allowed")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(AppError::Invalid(format!("the {label} holds characters that cannot be shown")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(name: &str, message: &str) -> String {
        NewEntry::parse(name, message).unwrap_err().to_string()
    }

    #[test]
    fn trims_and_normalises() {
        let entry = NewEntry::parse("  Visitor ", "one\r\ntwo  ").unwrap();
        assert_eq!(entry, NewEntry { name: "Visitor".into(), message: "one\ntwo".into() });
    }

    #[test]
    fn limits_count_characters_not_bytes() {
        assert!(NewEntry::parse(&"ä".repeat(MAX_NAME), &"é".repeat(MAX_MESSAGE)).is_ok());
        assert_eq!(rejected(&"ä".repeat(MAX_NAME + 1), "x"), "the name has 41 characters; 40 are allowed");
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(rejected(" ", "x"), "please fill in the name");
        assert_eq!(rejected("x", "\n"), "please fill in the message");
        assert_eq!(rejected("a\nb", "x"), "the name must be a single line");
        assert_eq!(rejected("x", "bell \u{7}"), "the message holds characters that cannot be shown");
    }
}
