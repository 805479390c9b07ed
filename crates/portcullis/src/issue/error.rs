//! Why a token could not be issued.

use std::fmt;

/// A token that could not be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueError {
    kind: IssueErrorKind,
    claim: String,
}

/// The kinds of [`IssueError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssueErrorKind {
    /// The subject is of another realm than those that the issuer's tokens
    /// speak for.
    Realm,
    /// A further claim is one that the issuer writes itself, or what a token is to say of
    /// its login has a name that the shape has for something else.
    ReservedClaim,
    /// The shape of RFC 9068 demands a client (section 2.2), and none is named.
    ClientMissing,
    /// The operating system has no random numbers.
    Random,
    /// The token could not be signed.
    Signing,
    /// No key of the issuer's [ring](crate::issue::KeyRing) signs now: later one
    /// may.
    NoKey,
    /// The issuer's [ring](crate::issue::KeyRing) retires its keys, and a token
    /// that never expires would end with its key.
    KeyRetires,
}

impl IssueError {
    pub(super) fn new(kind: IssueErrorKind, claim: &str) -> Self {
        Self {
            kind,
            claim: claim.to_owned(),
        }
    }

    /// What went wrong.
    pub fn kind(&self) -> IssueErrorKind {
        self.kind
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            IssueErrorKind::Realm => f.write_str(
                "the subject is of another realm than the tokens of this issuer speak for: set the shape's realm, or issue for a subject of it",
            ),
            IssueErrorKind::ReservedClaim => write!(
                f,
                "the claim `{}` is written by the issuer itself: name it otherwise",
                self.claim
            ),
            IssueErrorKind::ClientMissing => f.write_str(
                "RFC 9068 tokens name the client that gets them: say which, or choose another shape",
            ),
            IssueErrorKind::Random => f.write_str("the operating system has no random numbers"),
            IssueErrorKind::Signing => f.write_str("the token could not be signed"),
            IssueErrorKind::NoKey => f.write_str("no key of the key ring signs now: see its health"),
            IssueErrorKind::KeyRetires => f.write_str(
                "the key ring retires its keys, and application tokens never expire: build it with `never_retire`",
            ),
        }
    }
}

impl std::error::Error for IssueError {}
