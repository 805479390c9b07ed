//! Tokens that never expire.

use bytes::Bytes;
use http::Response;

use super::{services::Services, tokens::one_token};
use crate::{
    endpoint::{incoming::Incoming, refusal::Refusal, route::ApplicationTokenRoute},
    issue::AccessToken,
    session::RefreshRequest,
};

/// A refresh token for a token that never expires, if the account is of type
/// application at this moment. The refresh token stays as it is.
pub(super) async fn application_token(
    services: &Services,
    route: &ApplicationTokenRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let sessions = &route.sessions;
    let presented = sessions.read(request.bearer()?)?;
    let family = &presented.family;
    // Before the session and the account are looked at: a log-out everywhere
    // that comes in between must win.
    let ticket = sessions.begin_login().await?;
    // Clients are not authenticated here, so theirs are refused.
    sessions
        .authorize(&presented, &RefreshRequest::new())
        .await?;
    let account = services.accounts.current(&family.subject).await?;
    let account = account.ok_or(Refusal::BadToken)?;
    if !account.is_application() {
        return Err(Refusal::NotApplication);
    }
    let token = AccessToken::new(&family.subject)
        .client(family.client.as_deref())
        .claims(account.claims());
    let issued = sessions.application_token(ticket, &token).await?;
    Ok(one_token(&route.member, issued.token()))
}
