//! Keys that a source has and that are not used.

use std::fmt;

use portcullis::jose::{KeyErrorKind, SkippedKey};

/// A key that was left out, and why. The others of its source are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    place: String,
    key_id: Option<String>,
    kind: KeyErrorKind,
    reason: String,
}

impl LeftOut {
    pub(crate) fn new(place: &str, kind: KeyErrorKind, reason: impl fmt::Display) -> Self {
        Self {
            place: place.to_owned(),
            key_id: None,
            kind,
            reason: reason.to_string(),
        }
    }

    pub(crate) fn of_set(place: &str, key: SkippedKey) -> Self {
        Self {
            key_id: key.key_id,
            ..Self::new(place, key.reason.kind(), key.reason)
        }
    }

    /// The URL or file that it is in.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Its key id, where it could be read.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// What kind of thing is wrong with it, if it is wrong: it may be for somebody
    /// else.
    pub fn kind(&self) -> KeyErrorKind {
        self.kind
    }

    /// Whether it is meant for something else than verifying these tokens.
    pub(crate) fn is_for_others(&self) -> bool {
        use KeyErrorKind::{Unsupported, WrongAlgorithm, WrongUse};
        matches!(self.kind, Unsupported | WrongAlgorithm | WrongUse)
    }
}

/// Where it is, its name, and why it was left out.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if let Some(key_id) = &self.key_id {
            write!(f, "key {key_id:?}: ")?;
        }
        f.write_str(&self.reason)
    }
}
