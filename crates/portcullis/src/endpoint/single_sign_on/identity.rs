//! Who somebody is to Microsoft Entra ID.

use std::fmt;

use crate::subject::Subject;

/// Who somebody is to Microsoft Entra ID: the object of a tenant. It stays the
/// same for ever, and nobody else gets it.
///
/// There is nothing else here, and that is on purpose. What an ID token says of
/// mail addresses and names (`email`, `upn`, `preferred_username`) can be changed
/// by whoever administers a tenant, some of it by its users, and is given to
/// somebody else one day: accounts that are found by it are taken over by it.
///
/// ```
/// use portcullis::endpoint::EntraIdentity;
///
/// let identity = EntraIdentity::new(
///     "9188040d-6c67-4c5b-b112-36a304b66dad",
///     "00000000-0000-0000-66f3-3332eca7ea81",
/// );
/// assert_eq!(identity.object(), "00000000-0000-0000-66f3-3332eca7ea81");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntraIdentity {
    tenant: Box<str>,
    object: Box<str>,
}

impl EntraIdentity {
    /// The object with this id in the tenant with that one. The endpoints make
    /// them of verified tokens; so do tests, and whoever fills in the links.
    pub fn new(tenant: impl Into<Box<str>>, object: impl Into<Box<str>>) -> Self {
        Self {
            tenant: tenant.into(),
            object: object.into(),
        }
    }

    /// The tenant: the `tid` claim.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The object within the tenant: the `oid` claim.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// A subject that is kept apart from all others by its realm,
    /// `entra:<tenant>`: for an API whose users all come from one tenant, and
    /// whose tokens are of that
    /// [realm](crate::claims::TokenShape::subject_realm).
    pub fn subject(&self) -> Subject {
        Subject::new(Self::realm(&self.tenant), &*self.object)
    }

    /// The realm of the subjects of a tenant.
    pub fn realm(tenant: &str) -> String {
        format!("entra:{tenant}")
    }
}

impl fmt::Display for EntraIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.object)
    }
}
