//! Opaque tokens, by real HTTP: requests are decided about as in a service.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod client_auth;
mod failures;
mod log;
mod remembered;

use std::time::Duration;

use http::Request;
use portcullis::{
    guard::Authenticator,
    secret::SecretString,
    verify::{Ready, Verifier, VerifierBuilder},
};
use portcullis_remote::{Client, ClientAuth, Introspector, IntrospectorBuilder};
use portcullis_testing::{
    clock::FakeClock,
    issuer::{CLIENT_ID, CLIENT_SECRET, FakeIssuer},
};

const AUDIENCE: &str = "https://api.example";

/// How long a failing test takes: long enough that no passing one depends on it.
const LONG: Duration = Duration::from_secs(60);

/// A service and the issuer that it asks, by one clock.
struct Site {
    issuer: FakeIssuer,
    clock: FakeClock,
    service: Authenticator,
}

impl Site {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(change: impl FnOnce(IntrospectorBuilder) -> IntrospectorBuilder) -> Self {
        let (issuer, clock) = start();
        let introspector = Introspector::at(issuer.introspection_url(), auth());
        let introspector = change(quick(introspector, &clock)).build().unwrap();
        let service = verifier(introspector, &issuer, &clock).build().unwrap();
        Self {
            service: service.into(),
            issuer,
            clock,
        }
    }

    fn opaque(&self) -> String {
        self.issuer.opaque(&self.issuer.token("alice"))
    }

    /// The status of the answer to a request with this token, and its
    /// `Retry-After`.
    async fn status(&self, token: &str) -> (u16, Option<u64>) {
        status(&self.service, token).await
    }
}

fn start() -> (FakeIssuer, FakeClock) {
    let clock = FakeClock::new();
    let issuer = FakeIssuer::builder().clock(clock.shared());
    (issuer.audience(AUDIENCE).start(), clock)
}

fn auth() -> ClientAuth {
    ClientAuth::secret(CLIENT_ID, &SecretString::from(CLIENT_SECRET.to_owned())).unwrap()
}

/// As an application would have it, but for what tests must not wait for.
fn quick(builder: IntrospectorBuilder, clock: &FakeClock) -> IntrospectorBuilder {
    let client = Client::builder().no_proxy().timeout(LONG).build().unwrap();
    let builder = builder.client(client).clock(clock.shared());
    builder.allow_loopback_http().timeout(LONG)
}

fn verifier(
    introspector: Introspector,
    issuer: &FakeIssuer,
    clock: &FakeClock,
) -> VerifierBuilder<Ready, Ready, Ready> {
    Verifier::builder()
        .introspected_by(introspector)
        .issuer(issuer.name())
        .audience(AUDIENCE)
        .clock(clock.shared())
}

async fn status(service: &Authenticator, token: &str) -> (u16, Option<u64>) {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    match service.check(&request.body(()).unwrap()).await {
        Ok(authentication) => {
            let token = authentication.verified().unwrap();
            assert_eq!(token.subject_name(), Some("alice"));
            (200, None)
        }
        Err(rejection) => {
            let mut headers = rejection.headers();
            let after = headers.find(|(name, _)| *name == "retry-after");
            let after = after.map(|(_, value)| str::from_utf8(&value).unwrap().parse().unwrap());
            (rejection.status(), after)
        }
    }
}
