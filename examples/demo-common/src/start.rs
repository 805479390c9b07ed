//! What can go wrong before the first request.

use std::{error::Error, fmt};

/// Why a demo does not start: one line for whoever started it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartError(String);

impl StartError {
    /// An error that says `reason`.
    pub(crate) fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for StartError {}
