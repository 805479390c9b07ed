//! Scopes (RFC 6749 section 3.3).

use std::{fmt, ops::Range, sync::Arc};

/// Whether `text` is a scope token: one or more of `%x21 / %x23-5B / %x5D-7E`
/// (RFC 6749 section 3.3).
pub const fn is_scope_token(text: &str) -> bool {
    is_scope_token_bytes(text.as_bytes())
}

const fn is_scope_token_bytes(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], 0x21 | 0x23..=0x5B | 0x5D..=0x7E) {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}

/// A set of scopes, in the order in which they were named.
///
/// ```
/// use portcullis::claims::ScopeSet;
///
/// let scope: ScopeSet = "read write read".parse()?;
/// assert_eq!(scope.to_string(), "read write");
/// assert!(scope.contains("write"));
/// # Ok::<(), portcullis::claims::ScopeError>(())
/// ```
#[derive(Clone, Default)]
pub struct ScopeSet {
    // Tokens separated by one space, as a part of a text that a verified token
    // shares with its scope: nothing to build per token.
    whole: Arc<str>,
    part: Range<usize>,
}

impl ScopeSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many scopes a set may have: more than anybody grants, and few enough
    /// that comparing them one by one costs nothing.
    pub const MAX: usize = 100;

    /// The set of `scopes`.
    ///
    /// # Errors
    ///
    /// If one of them is not a scope token, or there are more than
    /// [`MAX`](Self::MAX).
    pub fn from_tokens<I>(scopes: I) -> Result<Self, ScopeError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut text = String::new();
        for (count, scope) in scopes.into_iter().enumerate() {
            let scope = scope.as_ref();
            if count == Self::MAX || !is_scope_token(scope) {
                return Err(ScopeError);
            }
            push_unique(&mut text, scope);
        }
        Ok(Self {
            part: 0..text.len(),
            whole: text.into(),
        })
    }

    /// The set that `part` of `whole` spells as [`is_canonical`] demands.
    pub(crate) fn of_part(whole: &Arc<str>, part: Range<usize>) -> Self {
        Self {
            whole: Arc::clone(whole),
            part,
        }
    }

    /// Whether `scope` is in the set; case matters.
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|own| own == scope)
    }

    /// Whether every scope of this set is in `other`.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.iter().all(|scope| other.contains(scope))
    }

    /// Whether the set has no scope.
    pub fn is_empty(&self) -> bool {
        self.part.is_empty()
    }

    /// The scopes, in the order in which they were named.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.as_str().split(' ').filter(|scope| !scope.is_empty())
    }

    /// The scopes separated by one space, as the `scope` claim and parameter
    /// have them.
    pub fn as_str(&self) -> &str {
        self.whole.get(self.part.clone()).unwrap_or_default()
    }
}

/// Whether `text` is scope tokens separated by one space, none of them twice
/// and not too many.
pub(crate) fn is_canonical(text: &str) -> bool {
    // Without an early exit, so that the compiler vectorises it.
    let has_only_tokens = text.bytes().fold(true, |good, byte| {
        let is_printable = byte.wrapping_sub(b' ') <= b'~' - b' ';
        good & is_printable & (byte != b'"') & (byte != b'\\')
    });
    let spaces = memchr::memchr_iter(b' ', text.as_bytes()).count();
    if !has_only_tokens || spaces >= ScopeSet::MAX {
        return false;
    }
    let mut tokens = text.as_bytes().split(|byte| *byte == b' ');
    while let Some(token) = tokens.next() {
        if token.is_empty() || tokens.clone().any(|other| other == token) {
            return false;
        }
    }
    true
}

impl PartialEq for ScopeSet {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ScopeSet {}

impl std::str::FromStr for ScopeSet {
    type Err = ScopeError;

    /// Reads scopes separated by spaces; surplus spaces are tolerated.
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::from_tokens(text.split(' ').filter(|scope| !scope.is_empty()))
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

fn push_unique(text: &mut String, scope: &str) {
    if text.split(' ').any(|own| own == scope) {
        return;
    }
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(scope);
}

/// A scope has a character that RFC 6749 section 3.3 does not allow, or there
/// are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeError;

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a scope must be printable ASCII without space, quote or backslash, and there may be \
             100 of them",
        )
    }
}

impl std::error::Error for ScopeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_grammar() {
        for good in ["a", "demo:read", "!", "https://x.example/y", "~"] {
            assert!(is_scope_token(good), "{good}");
        }
        for bad in ["", " ", "a b", "a\"b", "a\\b", "é", "\u{7f}", "a\nb"] {
            assert!(!is_scope_token(bad), "{bad:?}");
        }
    }

    #[test]
    fn sets_keep_order_and_drop_repeats() {
        let set: ScopeSet = " b  a b ".parse().unwrap();
        assert_eq!(set.iter().collect::<Vec<_>>(), ["b", "a"]);
        assert!("a".parse::<ScopeSet>().unwrap().is_subset_of(&set));
        assert!(!"c".parse::<ScopeSet>().unwrap().is_subset_of(&set));
        assert!(ScopeSet::new().is_subset_of(&set));
    }

    #[test]
    fn canonical_is_what_a_set_would_spell() {
        for text in ["a", "a b", "ab a b", "a:b c"] {
            assert!(is_canonical(text), "{text}");
            assert_eq!(text.parse::<ScopeSet>().unwrap().as_str(), text);
        }
        for text in ["", " ", "a ", " a", "a  b", "a a", "a b a", "a \"", "é"] {
            assert!(!is_canonical(text), "{text}");
        }
    }

    #[test]
    fn sets_compare_by_what_they_hold() {
        let whole: Arc<str> = "x read write".into();
        let part = ScopeSet::of_part(&whole, 2..12);
        assert_eq!(part, "read write".parse().unwrap());
        assert_ne!(part, ScopeSet::new());
        assert_eq!(ScopeSet::of_part(&whole, 0..0), ScopeSet::new());
    }

    #[test]
    fn there_is_a_bound_to_a_set() {
        let named = |count: usize| (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>();
        for (count, fits) in [(ScopeSet::MAX, true), (ScopeSet::MAX + 1, false)] {
            assert_eq!(ScopeSet::from_tokens(named(count)).is_ok(), fits);
            assert_eq!(is_canonical(&named(count).join(" ")), fits);
        }
    }

    #[test]
    fn a_bad_token_is_an_error() {
        assert_eq!("a \"".parse::<ScopeSet>(), Err(ScopeError));
        assert_eq!(ScopeSet::from_tokens(["a b"]), Err(ScopeError));
    }
}
