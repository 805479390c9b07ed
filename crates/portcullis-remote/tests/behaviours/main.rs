//! What a protected service answers while its issuer behaves and misbehaves.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod caching;
mod discovery;
mod outages;
mod tokens;

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use portcullis::{guard::Authenticator, verify::Verifier};
use portcullis_remote::{Client, Issuer, IssuerBuilder, Worker};
use portcullis_testing::{
    clock::FakeClock,
    issuer::{Endpoint, FakeIssuer},
    mint::{AUDIENCE, Draft},
};

/// Longer than a set counts as new, and less than tokens live.
const LATER: Duration = Duration::from_secs(10);

/// An issuer, and a service that trusts it.
struct World {
    clock: FakeClock,
    fake: FakeIssuer,
    issuer: Issuer,
    guard: Authenticator,
}

impl World {
    fn new() -> Self {
        let clock = FakeClock::new();
        let fake = FakeIssuer::builder()
            .path("/realms/main")
            .clock(clock.shared());
        Self::of(fake.start(), clock)
    }

    fn of(fake: FakeIssuer, clock: FakeClock) -> Self {
        let issuer = trusting(&fake, &clock).build().unwrap();
        let guard = Authenticator::new(verifier(&issuer));
        Self {
            clock,
            fake,
            issuer,
            guard,
        }
    }

    async fn answer(&self, token: &Draft) -> u16 {
        answer(&self.guard, Some(token)).await.status().as_u16()
    }

    /// How often metadata and keys were fetched.
    fn fetches(&self) -> (usize, usize) {
        (
            self.fake.count(Endpoint::Metadata),
            self.fake.count(Endpoint::Keys),
        )
    }
}

fn trusting(fake: &FakeIssuer, clock: &FakeClock) -> IssuerBuilder {
    // Each client reads the system's certificates, which takes long.
    static SHARED: LazyLock<(Client, Worker)> = LazyLock::new(|| {
        let client = Client::builder().no_proxy().build().unwrap();
        (client, Worker::start().unwrap())
    });
    let (client, worker) = &*SHARED;
    Issuer::builder(fake.name())
        .allow_loopback_http()
        .http_client(client.clone())
        .worker(worker)
        .clock(clock.shared())
}

fn verifier(issuer: &Issuer) -> Verifier {
    issuer.verifier().audience(AUDIENCE).build().unwrap()
}

async fn answer(guard: &Authenticator, token: Option<&Draft>) -> Response<Bytes> {
    let mut request = Request::get("/");
    if let Some(token) = token {
        request = request.header("authorization", token.bearer());
    }
    match guard.check(&request.body(()).unwrap()).await {
        Ok(_) => Response::new(Bytes::new()),
        Err(rejection) => rejection.into_response(),
    }
}

/// The issuer's fault, about which the client is told nothing.
fn assert_unavailable(answer: &Response<Bytes>) {
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert!(!answer.headers().contains_key("www-authenticate"));
}
