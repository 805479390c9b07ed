//! Names of sessions, of attempts and of moments.

use std::{borrow::Borrow, error::Error, fmt, str::FromStr, sync::Arc};

use crate::random::{RandomError, random, random_uuid, uuid_of};

/// A fresh name for an attempt and a UUID for the token that it may give, at
/// the price of one: it is the asking that takes long.
pub(super) fn random_names() -> Result<(AttemptId, uuid::Uuid), RandomError> {
    let bytes: [u8; 32] = random()?;
    let (halves, _) = bytes.as_chunks::<16>();
    let [attempt, token] = [halves[0], halves[1]];
    Ok((AttemptId(attempt), uuid_of(token)))
}

/// The name of a session, the `sid` of its tokens: a random UUID (version 4) in
/// its canonical text form. Cheap to clone.
///
/// ```
/// use portcullis::session::SessionId;
///
/// let id = SessionId::random()?;
/// assert_eq!(SessionId::parse(id.as_str()), Some(id.clone()));
/// assert_eq!(SessionId::parse("DROP TABLE sessions"), None);
/// let same: SessionId = id.to_string().parse()?;
/// assert_eq!(same, id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// A new name that nobody can guess.
    ///
    /// # Errors
    ///
    /// When the operating system has no random numbers.
    pub fn random() -> Result<Self, RandomError> {
        random_uuid().map(Self::from_uuid)
    }

    /// Reads a name: 36 characters, lower case, with hyphens, version 4. As
    /// [`FromStr`] does, where it does not matter what was wrong.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != uuid::fmt::Hyphenated::LENGTH {
            return None;
        }
        let uuid = uuid::Uuid::try_parse(text).ok()?;
        let id = Self::from_uuid(uuid);
        (uuid.get_version_num() == 4 && id.as_str() == text).then_some(id)
    }

    /// Whether [`parse`](Self::parse) takes this for a name.
    pub(super) fn is_name(text: &str) -> bool {
        // The length leaves only the form with hyphens.
        text.len() == uuid::fmt::Hyphenated::LENGTH
            && uuid::Uuid::try_parse(text).is_ok_and(|uuid| uuid.get_version_num() == 4)
            && !text.bytes().any(|byte| byte.is_ascii_uppercase())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of these bytes, which nobody can guess.
    pub(super) fn of_random(bytes: [u8; 16]) -> Self {
        Self::from_uuid(uuid_of(bytes))
    }

    fn from_uuid(uuid: uuid::Uuid) -> Self {
        let mut buffer = uuid::Uuid::encode_buffer();
        Self(Arc::from(&*uuid.hyphenated().encode_lower(&mut buffer)))
    }
}

impl FromStr for SessionId {
    type Err = ParseSessionIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or(ParseSessionIdError(()))
    }
}

/// A text is not the name of a session. It is not repeated, for it came from somebody
/// who may have made it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSessionIdError(());

impl fmt::Display for ParseSessionIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a session id: one has 36 characters, a random UUID (version 4) in lower case \
             with hyphens",
        )
    }
}

impl Error for ParseSessionIdError {}

impl Borrow<str> for SessionId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of one attempt to use a refresh token, or something else that is
/// [used once](super::SessionStore::use_once).
///
/// A node that does not learn how an attempt ended asks the store again under
/// the same name; the row remembers the name of the attempt that changed it
/// last. Within the grace window that gives the same answer, whoever came in
/// between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId([u8; 16]);

impl AttemptId {
    /// A new name.
    ///
    /// # Errors
    ///
    /// When the operating system has no random numbers.
    pub fn random() -> Result<Self, RandomError> {
        random().map(Self)
    }

    /// The name with these bytes, as a store kept them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A place in the store's order of log-outs, taken before a credential check
/// begins.
///
/// A session is created only if its subject was not logged out everywhere, and its realm
/// not cut off, after the ticket was taken, so that no login survives a log-out that
/// overtook it: one with a higher number. Log-outs of all subjects are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginTicket(u64);

impl LoginTicket {
    /// The ticket that saw this many log-outs; for stores.
    pub const fn from_sequence(sequence: u64) -> Self {
        Self(sequence)
    }

    /// How many log-outs the ticket saw; for stores.
    pub const fn sequence(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_is_a_canonical_version_4_uuid() {
        let id = SessionId::random().unwrap();
        assert_eq!(id.as_str().len(), 36);
        assert_eq!(SessionId::parse(id.as_str()), Some(id.clone()));
        assert!(SessionId::is_name(id.as_str()));
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert_ne!(id, SessionId::random().unwrap());
    }

    #[test]
    fn other_texts_are_not_session_ids() {
        for text in [
            "",
            "936da01f9abd4d9d80c702af85c822a8",
            "936DA01F-9ABD-4D9D-80C7-02AF85C822A8",
            "{936da01f-9abd-4d9d-80c7-02af85c822a8}",
            "936da01f-9abd-8d9d-80c7-02af85c822a8",
            "936da01f-9abd-4d9d-80c7-02af85c822a8 ",
        ] {
            assert_eq!(SessionId::parse(text), None, "{text}");
            assert!(!SessionId::is_name(text), "{text}");
            let error = text.parse::<SessionId>().unwrap_err().to_string();
            assert!(error.starts_with("not a session id"), "{error}");
        }
    }
}
