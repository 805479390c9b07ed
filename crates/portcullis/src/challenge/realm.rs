//! The protection space that a challenge names.

use std::{fmt, sync::Arc};

use crate::ConfigError;

/// The `realm` of a challenge (RFC 9110 section 11.5): what the user is asked
/// to log in to. The default is `api`.
///
/// ```
/// use portcullis::challenge::Realm;
///
/// assert!(Realm::new("stations, \"north\"").is_ok());
/// assert!(Realm::new("two\r\nlines").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm(Arc<str>);

impl Realm {
    /// A realm of printable ASCII and spaces; quotes and backslashes are
    /// escaped where it is written.
    ///
    /// # Errors
    ///
    /// If `text` has a control character or one outside ASCII: a challenge is
    /// a header value.
    pub fn new(text: &str) -> Result<Self, ConfigError> {
        if text.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
            Ok(Self(text.into()))
        } else {
            Err(ConfigError::new(
                "a realm must be printable ASCII: it is written into a header",
            ))
        }
    }

    /// The text as configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Realm {
    fn default() -> Self {
        Self("api".into())
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
