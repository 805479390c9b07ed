//! Why an issuer cannot be used.

use std::fmt;

use portcullis::ConfigError;

use crate::FetchError;

/// Why there is no [`Issuer`](crate::Issuer): whoever configured it is at fault,
/// or whoever has the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerError {
    /// The configuration cannot be used.
    Config(ConfigError),
    /// The first fetch failed, and it was asked not to go on without.
    Fetch(FetchError),
}

impl fmt::Display for IssuerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Fetch(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for IssuerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // `Display` is that of the source.
        None
    }
}

impl From<ConfigError> for IssuerError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<FetchError> for IssuerError {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}
