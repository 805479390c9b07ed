//! A token that is asked about.

use std::{
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
};

use zeroize::Zeroizing;

/// A whole token, as a key of tables: two are the same only if every character is.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token(Zeroizing<Box<str>>);

impl Token {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Token {
    fn from(token: &str) -> Self {
        Self(Zeroizing::new(token.into()))
    }
}

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// Hashed and compared as the text that it is.
impl Borrow<str> for Token {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    /// Not the token: whoever has it can use it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}
