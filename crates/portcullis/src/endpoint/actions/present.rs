//! Tokens as they are presented.

use std::time::Duration;

use super::services::Services;
use crate::{
    endpoint::{incoming::Incoming, protected_route::Access, refusal::Refusal},
    verify::{Verification, Verified, VerifyError},
};

/// A token at a route that takes access and refresh tokens.
#[derive(Clone, Copy)]
pub(super) struct Presented<'a> {
    pub(super) token: &'a [u8],
    /// Whether it may be an access token: not where refresh tokens come.
    pub(super) may_be_access: bool,
}

impl<'a> Presented<'a> {
    /// The one token of a request: a Bearer token, or a refresh token in its
    /// header.
    pub(super) fn of(services: &Services, request: &'a Incoming) -> Result<Self, Refusal> {
        let bearer = request.optional_bearer()?;
        let mut found = bearer.map(|token| Self {
            token,
            may_be_access: true,
        });
        for name in &services.refresh_headers {
            let Some(token) = request.header_token(name)? else {
                continue;
            };
            if found.is_some() {
                return Err(Refusal::TwoTokens);
            }
            found = Some(Self {
                token,
                may_be_access: false,
            });
        }
        found.ok_or(Refusal::NoToken)
    }
}

/// A good access token, revocations included, that opens the route.
pub(super) async fn access_token(
    services: &Services,
    access: &Access,
    token: &[u8],
) -> Result<Verified, Refusal> {
    // Without an API there is nobody who could have issued it.
    let verifier = services.verifier.as_ref().ok_or(Refusal::BadToken)?;
    let result = match verifier.verify(token) {
        Verification::Done(result) => result,
        Verification::Pending(verification) => verification.await,
    };
    let verified = result.map_err(of_verification)?;
    access.check(&verified)?;
    Ok(verified)
}

/// Why a token that could not be verified is refused.
pub(super) fn of_verification(error: VerifyError) -> Refusal {
    tracing::debug!(reason = %error, "token refused");
    if error.kind().is_unavailable() {
        Refusal::Unavailable(error.retry_after().unwrap_or(Duration::MAX))
    } else {
        Refusal::BadToken
    }
}
