//! A tenant of Entra ID whose users may sign on.

use std::sync::Arc;

use portcullis::{
    endpoint::{EntraIdTokens, SingleSignOn},
    jose::Algorithm,
    time::{SharedClock, Timestamp},
    verify::{KeySource, KeyTerms, KeysUnavailable, LiveKeys, MissingKey, Verifier},
};
use portcullis_testing::{
    keys,
    mint::{Draft, Mint},
};

use super::People;

/// The tenant, its keys and its ID tokens.
#[derive(Clone)]
pub struct Entra {
    mint: Mint,
    clock: SharedClock,
    keys: Arc<Keys>,
}

struct Keys(LiveKeys);

impl Entra {
    /// The id of the tenant.
    pub const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    /// The id of the application, for which its ID tokens are.
    pub const CLIENT: &str = "6731de76-14a6-49ae-97bc-6eba6914391e";

    /// A tenant that can be reached.
    pub fn new(clock: SharedClock) -> Self {
        let mint = Mint::with_key(keys::signing(Algorithm::RS256).with_key_id("entra"))
            .issuer(Self::id_tokens().issuer())
            .audience(Self::CLIENT)
            .ttl(std::time::Duration::from_secs(3600))
            .clock(clock.clone());
        let keys = Arc::new(Keys(LiveKeys::new(&[Algorithm::RS256])));
        let entra = Self { mint, clock, keys };
        entra.set_down(false);
        entra
    }

    /// What its ID tokens must say.
    pub fn id_tokens() -> EntraIdTokens {
        EntraIdTokens::new(Self::TENANT, Self::CLIENT).expect("ids")
    }

    /// The accounts of `people` that are linked to its users.
    pub fn single_sign_on(&self, people: People) -> SingleSignOn {
        SingleSignOn::new(self.verifier(), Self::id_tokens(), people)
    }

    /// A verifier of its tokens, whatever they are for.
    pub fn verifier(&self) -> Verifier {
        Verifier::builder()
            .keys_from(Arc::clone(&self.keys))
            .issuer(Self::id_tokens().issuer())
            .audience(Self::CLIENT)
            .clock(self.clock.clone())
            .build()
            .expect("a sound verifier")
    }

    /// Makes its keys unavailable, or available again.
    pub fn set_down(&self, down: bool) {
        let forever = Timestamp::from_millis(i64::MAX);
        let terms = KeyTerms {
            settled_until: forever,
            good_until: forever,
        };
        if down {
            self.keys.0.withdraw();
        } else {
            self.keys.0.publish(self.mint.keys(), terms);
        }
    }

    /// An ID token of the object with this id, to be changed and built.
    pub fn token(&self, object: &str) -> Draft {
        self.mint
            .token(&format!("pairwise subject of {object}"))
            .header("typ", "JWT")
            .without("client_id")
            .claim("ver", "2.0")
            .claim("tid", Self::TENANT)
            .claim("oid", object)
            .claim("nbf", self.mint.now())
            .claim("nonce", "of-this-browser")
            .claim("preferred_username", "robot")
            .claim("email", "robot@example.com")
    }
}

impl KeySource for Keys {
    fn keys(&self) -> &LiveKeys {
        &self.0
    }

    fn missing(&self) -> MissingKey {
        MissingKey::Unavailable(KeysUnavailable {
            retry_after: std::time::Duration::from_secs(2),
        })
    }
}
