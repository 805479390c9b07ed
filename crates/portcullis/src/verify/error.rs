//! Why a token was refused: for logs and tests, never for the client.

use std::{borrow::Cow, fmt, num::NonZeroU32, time::Duration};

use super::{IntrospectionUnavailable, KeysUnavailable};

/// A token that was refused, or that could not be judged.
///
/// The client is told `invalid_token` and nothing more; this is for `tracing`,
/// counters and tests. Its `Display` says what came and what is configured:
/// names only, cut to 64 characters and escaped, so that it is safe to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    kind: VerifyErrorKind,
    detail: Cow<'static, str>,
    /// In seconds, where somebody has said so.
    retry_after: Option<NonZeroU32>,
}

impl VerifyError {
    pub(crate) const fn new(kind: VerifyErrorKind) -> Self {
        Self {
            kind,
            detail: Cow::Borrowed(""),
            retry_after: None,
        }
    }

    pub(crate) fn with_detail(kind: VerifyErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// That the issuer's keys cannot be had.
    pub(crate) fn keys_unavailable(error: KeysUnavailable) -> Self {
        Self::unavailable(VerifyErrorKind::KeysUnavailable, error.retry_after)
    }

    /// That the issuer cannot be asked about a token.
    pub(crate) fn introspection_unavailable(error: IntrospectionUnavailable) -> Self {
        Self::unavailable(VerifyErrorKind::IntrospectionUnavailable, error.retry_after)
    }

    /// In whole seconds, of which one is the least.
    fn unavailable(kind: VerifyErrorKind, after: Duration) -> Self {
        let secs = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        let secs = u32::try_from(secs.max(1)).unwrap_or(u32::MAX);
        Self {
            retry_after: NonZeroU32::new(secs),
            ..Self::new(kind)
        }
    }

    /// A refusal by a check of the application's own. `reason` goes to the
    /// log, not to the client.
    pub fn custom(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_detail(VerifyErrorKind::Custom, reason)
    }

    /// What came and what is configured, where that is worth a word.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// What was wrong.
    pub fn kind(&self) -> VerifyErrorKind {
        self.kind
    }

    /// After which time it is worth coming back, where the token could not be
    /// judged and somebody knows.
    pub fn retry_after(&self) -> Option<Duration> {
        let secs = self.retry_after?.get();
        Some(Duration::from_secs(secs.into()))
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.message())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for VerifyError {}

/// The kinds of [`VerifyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// Larger than configured.
    TooLarge,
    /// Not a compact JWS (RFC 7515 section 7.1), or its header or claims are
    /// not what they must be.
    Malformed,
    /// An encrypted token (RFC 7516).
    Encrypted,
    /// The header makes demands that are not met (`crit`, `b64`, `zip`; RFC
    /// 7515 section 4.1.11).
    UnsupportedHeader,
    /// The `typ` is not that of the tokens that are accepted (RFC 8725 section 3.11).
    WrongType,
    /// No key with this key id and algorithm.
    UnknownKey,
    /// The signature does not verify.
    BadSignature,
    /// A required claim is missing.
    MissingClaim,
    /// The `iss` is not the configured one.
    WrongIssuer,
    /// The `aud` does not name this service, or names somebody where nobody
    /// is expected.
    WrongAudience,
    /// A refresh token, or of another kind than is accepted.
    WrongKind,
    /// A claim is not what it must be here.
    WrongClaim,
    /// Bound to a key or a certificate (`cnf`, RFC 7800), about which nothing is
    /// known here: whoever sent it may have stolen it.
    SenderConstrained,
    /// Past its `exp`.
    Expired,
    /// Before its `nbf`.
    NotYetValid,
    /// Issued in the future.
    IssuedInFuture,
    /// Issued longer ago than the configured age.
    TooOld,
    /// Living longer than the configured lifetime.
    LivesTooLong,
    /// Without `exp`, where no live list is kept.
    NeverExpires,
    /// Revoked.
    Revoked,
    /// Not active, says its issuer, who was asked (RFC 7662 section 2.2).
    Inactive,
    /// Refused by a check of the application's own.
    Custom,
    /// It cannot be said whether it is revoked: the source is down.
    StatusUnknown,
    /// The issuer's keys cannot be had, or are too old.
    KeysUnavailable,
    /// The issuer cannot be asked about the token.
    IntrospectionUnavailable,
}

impl VerifyErrorKind {
    /// Whether the token could not be judged, through no fault of its own.
    pub const fn is_unavailable(self) -> bool {
        matches!(
            self,
            Self::StatusUnknown | Self::KeysUnavailable | Self::IntrospectionUnavailable
        )
    }

    /// A stable name, for logs and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Encrypted => "encrypted",
            Self::UnsupportedHeader => "unsupported_header",
            Self::WrongType => "wrong_type",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::MissingClaim => "missing_claim",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::WrongKind => "wrong_kind",
            Self::WrongClaim => "wrong_claim",
            Self::SenderConstrained => "sender_constrained",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::TooOld => "too_old",
            Self::LivesTooLong => "lives_too_long",
            Self::NeverExpires => "never_expires",
            Self::Revoked => "revoked",
            Self::Inactive => "inactive",
            Self::Custom => "custom",
            Self::StatusUnknown => "status_unknown",
            Self::KeysUnavailable => "keys_unavailable",
            Self::IntrospectionUnavailable => "introspection_unavailable",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::TooLarge => "the token is too large",
            Self::Malformed => "the token is malformed",
            Self::Encrypted => "the token is encrypted",
            Self::UnsupportedHeader => "the token's header makes demands that are not met",
            Self::WrongType => "the token's `typ` is not one that is accepted",
            Self::UnknownKey => "no key fits the token",
            Self::BadSignature => "the signature does not verify",
            Self::MissingClaim => "a required claim is missing",
            Self::WrongIssuer => "the token is of another issuer",
            Self::WrongAudience => "the token is for another audience",
            Self::WrongKind => "the token is of another kind than is accepted",
            Self::WrongClaim => "a claim is not what it must be",
            Self::SenderConstrained => "the token is bound to its sender, which is not checked",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::IssuedInFuture => "the token is issued in the future",
            Self::TooOld => "the token is too old",
            Self::LivesTooLong => "the token lives too long",
            Self::NeverExpires => "the token never expires, and no live list is kept",
            Self::Revoked => "the token is revoked",
            Self::Inactive => "the token is not active",
            Self::Custom => "the token fails a check of the application",
            Self::StatusUnknown => "it cannot be said whether the token is revoked",
            Self::KeysUnavailable => "the issuer's keys are not available",
            Self::IntrospectionUnavailable => "the issuer cannot be asked about the token",
        }
    }
}
