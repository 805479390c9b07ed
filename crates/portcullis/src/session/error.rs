//! What a store can fail with.

use std::{error::Error, fmt, sync::Arc};

/// A store could not do what it was asked.
///
/// The message names the kind only; what the backend said is the
/// [`source`](Error::source), for logs. Whatever it is, nothing was refused:
/// the request is answered 503 and can be repeated; 500 where the store will
/// never do it.
#[derive(Clone, Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Whose fault a [`StoreError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store does not answer, is locked, full or read-only: later it may
    /// work.
    Unavailable,
    /// The store holds something that cannot be: repeating does not help.
    Corrupt,
    /// The store does not do what it was asked, and never will: whoever put the
    /// service together needs another one.
    Unsupported,
}

impl StoreErrorKind {
    /// A stable name, for logs and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
            Self::Unsupported => "unsupported",
        }
    }
}

impl StoreError {
    /// What the store itself said, for a log that says already that it failed; the
    /// error, where it said nothing.
    pub fn cause(&self) -> &(dyn Error + 'static) {
        self.source().unwrap_or(self)
    }

    /// The store cannot be used now, and why.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: StoreErrorKind::Unavailable,
            source: Some(Arc::from(source.into())),
        }
    }

    /// The store holds something that cannot be, and what.
    pub fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: StoreErrorKind::Corrupt,
            source: Some(Arc::from(source.into())),
        }
    }

    /// The store does not do this, and what to do about it.
    pub fn unsupported(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: StoreErrorKind::Unsupported,
            source: Some(Arc::from(source.into())),
        }
    }

    /// Whose fault it is.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the session store is unavailable",
            StoreErrorKind::Corrupt => "the session store holds something that cannot be",
            StoreErrorKind::Unsupported => "the session store does not do what it was asked",
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
