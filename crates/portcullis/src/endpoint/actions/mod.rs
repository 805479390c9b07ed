//! What routes do.

mod application_token;
mod client;
pub(super) mod key_set;
mod login;
mod logout;
mod present;
mod refresh;
mod sessions;
mod tokens;

use bytes::Bytes;
use http::{HeaderName, Response};

use super::{
    erased::DynAccounts,
    incoming::Incoming,
    profile::{Action, Route},
    refusal::Refusal,
};
use crate::{session::Sessions, verify::Verifier};

/// What the actions work with.
pub(super) struct Services {
    pub(super) accounts: DynAccounts,
    /// Of the access tokens of all APIs.
    pub(super) verifier: Verifier,
    /// Of all APIs; one store is behind them.
    pub(super) sessions: Vec<Sessions>,
    /// The headers in which refresh tokens come.
    pub(super) refresh_headers: Vec<HeaderName>,
}

pub(super) async fn run(
    services: &Services,
    route: &Route,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    match &route.action {
        Action::Login(route) => login::login(services, route, request).await,
        Action::Refresh(route) => refresh::refresh(services, route, request).await,
        Action::ApplicationToken(route) => {
            application_token::application_token(services, route, request).await
        }
        Action::Logout => logout::logout(services, request).await,
        Action::LogoutAll => logout::logout_all(services, request).await,
        Action::Sessions => sessions::sessions(services, request).await,
        Action::KeySet(body) => Ok(key_set::key_set(body)),
    }
}
