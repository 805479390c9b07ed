//! Claims that are not what a handler asked for.

use std::fmt;

/// A verified token's claims do not have the form of the application's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsError(String);

impl ClaimsError {
    /// A refusal by the application's own [`FromToken`](super::FromToken). `reason` goes to the
    /// log, not to the client.
    pub fn custom(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Where and of which sort; the parser's own message may quote a value.
    pub(super) fn new(error: &serde_json::Error) -> Self {
        Self(format!(
            "{:?} error at column {}",
            error.classify(),
            error.column()
        ))
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claims do not have the form asked for: {}", self.0)
    }
}

impl std::error::Error for ClaimsError {}
