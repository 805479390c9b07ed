//! What came, as a log shows it.

use std::fmt::{self, Write};

/// A text that somebody else wrote: in quotes, with escapes for everything
/// that is not printable, and no longer than a log line can bear.
pub(super) struct Shown<'t>(pub(super) &'t str);

/// The longest text that is shown whole, in characters.
const MAX_CHARS: usize = 64;

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.0.char_indices().nth(MAX_CHARS);
        match cut.and_then(|(end, _)| self.0.get(..end)) {
            Some(front) => write!(f, "{front:?}…"),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// A sentence in which somebody else's words may be, as the application's own are:
/// as long as a few of those, and with escapes for what is not printable.
pub(super) struct Told<'t>(pub(super) &'t str);

/// The longest sentence that is told whole, in characters.
const MAX_TOLD: usize = 512;

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        for char in rest.by_ref().take(MAX_TOLD) {
            match char {
                '"' | '\\' | '\'' => f.write_char(char)?,
                _ => write!(f, "{}", char.escape_debug())?,
            }
        }
        match rest.next() {
            Some(_) => f.write_char('…'),
            None => Ok(()),
        }
    }
}

/// A text that may not be there.
pub(super) fn or_none(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| Shown(text).to_string())
}

/// The first few of several things, and how many more there are. Only those few
/// are shown: whoever is refused on and on shall not make us write all names.
pub(super) fn list<T, D: fmt::Display>(
    things: impl IntoIterator<Item = T>,
    show: impl Fn(T) -> D,
) -> String {
    let mut things = things.into_iter();
    let mut list = String::new();
    for (index, thing) in things.by_ref().take(MAX_ITEMS).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        // A string takes everything.
        let _ = write!(list, "{separator}{}", show(thing));
    }
    match things.count() {
        0 => {}
        more => {
            let _ = write!(list, " and {more} more");
        }
    }
    list
}

/// How many things are listed by name.
const MAX_ITEMS: usize = 4;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_is_shown_is_escaped_and_bounded() {
        for (text, expected) in [
            ("https://a", r#""https://a""#),
            ("", r#""""#),
            ("a\"b\r\nc\u{1b}[0m", r#""a\"b\r\nc\u{1b}[0m""#),
            // Right-to-left override.
            ("\u{202e}a", r#""\u{202e}a""#),
        ] {
            assert_eq!(Shown(text).to_string(), expected);
        }
        let long = "é".repeat(65);
        let shown = Shown(&long).to_string();
        assert_eq!(shown, format!("\"{}\"…", "é".repeat(64)));
        assert_eq!(
            Shown(&"é".repeat(64)).to_string(),
            format!("{:?}", "é".repeat(64))
        );
    }

    #[test]
    fn what_is_told_stays_in_its_line() {
        for (text, expected) in [
            (r#"`aud` is "a\nb", and "c""#, r#"`aud` is "a\nb", and "c""#),
            ("a\r\nb\u{202e}\u{1b}", r"a\r\nb\u{202e}\u{1b}"),
        ] {
            assert_eq!(Told(text).to_string(), expected);
        }
        let long = Told(&"é".repeat(513)).to_string();
        assert_eq!(long, format!("{}…", "é".repeat(512)));
    }

    #[test]
    fn lists_are_bounded() {
        assert_eq!(list([1, 2], |it| it), "1, 2");
        assert_eq!(list(0..7, |it| it), "0, 1, 2, 3 and 3 more");
        assert_eq!(list([""; 0], |it| it), "");
    }

    #[test]
    fn what_is_only_counted_is_not_shown() {
        let shown = Cell::new(0);
        let show = |it| {
            shown.set(shown.get() + 1);
            it
        };
        assert_eq!(list(0..1000, show), "0, 1, 2, 3 and 996 more");
        assert_eq!(shown.get(), 4);
    }
}
