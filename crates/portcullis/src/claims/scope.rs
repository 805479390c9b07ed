//! Scopes (RFC 6749 section 3.3).

use std::{collections::HashSet, fmt, ops::Range, sync::Arc};

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

    /// The set of `scopes`.
    ///
    /// # Errors
    ///
    /// If one of them is not a scope token.
    pub fn from_tokens<I>(scopes: I) -> Result<Self, ScopeError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut text = String::new();
        for scope in scopes {
            let scope = scope.as_ref();
            if !is_scope_token(scope) {
                return Err(ScopeError);
            }
            push(&mut text, scope);
        }
        let text = without_repeats(text);
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
        if self.part.len().min(other.part.len()) > SHORT {
            let other: HashSet<&str> = other.iter().collect();
            return self.iter().all(|scope| other.contains(scope));
        }
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

/// Up to how many bytes scopes are compared one by one, which is quicker than a
/// hash set for some dozens of them.
const SHORT: usize = 256;

/// Whether `text` is scope tokens separated by one space, none of them twice.
pub(crate) fn is_canonical(text: &str) -> bool {
    // Without an early exit, so that the compiler vectorises it.
    let has_only_tokens = text.bytes().fold(true, |good, byte| {
        let is_printable = byte.wrapping_sub(b' ') <= b'~' - b' ';
        good & is_printable & (byte != b'"') & (byte != b'\\')
    });
    has_only_tokens && are_distinct(text)
}

/// The scopes in `texts`, spelled as [`is_canonical`] demands. Whatever is not a
/// scope token grants nothing.
pub(crate) fn granted_by<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut granted = String::new();
    let tokens = texts.flat_map(|text| text.split(' '));
    for token in tokens.filter(|token| is_scope_token(token)) {
        push(&mut granted, token);
    }
    without_repeats(granted)
}

/// Whether the tokens in `text`, which one space separates, are all different
/// and none is empty.
fn are_distinct(text: &str) -> bool {
    if text.len() > SHORT {
        let mut seen = HashSet::new();
        let mut tokens = text.split(' ');
        return tokens.all(|token| !token.is_empty() && seen.insert(token));
    }
    let mut tokens = text.as_bytes().split(|byte| *byte == b' ');
    while let Some(token) = tokens.next() {
        if token.is_empty() || tokens.clone().any(|other| other == token) {
            return false;
        }
    }
    true
}

/// The same tokens in the same order, each once.
fn without_repeats(text: String) -> String {
    if are_distinct(&text) {
        return text;
    }
    let mut seen = HashSet::new();
    let mut once = String::with_capacity(text.len());
    for token in text.split(' ').filter(|token| seen.insert(*token)) {
        push(&mut once, token);
    }
    once
}

fn push(text: &mut String, token: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(token);
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

/// A scope has a character that RFC 6749 section 3.3 does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScopeError;

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scope must be printable ASCII without space, quote or backslash")
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
    fn there_is_no_bound_to_a_set() {
        let named = |count: usize| (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>();
        for count in [10, 64, 65, 101, 4096] {
            let names = named(count);
            let set = ScopeSet::from_tokens(names.iter().chain(&names)).unwrap();
            assert_eq!(set.as_str(), names.join(" "));
            assert_eq!(set.iter().count(), count);
            assert!(is_canonical(set.as_str()));
            assert!(!is_canonical(&format!("{} s0", set.as_str())));
            let texts = [set.as_str(), "s0 s1 \u{e9} x"];
            let granted = granted_by(texts.into_iter());
            assert_eq!(granted, format!("{} x", set.as_str()));
        }
    }

    #[test]
    fn long_sets_compare_as_short_ones_do() {
        let many = |from: usize, to| (from..to).map(|n| format!("scope-{n}"));
        let set = |from, to| ScopeSet::from_tokens(many(from, to)).unwrap();
        let long = set(0, 3000);
        assert!(long.is_subset_of(&long));
        assert!(set(100, 2000).is_subset_of(&long));
        assert!(set(2999, 3000).is_subset_of(&long));
        assert!(!set(2900, 3001).is_subset_of(&long));
        assert!(!set(3000, 3001).is_subset_of(&long));
        assert!(!long.is_subset_of(&set(1, 3000)));
    }

    #[test]
    fn a_bad_token_is_an_error() {
        assert_eq!("a \"".parse::<ScopeSet>(), Err(ScopeError));
        assert_eq!(ScopeSet::from_tokens(["a b"]), Err(ScopeError));
    }
}
