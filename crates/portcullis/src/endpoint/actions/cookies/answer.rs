//! Answers that set the cookies, or clear them.

use bytes::Bytes;
use http::{Response, StatusCode, header::SET_COOKIE};
use serde::Serialize;

use crate::{
    cookies::MountedCookies,
    endpoint::{
        answer::{json_response, no_content},
        refusal::Refusal,
        route::CookieRoute,
    },
    session::TokenPair,
    time::Clock,
};

/// What a page may know of its tokens.
#[derive(Serialize)]
struct Body {
    csrf_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
}

/// The tokens go into cookies, and what the page needs into the body.
pub(super) fn with_tokens(
    route: &CookieRoute,
    pair: &TokenPair,
) -> Result<Response<Bytes>, Refusal> {
    let now = route.sessions.issuer().clock().now();
    let cookies = &route.cookies;
    let set = cookies.set(pair, now).ok_or_else(|| {
        tracing::error!("a token cannot stand in a cookie");
        Refusal::Misconfigured
    })?;
    let csrf = cookies.cookies().csrf();
    let left = pair.access.expires_in(now);
    let body = Body {
        csrf_token: csrf.session_token(pair.session.as_str()),
        expires_in: left.map(|left| left.as_secs()),
    };
    let mut response = json_response(StatusCode::OK, &body);
    for value in set {
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(response)
}

/// Done, and there are no cookies any more.
pub(in crate::endpoint::actions) fn without_cookies(cookies: &MountedCookies) -> Response<Bytes> {
    let mut response = no_content();
    for value in cookies.clear() {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}
