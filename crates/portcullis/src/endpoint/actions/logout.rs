//! Logging out.

use bytes::Bytes;
use http::Response;

use super::{
    present::{Presented, access_token},
    services::Services,
};
use crate::{
    endpoint::{answer::no_content, incoming::Incoming, protected_route::Access, refusal::Refusal},
    session::{RefreshRequest, SessionId, Sessions, refresh::RefreshClaims},
    subject::Subject,
    verify::Verified,
};

/// Ends the session of a token, which may have expired; an application token
/// is removed. Whoever does it twice gets the same answer.
pub(super) async fn logout(
    services: &Services,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let presented = Presented::of(services, request)?;
    let token = presented.token;
    if presented.may_be_access
        && let Some(verifier) = &services.verifier
        && let Ok(verified) = verifier.verify_for_logout(token)
    {
        end(services, &verified).await?;
        return Ok(no_content());
    }
    let read = |sessions: &Sessions| sessions.read_expired(token).ok();
    let (sessions, claims) = find(services, read)?;
    let family = &claims.family;
    sessions.log_out(&family.subject, &family.session).await?;
    Ok(no_content())
}

/// Ends all that an access token belongs to: its session, or itself.
pub(super) async fn end(services: &Services, token: &Verified) -> Result<(), Refusal> {
    let sessions = any(services)?;
    let subject = token.subject().ok_or(Refusal::BadToken)?;
    if token.is_application() {
        let id = token.token_id().ok_or(Refusal::BadToken)?;
        sessions.remove_application_token(&subject, id).await?;
        return Ok(());
    }
    if let Some(id) = token.session_id() {
        let id = SessionId::parse(id).ok_or(Refusal::BadToken)?;
        sessions.log_out(&subject, &id).await?;
        return Ok(());
    }
    // Issued by the application itself, without a session.
    let (Some(id), Some(end)) = (token.token_id(), token.expires_at()) else {
        return Err(Refusal::BadToken);
    };
    sessions.revoke_token(&subject, id, end).await?;
    Ok(())
}

/// Ends all sessions of whoever presents a good token, and removes the
/// application tokens.
pub(super) async fn logout_all(
    services: &Services,
    access: &Access,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let subject = good_subject(services, access, &Presented::of(services, request)?).await?;
    any(services)?.log_out_everywhere(&subject).await?;
    Ok(no_content())
}

/// Whom a token speaks for that is good in every respect.
async fn good_subject(
    services: &Services,
    access: &Access,
    presented: &Presented<'_>,
) -> Result<Subject, Refusal> {
    let token = presented.token;
    if let Ok((sessions, claims)) = find(services, |sessions| sessions.read(token).ok()) {
        // It has no claims that a policy could look at.
        if access.has_policy() {
            return Err(Refusal::BadToken);
        }
        let family = claims.family.clone();
        // Whoever holds the token may log out; no client needs to authenticate.
        let request = RefreshRequest::new().client(family.client.as_deref());
        sessions.authorize(&claims, &request).await?;
        return Ok(family.subject);
    }
    if !presented.may_be_access {
        return Err(Refusal::BadToken);
    }
    let verified = access_token(services, access, token).await?;
    verified.subject().ok_or(Refusal::BadToken)
}

/// The API whose refresh token it is, and what the token says.
fn find(
    services: &Services,
    read: impl Fn(&Sessions) -> Option<RefreshClaims>,
) -> Result<(&Sessions, RefreshClaims), Refusal> {
    let mut all = services.sessions.iter();
    all.find_map(|sessions| Some((sessions, read(sessions)?)))
        .ok_or(Refusal::BadToken)
}

/// Any of the APIs: one store is behind them all.
fn any(services: &Services) -> Result<&Sessions, Refusal> {
    services.sessions.first().ok_or(Refusal::Misconfigured)
}
