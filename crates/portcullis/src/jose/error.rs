//! What can be wrong with a key, a token's form or a signature.

use std::{borrow::Cow, fmt};

/// A key that cannot be used. The message says what is wrong and what to do;
/// it never contains key material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    kind: KeyErrorKind,
    message: Cow<'static, str>,
}

/// What kind of thing is wrong with a key.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// The text or the bytes are not a key in any known form.
    Malformed,
    /// The key is of a type that does not fit the algorithm, or is private
    /// where a public one is asked for.
    WrongType,
    /// The key says itself that it is for another algorithm.
    WrongAlgorithm,
    /// Neither the key nor the caller says which algorithm it is for.
    NoAlgorithm,
    /// `use` or `key_ops` say that the key is not for this (RFC 7517
    /// sections 4.2 and 4.3).
    WrongUse,
    /// The key is shorter than its algorithm demands.
    TooWeak,
    /// The numbers of the key are not a valid key: a point that is not on its
    /// curve, of small order, an even exponent, parts that do not fit.
    Invalid,
    /// A key type, curve, algorithm or encoding that is not supported.
    Unsupported,
    /// Secret and public keys in one set.
    MixedSet,
    /// The file or the environment variable cannot be read.
    Unreadable,
    /// A key could not be generated or exported.
    Backend,
}

impl KeyError {
    pub(super) fn new(kind: KeyErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(super) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(KeyErrorKind::Malformed, message)
    }

    pub(super) fn wrong_type(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(KeyErrorKind::WrongType, message)
    }

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(KeyErrorKind::Invalid, message)
    }

    pub(super) fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(KeyErrorKind::Unsupported, message)
    }

    pub(super) fn backend() -> Self {
        Self::new(
            KeyErrorKind::Backend,
            "the cryptographic library could not make or write the key",
        )
    }

    /// The same error, with where the key came from before its message.
    pub(super) fn within(self, place: impl fmt::Display) -> Self {
        Self {
            kind: self.kind,
            message: format!("{place}: {}", self.message).into(),
        }
    }

    /// What kind of thing is wrong.
    pub fn kind(&self) -> KeyErrorKind {
        self.kind
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for KeyError {}

/// A token that is not a signed token in compact form (RFC 7515 section 7.1).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct JwsError {
    kind: JwsErrorKind,
}

/// What kind of thing is wrong with the form of a token.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JwsErrorKind {
    /// The token, its header, its key id or its signature is too long.
    TooLarge,
    /// Not three non-empty segments between dots.
    NotCompact,
    /// A character other than `A` to `Z`, `a` to `z`, `0` to `9`, `-`, `_`
    /// and `.`.
    Character,
    /// An encrypted token (RFC 7516): five segments, or `enc` in the header.
    Encrypted,
    /// A segment is not canonical base64url without padding.
    Base64,
    /// The header is not a JSON object in UTF-8, or more follows it.
    HeaderJson,
    /// A member name occurs twice within one JSON object.
    DuplicateMember,
    /// `alg` is missing, or a known header parameter is not a string.
    HeaderMember,
    /// The header has `crit`: no extension is understood here.
    CriticalHeader,
    /// The header has `zip`.
    Compressed,
    /// The header has `b64` (RFC 7797), which a JWT must not use.
    UnencodedPayload,
}

impl JwsError {
    /// What kind of thing is wrong.
    pub fn kind(&self) -> JwsErrorKind {
        self.kind
    }

    pub(crate) const fn message(&self) -> &'static str {
        match self.kind {
            JwsErrorKind::TooLarge => "the token or one of its parts is too long",
            JwsErrorKind::NotCompact => "not three non-empty segments between dots",
            JwsErrorKind::Character => "a character that no compact token contains",
            JwsErrorKind::Encrypted => "an encrypted token, only signed ones are accepted",
            JwsErrorKind::Base64 => "a segment is not canonical base64url without padding",
            JwsErrorKind::HeaderJson => "the header is not exactly one JSON object in UTF-8",
            JwsErrorKind::DuplicateMember => "a member name occurs twice",
            JwsErrorKind::HeaderMember => {
                "`alg` is missing, or `alg`, `kid`, `typ` or `cty` is not a string"
            }
            JwsErrorKind::CriticalHeader => "the header has `crit`",
            JwsErrorKind::Compressed => "the header has `zip`",
            JwsErrorKind::UnencodedPayload => "the header has `b64`",
        }
    }
}

impl From<JwsErrorKind> for JwsError {
    fn from(kind: JwsErrorKind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for JwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for JwsError {}

/// A signature that is not this key's signature of this message. There is
/// nothing more to know, so that this has no kind and never grows: it is not
/// `#[non_exhaustive]`, and other people's verifying code can answer with it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct SignatureError;

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not fit")
    }
}

impl std::error::Error for SignatureError {}

/// A message that could not be signed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct SignError {
    kind: SignErrorKind,
}

/// Why a message could not be signed.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignErrorKind {
    /// The header is not one that a verifier would accept for this key.
    Header,
    /// The payload is not one JSON object with unique member names.
    Payload,
    /// The cryptographic library failed.
    Backend,
}

impl SignError {
    /// Why the message could not be signed.
    pub fn kind(&self) -> SignErrorKind {
        self.kind
    }
}

impl From<SignErrorKind> for SignError {
    fn from(kind: SignErrorKind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            SignErrorKind::Header => "the header is not one that a verifier accepts for this key",
            SignErrorKind::Payload => "the payload is not one JSON object with unique names",
            SignErrorKind::Backend => "the cryptographic library could not sign",
        })
    }
}

impl std::error::Error for SignError {}
