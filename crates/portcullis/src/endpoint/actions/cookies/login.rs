//! Logging in with cookies.

use bytes::Bytes;
use http::{Response, header::SET_COOKIE};

use super::answer::with_tokens;
use crate::endpoint::{
    actions::{
        client::Client,
        login::{Credentials, log_in},
        services::Services,
    },
    incoming::Incoming,
    input::Encoding,
    name::Name,
    refusal::Refusal,
    route::CookieRoute,
};

const SCOPE: Name = Name::Borrowed("scope");

/// A name and a secret for a session and its cookies.
pub(in crate::endpoint::actions) async fn login(
    services: &Services,
    route: &CookieRoute,
    [name, secret]: [&Name; 2],
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let wanted = [name.clone(), secret.clone(), SCOPE];
    let mut fields = request.fields(Encoding::Json, &wanted)?;
    let scope = match fields.take(&SCOPE) {
        Some(text) => text.expose().parse().map_err(|_| Refusal::Scope)?,
        None => Default::default(),
    };
    let credentials = Credentials {
        name: fields.require(name)?,
        secret: fields.require(secret)?,
        scope,
        client: route.client.as_deref().map(Client::unauthenticated),
        refresh_token_limit: route.cookies.refresh_token_limit(),
    };
    let tokens = log_in(services, &route.sessions, request, credentials).await?;
    let pair = tokens.pair();
    let mut response = with_tokens(route, pair)?;
    // An older session's would be the one that a log-out ends.
    if pair.refresh.is_none()
        && let Some(value) = route.cookies.clear_refresh()
    {
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(response)
}
