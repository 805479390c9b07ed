//! Why something is not a good refresh token.

use std::fmt;

/// Something presented as a refresh token is none, or none of ours. For logs:
/// every refusal looks the same from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshError {
    kind: RefreshErrorKind,
}

/// What is wrong with a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefreshErrorKind {
    /// Not a signed token in compact form.
    Malformed,
    /// It names no key of ours.
    UnknownKey,
    /// Its signature is wrong.
    Signature,
    /// A token of another kind, API or audience.
    WrongKind,
    /// Its claims are not those of a refresh token.
    Claims,
    /// It has expired.
    Expired,
    /// A key could not sign.
    Sign,
    /// Its key may be one that this node has not loaded, or no key of the
    /// [ring](crate::issue::KeyRing) makes tokens now. Nothing is refused.
    KeysUnavailable,
    /// It says what this version does not know, so that its successor can only be made
    /// by the newer one that made it. Nothing is refused.
    Newer,
    /// It would be longer than tokens may be.
    TooLong,
}

impl RefreshError {
    /// What is wrong.
    pub fn kind(&self) -> RefreshErrorKind {
        self.kind
    }
}

impl From<RefreshErrorKind> for RefreshError {
    fn from(kind: RefreshErrorKind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for RefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            RefreshErrorKind::Malformed => "not a signed token",
            RefreshErrorKind::UnknownKey => "made with an unknown key",
            RefreshErrorKind::Signature => "wrong signature",
            RefreshErrorKind::WrongKind => "not a refresh token of this API",
            RefreshErrorKind::Claims => "not the claims of a refresh token",
            RefreshErrorKind::Expired => "expired",
            RefreshErrorKind::KeysUnavailable => "the key ring has no key for it now",
            RefreshErrorKind::Newer => "made by a newer version, which says more",
            RefreshErrorKind::TooLong => "longer than a refresh token may be",
            RefreshErrorKind::Sign => "a refresh token could not be signed",
        })
    }
}

impl std::error::Error for RefreshError {}
