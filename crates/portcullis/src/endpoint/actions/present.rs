//! Tokens as they are presented.

use std::time::Duration;

use super::services::Services;
use crate::{
    cookies::MountedCookies,
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

/// An access token that opens a route.
pub(super) struct Opened<'a> {
    pub(super) token: Verified,
    /// The cookies, if it came in one of them.
    pub(super) cookies: Option<&'a MountedCookies>,
}

/// A good access token that opens the route: a Bearer token, or else, where there
/// are cookies, that of the access cookie. A header decides: a browser that has
/// kept an old cookie must not break a call that has one.
pub(super) async fn open<'a>(
    services: &'a Services,
    access: &Access,
    request: &Incoming,
) -> Result<Opened<'a>, Refusal> {
    if let Some(token) = request.optional_bearer()? {
        return Ok(Opened {
            token: access_token(services, access, token).await?,
            cookies: None,
        });
    }
    let mounted = services.cookies.as_deref().ok_or(Refusal::NoToken)?;
    let cookies = mounted.cookies();
    let token = request.cookie(cookies.access_cookie())?;
    let token = verify(services, token.ok_or(Refusal::NoToken)?).await?;
    request.check_access(cookies.csrf(), &token)?;
    access.check(&token).await?;
    Ok(Opened {
        token,
        cookies: Some(mounted),
    })
}

/// A good access token, revocations included, that opens the route.
pub(super) async fn access_token(
    services: &Services,
    access: &Access,
    token: &[u8],
) -> Result<Verified, Refusal> {
    let verified = verify(services, token).await?;
    access.check(&verified).await?;
    Ok(verified)
}

/// A good access token, revocations included.
pub(super) async fn verify(services: &Services, token: &[u8]) -> Result<Verified, Refusal> {
    // Without an API there is nobody who could have issued it.
    let verifier = services.verifier.as_ref().ok_or(Refusal::BadToken)?;
    let result = match verifier.verify(token) {
        Verification::Done(result) => result,
        Verification::Pending(verification) => verification.await,
    };
    result.map_err(of_verification)
}

/// Why a token that could not be verified is refused.
pub(super) fn of_verification(error: VerifyError) -> Refusal {
    tracing::debug!("error.type" = error.kind().as_str(), reason = %error, "token refused");
    if error.kind().is_unavailable() {
        Refusal::Unavailable(error.retry_after().unwrap_or(Duration::MAX))
    } else {
        Refusal::BadToken
    }
}
