//! Which action a route is.

use bytes::Bytes;
use http::Response;

use super::{
    application_token::application_token, backchannel_logout::backchannel_logout, cookies,
    end_session::end_session, login::login, logout, refresh::refresh, services::Services,
    sessions::sessions, single_sign_on::single_sign_on, token_endpoint::token,
};
use crate::endpoint::{
    incoming::Incoming,
    refusal::Refusal,
    route::{Action, CookieStep, Route},
};

/// Does what `route` is for.
pub(in crate::endpoint) async fn run(
    services: &Services,
    route: &Route,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    if request.source().is_none() && route.action.takes_secrets() {
        services.no_address.warn(&route.path);
    }
    match &route.action {
        Action::Login(route) => login(services, route, request).await,
        Action::Refresh(route) => refresh(services, route, request).await,
        Action::Token(route) => token(services, route, request).await,
        Action::ApplicationToken(route) => application_token(services, route, request).await,
        Action::SingleSignOn(route) => single_sign_on(route, request).await,
        Action::BackchannelLogout(route) => backchannel_logout(route, request).await,
        Action::Logout => logout::logout(services, request).await,
        Action::LogoutAll(access) => logout::logout_all(services, access, request).await,
        Action::Sessions(access) => sessions(services, access, request).await,
        Action::EndSession(access) => end_session(services, access, request).await,
        Action::Cookies(route) => match &route.step {
            CookieStep::Login { name, secret } => {
                cookies::login(services, route, [name, secret], request).await
            }
            CookieStep::Refresh => cookies::refresh(services, route, request).await,
            CookieStep::Logout => cookies::logout(services, route, request).await,
            CookieStep::LogoutAll(access) => {
                cookies::logout_all(services, route, access, request).await
            }
        },
        Action::Document(document) => {
            Ok(document.answer(request.is_head(), request.if_none_match()))
        }
    }
}
