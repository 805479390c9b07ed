//! Signing on with another provider's token.

use bytes::Bytes;
use http::Response;

use super::{present::of_verification, tokens::Tokens};
use crate::{
    endpoint::{incoming::Incoming, refusal::Refusal, route::SingleSignOnRoute},
    session::{OpenSession, SingleUse},
    time::Clock,
};

/// An ID token of another provider for a session and its tokens. One token opens
/// one session.
pub(super) async fn single_sign_on(
    route: &SingleSignOnRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let sessions = &route.sessions;
    let token = request.bearer()?;
    let verified = route.single_sign_on.verify(token, request.headers()).await;
    let signed_on = verified.map_err(of_verification)?;
    // Before the account is asked for: a log-out everywhere that comes in between
    // must win.
    let ticket = sessions.begin_login().await?;
    let identity = &signed_on.identity;
    let account = route.single_sign_on.account(identity).await?;
    let account = account.ok_or_else(|| {
        tracing::debug!(%identity, "nobody is linked to who signed on");
        Refusal::BadToken
    })?;
    let now = sessions.issuer().clock().now();
    let left = signed_on.end.saturating_duration_since(now);
    // Of a verifier that is found by its issuer the leeway is not known: what is
    // taken for longer than its use is remembered would open a second session.
    if left.is_zero() {
        return Err(Refusal::BadToken);
    }
    let open = OpenSession::without_login(account.subject())
        .acr(account.acr_value())
        .amr(account.amr_methods())
        .data(account.session_data())
        .claims(account.claims())
        .device(request.device())
        .single_use(SingleUse::new("single sign-on", signed_on.signed, left));
    let pair = sessions.open(ticket, &open).await?;
    Ok(Tokens::of(pair, false).respond(&route.output, sessions))
}
