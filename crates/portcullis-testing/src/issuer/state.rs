//! All that an issuer knows, behind one lock.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use portcullis::{
    jose::SigningKey,
    time::{Clock as _, SharedClock},
};
use serde_json::{Map, Value, json};

use super::{
    answer::Answer,
    clients::Clients,
    gate::Barrier,
    grants::GRANT_TYPES,
    keys::IssuerKeys,
    layout::{Endpoint, Layout},
    requests::ReceivedRequest,
    signal::Signal,
    tokens::Tokens,
};
use crate::mint::Mint;

/// What handle and server share.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) layout: Layout,
    pub(super) tokens: TokenSettings,
    pub(super) signal: Signal,
}

/// What is the same in all of its tokens.
pub(super) struct TokenSettings {
    pub(super) audience: Arc<str>,
    pub(super) ttl: Duration,
    pub(super) clock: SharedClock,
}

pub(super) struct State {
    pub(super) keys: IssuerKeys,
    pub(super) tokens: Tokens,
    pub(super) clients: Clients,
    /// Members of the metadata that are other than usual.
    pub(super) metadata: Map<String, Value>,
    /// Members that are left out.
    pub(super) without: Vec<String>,
    pub(super) requests: Vec<ReceivedRequest>,
    pub(super) connections: usize,
    routes: HashMap<String, Route>,
}

/// What is to happen at a path.
#[derive(Default)]
struct Route {
    gate: Option<Arc<Barrier>>,
    /// The token without which nothing is answered.
    bearer: Option<String>,
    next: VecDeque<Answer>,
    always: Option<Answer>,
}

impl Shared {
    pub(super) fn new(layout: Layout, tokens: TokenSettings, signal: Signal, state: State) -> Self {
        Self {
            state: Mutex::new(state),
            layout,
            tokens,
            signal,
        }
    }

    /// The state; a change of it is seen whole or not at all. A test that
    /// failed in the midst of one is over.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its time now, in seconds since the epoch.
    pub(super) fn now(&self) -> i64 {
        self.tokens.clock.now().as_secs()
    }

    /// A mint of its tokens that signs with `key`.
    pub(super) fn mint(&self, key: SigningKey) -> Mint {
        Mint::with_key(key)
            .issuer(self.layout.name())
            .audience(Arc::clone(&self.tokens.audience))
            .clock(self.tokens.clock.clone())
            .ttl(self.tokens.ttl)
    }

    /// The metadata document (OpenID Connect Discovery 1.0 section 3, RFC 8414
    /// section 2).
    pub(super) fn metadata(&self, state: &State) -> Value {
        let authorize = format!("{}/authorize", self.layout.path.trim_end_matches('/'));
        let document = json!({
            "issuer": self.layout.name(),
            "jwks_uri": self.layout.url_of(&Endpoint::Keys),
            "introspection_endpoint": self.layout.url_of(&Endpoint::Introspection),
            "authorization_endpoint": self.layout.url_of(&authorize.into()),
            "token_endpoint": self.layout.url_of(&Endpoint::Token),
            "response_types_supported": ["code"],
            "grant_types_supported": GRANT_TYPES,
            "token_endpoint_auth_methods_supported": CLIENT_AUTH,
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "profile"],
            "id_token_signing_alg_values_supported": state.keys.algorithms(),
            "introspection_endpoint_auth_methods_supported": CLIENT_AUTH,
            "code_challenge_methods_supported": ["S256"],
            "backchannel_logout_supported": true,
            "x_made_by": "portcullis-testing",
        });
        let Value::Object(mut document) = document else {
            return document;
        };
        document.extend(state.metadata.clone());
        document.retain(|name, _| !state.without.contains(name));
        Value::Object(document)
    }
}

/// The ways by which clients may say who they are.
const CLIENT_AUTH: [&str; 3] = [
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
];

/// Shows none of the tokens that it knows.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

impl State {
    pub(super) fn new(keys: IssuerKeys, clients: Clients) -> Self {
        Self {
            keys,
            tokens: Tokens::default(),
            clients,
            metadata: Map::new(),
            without: Vec::new(),
            requests: Vec::new(),
            connections: 0,
            routes: HashMap::new(),
        }
    }

    /// How many requests have come to a path.
    pub(super) fn count(&self, path: &str) -> usize {
        let at_path = self.requests.iter().filter(|one| one.path() == path);
        at_path.count()
    }

    pub(super) fn gate(&self, path: &str) -> Option<Arc<Barrier>> {
        self.routes.get(path)?.gate.clone()
    }

    pub(super) fn set_gate(&mut self, path: String, gate: Arc<Barrier>) {
        self.routes.entry(path).or_default().gate = Some(gate);
    }

    /// Whether a path may be asked with this `Authorization`.
    pub(super) fn admits(&self, path: &str, authorization: Option<&str>) -> bool {
        let route = self.routes.get(path);
        let Some(bearer) = route.and_then(|route| route.bearer.as_deref()) else {
            return true;
        };
        let sent = authorization.and_then(|value| value.split_once(' '));
        sent.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && token.trim() == bearer
        })
    }

    pub(super) fn require_bearer(&mut self, path: String, token: &str) {
        self.routes.entry(path).or_default().bearer = Some(token.to_owned());
    }

    /// What is to be answered at a path now, which counts as answered.
    pub(super) fn take_answer(&mut self, path: &str) -> Option<Answer> {
        let route = self.routes.get_mut(path)?;
        route.next.pop_front().or_else(|| route.always.clone())
    }

    pub(super) fn answer_next(&mut self, path: String, answer: Answer) {
        self.routes.entry(path).or_default().next.push_back(answer);
    }

    pub(super) fn answer_always(&mut self, path: String, answer: Option<Answer>) {
        let route = self.routes.entry(path).or_default();
        route.next.clear();
        route.always = answer;
    }
}
