//! Who may ask for introspection, and how they show that they may.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use http::{HeaderMap, header};
use portcullis::{
    jose::{Algorithm, KeySet},
    time::SharedClock,
    verify::Verifier,
};

/// `client_assertion_type` of RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that authenticated itself, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// By `client_secret_basic` (RFC 6749 section 2.3.1).
    Basic {
        /// Its `client_id`.
        id: String,
    },
    /// By `client_secret_post` (RFC 6749 section 2.3.1).
    Post {
        /// Its `client_id`.
        id: String,
    },
    /// By `private_key_jwt` (RFC 7523, OpenID Connect Core 1.0 section 9).
    PrivateKeyJwt {
        /// Its `client_id`.
        id: String,
        /// The algorithm of the assertion.
        algorithm: Algorithm,
    },
}

impl ClientAuth {
    /// The `client_id`.
    pub fn id(&self) -> &str {
        match self {
            Self::Basic { id } | Self::Post { id } | Self::PrivateKeyJwt { id, .. } => id,
        }
    }
}

/// The clients that there are.
#[derive(Default)]
pub(super) struct Clients {
    credentials: HashMap<String, Credentials>,
    /// Ids of assertions that were seen, none of which may come again.
    assertions: HashSet<String>,
}

#[derive(Clone)]
enum Credentials {
    Secret(String),
    Keys(KeySet),
}

impl Clients {
    pub(super) fn add_secret(&mut self, id: &str, secret: &str) {
        let credentials = Credentials::Secret(secret.to_owned());
        self.credentials.insert(id.to_owned(), credentials);
    }

    pub(super) fn add_keys(&mut self, id: &str, keys: KeySet) {
        let credentials = Credentials::Keys(keys);
        self.credentials.insert(id.to_owned(), credentials);
    }

    /// Who asks. An assertion may be meant for any of `audiences`.
    pub(super) fn authenticate(
        &mut self,
        headers: &HeaderMap,
        body: &[u8],
        audiences: &[String],
        clock: &SharedClock,
    ) -> Option<ClientAuth> {
        let field = |name: &str| {
            form_urlencoded::parse(body)
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.into_owned())
        };
        let basic = basic(headers);
        let post = field("client_secret");
        let assertion = field("client_assertion");
        // More than one way is an error (RFC 6749 section 2.3).
        match (basic, post, assertion) {
            (Some((id, secret)), None, None) => {
                self.knows(&id, &secret).then_some(ClientAuth::Basic { id })
            }
            (None, Some(secret), None) => {
                let id = field("client_id")?;
                self.knows(&id, &secret).then_some(ClientAuth::Post { id })
            }
            (None, None, Some(assertion)) => {
                let is_jwt = field("client_assertion_type").as_deref() == Some(JWT_BEARER);
                let client = self.assertion(&assertion, audiences, clock)?;
                let named = field("client_id");
                (is_jwt && named.is_none_or(|id| id == client.id())).then_some(client)
            }
            _ => None,
        }
    }

    fn knows(&self, id: &str, secret: &str) -> bool {
        matches!(self.credentials.get(id), Some(Credentials::Secret(own)) if own == secret)
    }

    /// RFC 7523 section 3, with the `jti` that OpenID Connect asks for.
    fn assertion(
        &mut self,
        assertion: &str,
        audiences: &[String],
        clock: &SharedClock,
    ) -> Option<ClientAuth> {
        for (id, credentials) in &self.credentials {
            let Credentials::Keys(keys) = credentials else {
                continue;
            };
            let verifier = Verifier::builder()
                .keys(keys.clone())
                .issuer(id.as_str())
                .audiences(audiences.iter().map(String::as_str))
                .require_claims(["sub", "jti"])
                .clock(clock.clone())
                .build();
            let verifier = verifier.expect("clients and audiences have names");
            let Ok(token) = verifier.verify_now(assertion.as_bytes()) else {
                continue;
            };
            if token.subject_name() != Some(id) {
                return None;
            }
            let is_new = self.assertions.insert(token.token_id()?.to_owned());
            let algorithm = algorithm_of(assertion)?;
            let id = id.clone();
            return is_new.then_some(ClientAuth::PrivateKeyJwt { id, algorithm });
        }
        None
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.credentials.keys()).finish()
    }
}

/// Id and secret of `Authorization: Basic`, each form-encoded (RFC 6749 section
/// 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64_simd::STANDARD.decode_to_vec(credentials.trim());
    let decoded = String::from_utf8(decoded.ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let plain = |text: &str| {
        let pair = form_urlencoded::parse(text.as_bytes()).next();
        pair.map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    Some((plain(id), plain(secret)))
}

/// `alg` of a token that was verified.
fn algorithm_of(token: &str) -> Option<Algorithm> {
    let (header, _) = token.split_once('.')?;
    let mut bytes = Vec::new();
    portcullis::jose::decode_segment(header.as_bytes(), &mut bytes).ok()?;
    let header: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    Algorithm::from_name(header.get("alg")?.as_str()?)
}
