//! Who a token speaks for.

use std::{fmt, sync::Arc};

/// A subject: a name within a realm.
///
/// The realm keeps kinds of subjects apart: the API id `alice` is not the user
/// `alice` (RFC 9068 section 5).
///
/// ```
/// use portcullis::subject::Subject;
///
/// let user = Subject::new("users", "alice");
/// let api = Subject::new("apis", "alice");
/// assert_ne!(user, api);
/// assert_eq!(user.to_string(), "users/alice");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    realm: Arc<str>,
    name: Arc<str>,
}

/// Begins the realms of what is no subject: no configured realm begins with it,
/// and no issuer.
pub(crate) const NO_REALM: char = '\u{1}';

impl Subject {
    /// The subject called `name` within `realm`.
    pub fn new(realm: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            realm: realm.into(),
            name: name.into(),
        }
    }

    /// The realm, such as `users`.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The name within the realm.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.realm, self.name)
    }
}
