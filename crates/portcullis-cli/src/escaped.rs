//! Text that somebody else wrote, as a terminal may show it.

use std::{borrow::Cow, fmt};

/// The longest value that is shown whole, in characters.
const MAX_CHARS: usize = 400;

/// The same text with an escape of JSON for every character that is not printable,
/// line ends excepted: control characters of both kinds, and those that turn the
/// direction of what follows. In JSON these stand in strings only, so that the
/// meaning stays.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_shown(char) {
            safe.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    Cow::Owned(safe)
}

fn is_shown(char: char) -> bool {
    if char.is_ascii() {
        return char == '\n' || !char.is_ascii_control();
    }
    // An accent is escaped only where it begins a text.
    let text = String::from_iter(['x', char]);
    text.escape_debug().eq(text.chars())
}

/// A text in one line, escaped, and no longer than one reads.
pub(crate) struct Line<'t>(pub(crate) &'t str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.0.char_indices().nth(MAX_CHARS);
        let front = cut.and_then(|(end, _)| self.0.get(..end));
        let shown = escaped(front.unwrap_or(self.0)).replace('\n', "\\n");
        f.write_str(&shown)?;
        match front {
            Some(front) => write!(f, "… ({} more bytes)", self.0.len() - front.len()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_is_escaped_as_json_does_it() {
        for (text, expected) in [
            (r#"{"a": "b\\c", "d": 'e'}"#, r#"{"a": "b\\c", "d": 'e'}"#),
            ("Grüße, 世界", "Grüße, 世界"),
            ("a\nb", "a\nb"),
            ("e\u{301}", "e\u{301}"),
            ("\u{1b}[31m", "\\u001b[31m"),
            ("\u{9b}31m", "\\u009b31m"),
            ("\r\t\u{7f}", "\\u000d\\u0009\\u007f"),
            ("a\u{202e}b", "a\\u202eb"),
            ("\u{e0001}", "\\udb40\\udc01"),
        ] {
            assert_eq!(escaped(text), expected);
        }
        let json = serde_json::to_string("\u{9b}\u{202e}\u{e0001}").unwrap();
        let back: String = serde_json::from_str(&escaped(&json)).unwrap();
        assert_eq!(back, "\u{9b}\u{202e}\u{e0001}");
    }

    #[test]
    fn a_line_is_one_and_ends() {
        assert_eq!(Line("a\nb").to_string(), "a\\nb");
        let long = "é".repeat(402);
        let shown = Line(&long).to_string();
        assert_eq!(shown, format!("{}… (4 more bytes)", "é".repeat(400)));
    }
}
