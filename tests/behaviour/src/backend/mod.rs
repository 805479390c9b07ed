//! The three reference APIs over one store, with a clock to turn, accounts to
//! change and a store that fails on demand.

mod entra;
mod people;

use std::time::Duration;

use portcullis::{
    cookies::SessionCookies,
    csrf::{CsrfKey, CsrfProtection},
    endpoint::{ApiKeyApi, CookieApi, Endpoints, PasswordGrantApi, SessionApi},
    guard::Authenticator,
    issue::{TokenIssuer, TokenIssuerBuilder, TokenShape},
    jose::{Algorithm, SigningKey},
    policy::Policy,
    session::{
        DynSessionStore, MemoryStore, Revocations, RotationMode, RotationRules, Sessions,
        refresh::RefreshKeys,
    },
    verify::Verifier,
};
use portcullis_testing::{clock::FakeClock, faulty::FaultyStore, keys};

pub use entra::Entra;
pub use people::People;

use crate::site::{Handler, Site};

/// The `iss` of the API-key API.
pub const KEY_ISSUER: &str = "https://site.test";

/// Where pages are that are not the site's own.
pub const PAGE_ORIGIN: &str = "https://page.test";

/// An application with all three APIs. Whatever adapter serves it, the state is
/// this one.
pub struct Backend {
    /// The clock of everything.
    pub clock: FakeClock,
    /// The accounts.
    pub people: People,
    /// Whose users may sign on.
    pub entra: Entra,
    /// The store.
    pub store: FaultyStore,
    /// The session API.
    pub session: Sessions,
    /// The API-key API.
    pub api_key: Sessions,
    /// The password-grant API.
    pub grant: Sessions,
    /// The cookies of pages, over the sessions of the password grant.
    pub cookies: SessionCookies,
    /// The endpoints.
    pub endpoints: Endpoints,
    node: Node,
}

/// What the nodes of a service share.
#[derive(Clone)]
struct Node {
    clock: FakeClock,
    people: People,
    entra: Entra,
    store: FaultyStore,
    refresh_keys: RefreshKeys,
    rules: RotationRules,
    cookies: SessionCookies,
}

impl Node {
    fn start(self, change: impl FnOnce(Revocations) -> Revocations) -> Backend {
        let clock = self.clock.shared();
        let keep = Duration::from_secs(3600);
        let store = DynSessionStore::new(self.store.clone());
        let revocations = change(Revocations::new(store, clock.clone(), keep));
        let issuer = |key: SigningKey, shape, minutes: u64| {
            TokenIssuer::builder(key)
                .shape(shape)
                .access_ttl(Duration::from_secs(minutes * 60))
                .clock(clock.clone())
        };
        let session = issuer(keys::signing(Algorithm::HS256), TokenShape::session(), 15);
        let api_key = issuer(keys::signing(Algorithm::HS384), TokenShape::api_key(), 30)
            .issuer(KEY_ISSUER)
            .audience("ApiId");
        let signing = keys::signing(Algorithm::ES256).with_key_id("grant-key");
        let grant =
            issuer(signing, TokenShape::password_grant(), 60).audience("fastapi-users:auth");
        let sessions = |issuer: TokenIssuerBuilder| {
            let issuer = issuer.build().expect("a sound issuer");
            Sessions::builder(revocations.clone(), issuer).rules(self.rules)
        };
        // Of one secret: kinds and APIs must be told apart by more than keys.
        let session = sessions(session)
            .mode(RotationMode::Keep)
            .refresh_keys(self.refresh_keys.clone())
            .build()
            .expect("sound sessions");
        let api_key = sessions(api_key).build().expect("sound sessions");
        let grant = sessions(grant)
            .refresh_keys(self.refresh_keys.clone())
            .build()
            .expect("sound sessions");
        let endpoints = Endpoints::builder(self.people.clone())
            .session_api(
                SessionApi::new(session.clone())
                    .single_sign_on(self.entra.single_sign_on(self.people.clone())),
            )
            .api_key_api(ApiKeyApi::new(api_key.clone()))
            .password_grant_api(PasswordGrantApi::new(grant.clone()))
            .cookie_api(CookieApi::new(grant.clone(), self.cookies.clone()))
            .common_routes()
            .build()
            .expect("sound endpoints");
        Backend {
            clock: self.clock.clone(),
            people: self.people.clone(),
            entra: self.entra.clone(),
            store: self.store.clone(),
            session,
            api_key,
            grant,
            cookies: self.cookies.clone(),
            endpoints,
            node: self,
        }
    }
}

impl Backend {
    /// With the default grace window of ten seconds.
    pub fn new() -> Self {
        Self::with_rules(RotationRules::default())
    }

    /// With other rules of rotation.
    pub fn with_rules(rules: RotationRules) -> Self {
        let clock = FakeClock::new();
        let store = FaultyStore::new(MemoryStore::new(clock.shared()));
        let refresh_keys = RefreshKeys::generate().expect("random numbers");
        let key = CsrfKey::generate().expect("random numbers");
        let csrf = CsrfProtection::new(key).allow_origin(PAGE_ORIGIN);
        let node = Node {
            entra: Entra::new(clock.shared()),
            clock,
            people: People::default(),
            store,
            refresh_keys,
            rules,
            cookies: SessionCookies::new(csrf.expect("an origin")),
        };
        let backend = node.start(Revocations::sole_writer);
        crate::run::block_on(backend.sync());
        backend
    }

    /// Another node of the same service: the same store, keys and accounts, and
    /// a snapshot of revocations of its own, which has not been read yet.
    pub fn another_node(&self) -> Self {
        self.node.clone().start(|revocations| revocations)
    }

    /// Reads the snapshot of revocations.
    pub async fn sync(&self) {
        let read = self.session.revocations().sync().await;
        read.expect("the store is there");
    }

    /// The endpoints and a few protected routes.
    pub fn site(&self) -> Site {
        let verifier = |sessions: &Sessions| {
            let builder = sessions.verifier();
            builder.build().expect("a sound verifier")
        };
        let all = [&self.session, &self.api_key, &self.grant].map(verifier);
        let all = Authenticator::new(Verifier::combine(all).expect("three verifiers"));
        let of = |sessions| Authenticator::new(verifier(sessions));
        let scope = Policy::scope("demo:read").expect("a scope");
        Site::new()
            .route("/me", all.clone(), Handler::Claims)
            .route("/maybe", all.clone().optional(), Handler::Maybe)
            .route("/scoped/read", all.require(scope), Handler::Claims)
            .route("/api/stations", of(&self.session), Handler::Claims)
            .route("/v1/stations", of(&self.api_key), Handler::Claims)
            .route("/auth/stations", of(&self.grant), Handler::Claims)
            .route(
                "/page/stations",
                of(&self.grant).session_cookies(&self.cookies),
                Handler::Claims,
            )
            .route(
                "/fresh",
                of(&self.session).require(Policy::fresh()),
                Handler::Claims,
            )
            .endpoints(self.endpoints.clone())
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self::new()
    }
}
