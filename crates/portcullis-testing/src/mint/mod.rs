//! Tokens for tests.
//!
//! [`Mint`] makes tokens that its [`verifier`](Mint::verifier) accepts, unless
//! told otherwise; [`hostile`] makes those that nobody may accept.

mod draft;
pub mod hostile;
#[cfg(any(feature = "actix", feature = "tower"))]
mod on_each_request;
mod passed;

use std::{sync::Arc, time::Duration};

use portcullis::{
    jose::{Algorithm, KeySet, SigningKey},
    time::{Clock, SharedClock},
    verify::{Ready, Verifier, VerifierBuilder},
};

pub use draft::Draft;
#[cfg(any(feature = "actix", feature = "tower"))]
pub use on_each_request::{OnEachRequest, WithToken};

use crate::keys;

/// The issuer that a mint writes unless told otherwise.
pub const ISSUER: &str = "https://issuer.test";

/// The audience that a mint writes unless told otherwise.
pub const AUDIENCE: &str = "https://api.test";

/// Makes tokens as an issuer would: signed, with `iss`, `aud`, `sub`, `iat`,
/// `exp`, `jti` and `client_id`, in the profile of RFC 9068. Cheap to clone.
///
/// ```
/// use portcullis_testing::mint::Mint;
///
/// let mint = Mint::new();
/// let verifier = mint.verifier();
/// let token = mint.token("alice").claim("department", "weather").build();
/// let verified = verifier.verify_now(token.as_bytes())?;
/// assert_eq!(verified.subject_name(), Some("alice"));
/// # Ok::<(), portcullis::verify::VerifyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mint {
    key: SigningKey,
    issuer: Arc<str>,
    audience: Arc<str>,
    clock: SharedClock,
    ttl: Duration,
}

impl Mint {
    /// A mint that signs with the ES256 key of [`keys`], for
    /// [`ISSUER`] and [`AUDIENCE`], by the system's clock.
    pub fn new() -> Self {
        Self::with_key(keys::signing(Algorithm::ES256))
    }

    /// A mint that signs with `key`.
    pub fn with_key(key: SigningKey) -> Self {
        Self {
            key,
            issuer: ISSUER.into(),
            audience: AUDIENCE.into(),
            clock: SharedClock::default(),
            ttl: Duration::from_secs(900),
        }
    }

    /// Another issuer.
    #[must_use = "returns the changed mint"]
    pub fn issuer(mut self, issuer: impl Into<Arc<str>>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// Another audience.
    #[must_use = "returns the changed mint"]
    pub fn audience(mut self, audience: impl Into<Arc<str>>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Another clock, such as a [`FakeClock`](crate::clock::FakeClock); its
    /// verifiers go by it too.
    #[must_use = "returns the changed mint"]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// How long its tokens live; 15 minutes unless set.
    #[must_use = "returns the changed mint"]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// A verifier that accepts what this mint makes.
    pub fn verifier(&self) -> Verifier {
        let verifier = self.verifier_builder().build();
        verifier.expect("a mint's settings make a verifier")
    }

    /// [`verifier`](Self::verifier), for further settings.
    pub fn verifier_builder(&self) -> VerifierBuilder<Ready, Ready, Ready> {
        Verifier::builder()
            .keys(self.keys())
            .issuer(Arc::clone(&self.issuer))
            .audience(Arc::clone(&self.audience))
            .clock(self.clock.clone())
    }

    /// The keys that verify what it makes.
    pub fn keys(&self) -> KeySet {
        self.key.verifying_key().into()
    }

    /// The key that it signs with.
    pub fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// Its time now, in seconds since the epoch.
    pub fn now(&self) -> i64 {
        self.clock.now().as_secs()
    }
}

impl Default for Mint {
    fn default() -> Self {
        Self::new()
    }
}
