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

    /// An error that says what could not be done, and why, down to the last
    /// cause.
    pub(crate) fn caused(what: impl fmt::Display, error: &(dyn Error + 'static)) -> Self {
        let mut text = format!("{what}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            let reason = error.to_string();
            // Some errors tell their cause themselves.
            if !text.contains(&reason) {
                text = format!("{text}: {reason}");
            }
            cause = error.source();
        }
        Self(text)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for StartError {}

#[cfg(test)]
mod tests {
    use std::io;

    use portcullis::session::StoreError;

    use super::*;

    #[test]
    fn every_cause_is_told_once() {
        let cause = io::Error::other(io::Error::new(io::ErrorKind::NotFound, "no such folder"));
        let error = StartError::caused("cannot open x", &StoreError::unavailable(cause));
        assert_eq!(
            error.to_string(),
            "cannot open x: the session store is unavailable: no such folder"
        );
    }
}
