//! The three reference APIs over one store, with a clock to turn, accounts to
//! change and a store that fails on demand.

mod people;

use std::time::Duration;

use portcullis::{
    endpoint::{ApiKeyApi, Endpoints, PasswordGrantApi, SessionApi},
    guard::Authenticator,
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    policy::Policy,
    session::{
        DynSessionStore, MemoryStore, Revocations, RotationMode, RotationRules, Sessions,
        refresh::RefreshKeys,
    },
    verify::Verifier,
};
use portcullis_testing::{clock::FakeClock, faulty::FaultyStore, keys};

pub use people::People;

use crate::site::{Handler, Site};

/// The `iss` of the API-key API.
pub const KEY_ISSUER: &str = "https://site.test";

/// An application with all three APIs. Whatever adapter serves it, the state is
/// this one.
pub struct Backend {
    /// The clock of everything.
    pub clock: FakeClock,
    /// The accounts.
    pub people: People,
    /// The store.
    pub store: FaultyStore,
    /// The session API.
    pub session: Sessions,
    /// The API-key API.
    pub api_key: Sessions,
    /// The password-grant API.
    pub grant: Sessions,
    /// The endpoints.
    pub endpoints: Endpoints,
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
        let revocations = Revocations::new(
            DynSessionStore::new(store.clone()),
            clock.shared(),
            Duration::from_secs(3600),
        )
        .sole_writer();
        crate::run::block_on(revocations.sync()).expect("the store is there");
        let issuer = |key: SigningKey, shape, minutes: u64| {
            TokenIssuer::builder(key)
                .shape(shape)
                .access_ttl(Duration::from_secs(minutes * 60))
                .clock(clock.shared())
        };
        let session = issuer(
            keys::signing(Algorithm::HS256),
            TokenShape::session_json(),
            15,
        );
        let api_key = issuer(keys::signing(Algorithm::HS384), TokenShape::api_key(), 30)
            .issuer(KEY_ISSUER)
            .audience("ApiId");
        let signing = keys::signing(Algorithm::ES256).with_key_id("grant-key");
        let grant =
            issuer(signing, TokenShape::password_grant(), 60).audience("fastapi-users:auth");
        // Of one secret: kinds and APIs must be told apart by more than keys.
        let refresh_keys = RefreshKeys::generate().expect("random numbers");
        let sessions = |issuer: portcullis::issue::TokenIssuerBuilder| {
            let issuer = issuer.build().expect("a sound issuer");
            Sessions::builder(revocations.clone(), issuer).rules(rules)
        };
        let session = sessions(session)
            .mode(RotationMode::Keep)
            .refresh_keys(refresh_keys.clone())
            .build()
            .expect("sound sessions");
        let api_key = sessions(api_key).build().expect("sound sessions");
        let grant = sessions(grant)
            .refresh_keys(refresh_keys)
            .build()
            .expect("sound sessions");
        let people = People::default();
        let endpoints = Endpoints::builder(people.clone())
            .session_api(SessionApi::new(session.clone()))
            .api_key_api(ApiKeyApi::new(api_key.clone()))
            .password_grant_api(PasswordGrantApi::new(grant.clone()))
            .common_routes()
            .build()
            .expect("sound endpoints");
        Self {
            clock,
            people,
            store,
            session,
            api_key,
            grant,
            endpoints,
        }
    }

    /// The endpoints and a few protected routes.
    pub fn site(&self) -> Site {
        let verifier = |sessions: &Sessions| {
            let builder = sessions.issuer().verifier();
            let builder = builder.status(sessions.revocations().clone());
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
