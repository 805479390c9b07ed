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

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderName, Response};

use super::{
    erased::DynAccounts,
    incoming::Incoming,
    refusal::Refusal,
    route::{Action, Route},
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
    pub(super) no_address: NoAddress,
}

/// Whether it was said that nobody tells where requests come from.
#[derive(Default)]
pub(super) struct NoAddress(AtomicBool);

impl NoAddress {
    /// Says so, once.
    fn warn(&self, path: &str) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                path,
                "credentials come from an unknown address, so that throttling treats all clients \
                 as one: put a `ClientAddress` into the extensions of requests"
            );
        }
    }
}

pub(super) async fn run(
    services: &Services,
    route: &Route,
    request: &Incoming,
) -> Result<Response<Bytes>, Refusal> {
    if request.source().is_none() && route.action.takes_secrets() {
        services.no_address.warn(&route.path);
    }
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
