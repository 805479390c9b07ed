//! Endpoints of an API that nobody can log in to, for the tests of all adapters.

use std::time::Duration;

use portcullis::{
    cookies::SessionCookies,
    csrf::{CsrfKey, CsrfProtection},
    endpoint::{
        Account, Accounts, AccountsError, ApiKeyApi, ClientAuthentication, ClientCheck, CookieApi,
        Endpoints, Login,
    },
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{DynSessionStore, MemoryStore, Revocations, Sessions},
    subject::Subject,
    time::SharedClock,
};

/// Where logins may come from.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)] // Each adapter's tests choose one.
pub(crate) enum Logins {
    FromAnywhere,
    /// Others are told that there were too many: the client's address arrives.
    FromHome,
}

/// The endpoints, told that they are at `/inner`.
pub(crate) fn endpoints(logins: Logins) -> Endpoints {
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::ES256).unwrap())
        .shape(TokenShape::api_key())
        .issuer("https://api.example")
        .audience("api")
        .build()
        .unwrap();
    let clock = SharedClock::default();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let revocations = Revocations::new(store, clock, Duration::from_secs(3600));
    let sessions = Sessions::builder(revocations, issuer).build().unwrap();
    let csrf = CsrfProtection::new(CsrfKey::generate().unwrap());
    let cookies = SessionCookies::new(csrf);
    Endpoints::builder(Nobody { logins })
        .api_key_api(ApiKeyApi::new(sessions.clone()))
        .cookie_api(CookieApi::new(sessions, cookies))
        .mounted_at("/inner")
        .common_routes()
        .build()
        .unwrap()
}

struct Nobody {
    logins: Logins,
}

impl Accounts for Nobody {
    async fn authenticate(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        let is_home = login.source.is_some_and(|address| address.is_loopback());
        if self.logins == Logins::FromAnywhere || is_home {
            return Ok(None);
        }
        Err(AccountsError::too_many_requests(Duration::from_secs(1)))
    }

    async fn current(&self, _: &Subject) -> Result<Option<Account>, AccountsError> {
        Ok(None)
    }

    async fn client(&self, _: ClientAuthentication<'_>) -> Result<ClientCheck, AccountsError> {
        Ok(ClientCheck::Refused)
    }
}
