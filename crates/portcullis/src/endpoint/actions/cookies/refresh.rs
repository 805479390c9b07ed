//! Refreshing with cookies.

use bytes::Bytes;
use http::{Response, header::SET_COOKIE};

use super::answer::with_tokens;
use crate::{
    endpoint::{
        actions::{
            client::Client,
            refresh::{Exchange, exchange},
            services::Services,
        },
        incoming::Incoming,
        refusal::Refusal,
        route::CookieRoute,
    },
    time::Clock,
};

/// The refresh cookie for the next cookies.
pub(in crate::endpoint::actions) async fn refresh(
    services: &Services,
    route: &CookieRoute,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    let cookies = route.cookies.cookies();
    let token = request.cookie(cookies.refresh_cookie())?;
    let token = token.ok_or(Refusal::NoToken)?;
    let presented = route.sessions.read(token)?;
    // Before the store is asked: whoever cannot show it uses up no token.
    request.check_session(cookies.csrf(), &presented.family.session)?;
    let asked = Exchange {
        token,
        scope: None,
        client: route.client.as_deref().map(Client::unauthenticated),
        with_clients: route.client.is_some(),
    };
    let tokens = exchange(services, &route.sessions, request, asked).await?;
    let mut response = with_tokens(route, tokens.pair())?;
    if tokens.pair().refresh.is_none() {
        let now = route.sessions.issuer().clock().now();
        let kept = route.cookies.keep_refresh(token, presented.expires_at, now);
        response
            .headers_mut()
            .extend(kept.map(|value| (SET_COOKIE, value)));
    }
    Ok(response)
}
