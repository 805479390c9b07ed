//! A fake issuer, a clock to turn, and a verifier that follows the issuer.

use std::time::Duration;

use portcullis::verify::{Verification, Verifier, VerifyError, VerifyErrorKind};
use portcullis_remote::{Client, Issuer, IssuerBuilder};
use portcullis_testing::{clock::FakeClock, issuer::FakeIssuer, mint::AUDIENCE};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Long enough for a set not to be new any more.
pub(crate) const UNSETTLED: Duration = Duration::from_secs(6);

pub(crate) struct Bench {
    pub(crate) fake: FakeIssuer,
    pub(crate) clock: FakeClock,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let clock = FakeClock::new();
        let fake = FakeIssuer::builder()
            .path("/realms/main")
            .ttl(24 * 60 * MINUTE)
            .clock(clock.shared())
            .start();
        Self { fake, clock }
    }

    pub(crate) fn builder(&self) -> IssuerBuilder {
        following(&self.fake).clock(self.clock.shared())
    }

    pub(crate) async fn connect(&self) -> (Issuer, Verifier) {
        let issuer = self.builder().connect().await.unwrap();
        let verifier = verifier(&issuer);
        (issuer, verifier)
    }

    pub(crate) fn lazy(&self) -> (Issuer, Verifier) {
        let issuer = self.builder().build().unwrap();
        let verifier = verifier(&issuer);
        (issuer, verifier)
    }

    pub(crate) fn token(&self) -> String {
        self.fake.token("alice").build()
    }

    /// Of a key that nobody publishes, a new one each time.
    pub(crate) fn stranger(&self) -> String {
        let key = self.fake.unknown_key();
        self.fake.token("alice").signed_by(&key).build()
    }
}

pub(crate) fn following(fake: &FakeIssuer) -> IssuerBuilder {
    let client = Client::builder().no_proxy().build().unwrap();
    Issuer::builder(fake.name())
        .http_client(client)
        .allow_loopback_http()
}

pub(crate) fn verifier(issuer: &Issuer) -> Verifier {
    issuer.verifier().audience(AUDIENCE).build().unwrap()
}

pub(crate) async fn result(verifier: &Verifier, token: &str) -> Result<(), VerifyError> {
    let result = match verifier.verify(token.as_bytes()) {
        Verification::Done(result) => result,
        Verification::Pending(pending) => pending.await,
    };
    result.map(drop)
}

pub(crate) async fn verify(verifier: &Verifier, token: &str) -> Result<(), VerifyErrorKind> {
    result(verifier, token).await.map_err(|error| error.kind())
}

/// Without waiting for anybody.
pub(crate) fn at_once(verifier: &Verifier, token: &str) -> Result<(), VerifyErrorKind> {
    match verifier.verify(token.as_bytes()) {
        Verification::Done(result) => result.map(drop).map_err(|error| error.kind()),
        Verification::Pending(_) => panic!("it waits"),
    }
}

/// Waits for what another thread does.
pub(crate) async fn until(mut happened: impl FnMut() -> bool) {
    let patience = tokio::time::timeout(20 * SECOND, async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    patience.await.expect("it does not happen");
}
