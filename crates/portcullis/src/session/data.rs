//! What an application keeps with a session.

use std::{error::Error, fmt};

use serde::{Deserialize, Serialize};

use crate::json::ObjectText;

/// What an application keeps with a session: a JSON object, which travels in the
/// session's refresh tokens, so that it is at hand at each refresh without a question
/// to anybody, and is kept in its [row](super::Grant::data). It stays what it was when
/// the session was opened.
///
/// Refresh tokens are signed and not encrypted: whoever holds one can read it.
///
/// ```
/// use portcullis::session::SessionData;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Tenant {
///     tenant: String,
/// }
///
/// let data = SessionData::new(&Tenant { tenant: "acme".to_owned() })?;
/// let tenant: Tenant = data.read()?;
/// assert_eq!(tenant.tenant, "acme");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionData(ObjectText);

impl SessionData {
    /// How long its JSON may be, in bytes: with what else a refresh token says, it must
    /// fit into a cookie.
    pub const LIMIT: usize = 1024;

    /// The data that `value` is in JSON.
    ///
    /// # Errors
    ///
    /// If it is no object, has a name twice, or is longer than [`LIMIT`](Self::LIMIT).
    pub fn new(value: &impl Serialize) -> Result<Self, SessionDataError> {
        let object = ObjectText::of(value).map_err(|_| SessionDataError(None))?;
        match object.get().len() {
            length if length > Self::LIMIT => Err(SessionDataError(Some(length))),
            _ => Ok(Self(object)),
        }
    }

    /// The JSON.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    /// What it says, in a type of the application's.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_json())
    }
}

impl fmt::Debug for SessionData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionData({} bytes)", self.as_json().len())
    }
}

/// What cannot be kept with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDataError(Option<usize>);

impl fmt::Display for SessionDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("the data of a session is a JSON object whose names are unique"),
            Some(length) => write!(
                f,
                "the data of a session has at most {} bytes of JSON, and this has {length}",
                SessionData::LIMIT
            ),
        }
    }
}

impl Error for SessionDataError {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_is_an_object_of_limited_length() {
        let of = |length: usize| {
            let text = "x".repeat(length - r#"{"a":""}"#.len());
            SessionData::new(&BTreeMap::from([("a", text)]))
        };
        assert_eq!(of(1024).unwrap().as_json().len(), 1024);
        let error = of(1025).unwrap_err();
        let message = "the data of a session has at most 1024 bytes of JSON, and this has 1025";
        assert_eq!(error.to_string(), message);
        for error in [SessionData::new(&[1, 2]), SessionData::new(&"text")] {
            assert!(error.unwrap_err().to_string().contains("JSON object"));
        }
    }

    #[test]
    fn a_log_does_not_show_it() {
        let data = SessionData::new(&BTreeMap::from([("name", "Alice")])).unwrap();
        assert_eq!(format!("{data:?}"), "SessionData(16 bytes)");
    }
}
