//! Why an issuer gave no answer about a token.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

use crate::FetchError;

/// A question that was not answered.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) error: FetchError,
    /// When it is worth asking again.
    pub(super) retry_after: Duration,
    /// Whether nobody asks before that.
    pub(super) pauses: bool,
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// This service is not who it says, by what was configured.
    Credentials,
    Other,
}

/// Unless the issuer says otherwise.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Wrong credentials do not become right, and may lock the client out.
const AFTER_CREDENTIALS: Duration = Duration::from_secs(5);

/// The longest that an issuer can ask to be left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Failure {
    /// An answer of another status than 200.
    pub(super) fn of_status(status: StatusCode, body: &[u8], error: FetchError) -> Self {
        let is_about_client = status == StatusCode::UNAUTHORIZED || is_about_client(body);
        if is_about_client || status == StatusCode::FORBIDDEN {
            let error = error.followed_by(
                ": it does not take this service's own credentials, so check client id, secret or \
                 key, and whether the client may introspect",
            );
            return Self {
                kind: FailureKind::Credentials,
                error,
                retry_after: AFTER_CREDENTIALS,
                // A 403 may be about this one token, which a firewall in between
                // does not like: whoever sends it must not silence all others.
                pauses: is_about_client,
            };
        }
        error.into()
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let asked = error.retry_after();
        Self {
            kind: FailureKind::Other,
            retry_after: asked.map_or(RETRY_AFTER, |it| it.clamp(RETRY_AFTER, LONGEST_PAUSE)),
            pauses: asked.is_some(),
            error,
        }
    }
}

/// Some answer 400 with a code of RFC 6749 section 5.2.
fn is_about_client(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Refusal<'a> {
        error: &'a str,
    }
    let refusal: Result<Refusal<'_>, _> = serde_json::from_slice(body);
    refusal.is_ok_and(|it| matches!(it.error, "invalid_client" | "unauthorized_client"))
}
