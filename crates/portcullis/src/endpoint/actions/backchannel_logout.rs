//! Log-outs that other issuers tell of.

use std::{slice, time::Duration};

use bytes::Bytes;
use http::Response;

use crate::endpoint::{
    answer::ok, incoming::Incoming, input::Encoding, refusal::Refusal,
    route::BackchannelLogoutRoute,
};

/// Ends what a log-out token names (OpenID Connect Back-Channel Logout 1.0
/// sections 2.5 to 2.8).
pub(super) async fn backchannel_logout(
    route: &BackchannelLogoutRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let field = BackchannelLogoutRoute::LOGOUT_TOKEN;
    let mut fields = request.fields(Encoding::Form, slice::from_ref(&field))?;
    let token = fields.require(&field)?;
    let verified = route.verifier.verify(token.expose().as_bytes()).await;
    let token = verified.map_err(|error| {
        tracing::info!(reason = %error, "log-out token refused");
        if error.kind().is_unavailable() {
            Refusal::Unavailable(error.retry_after().unwrap_or(Duration::MAX))
        } else {
            Refusal::LogoutToken
        }
    })?;
    route.revocations.log_out(&token).await.map_err(|error| {
        tracing::error!(%error, "a log-out that an issuer tells of cannot be stored");
        Refusal::Unavailable(Duration::MAX)
    })?;
    Ok(ok())
}
