//! The handle of a running issuer.

use std::{net::SocketAddr, sync::Arc};

use portcullis::jose::{KeySet, SigningKey};
use serde_json::Value;

use super::{
    answer::Answer,
    gate::Gate,
    keys::{IssuerKeys, generate},
    layout::Endpoint,
    requests::ReceivedRequest,
    server::Server,
    signal::Arrival,
    state::Shared,
    tokens::inactive,
};
use crate::mint::{Draft, Mint};

/// An issuer on loopback: metadata, keys and introspection by HTTP.
///
/// It has a thread and a runtime of its own, so that it serves tests with and
/// without one, and ends when it is dropped. All of its methods take effect at
/// once: what is asked for afterwards is answered accordingly.
///
/// See the [module](super) for an example.
#[derive(Debug)]
pub struct FakeIssuer {
    // Ends before what it serves.
    server: Server,
    shared: Arc<Shared>,
    address: SocketAddr,
}

/// Where it is.
impl FakeIssuer {
    pub(super) fn new(server: Server, shared: Arc<Shared>, address: SocketAddr) -> Self {
        Self {
            server,
            shared,
            address,
        }
    }

    /// Its name, `iss` of its tokens: its URL, unless it was given another.
    pub fn name(&self) -> String {
        self.shared.layout.name()
    }

    /// Its URL, with the path as it was given.
    pub fn url(&self) -> String {
        self.shared.layout.url()
    }

    /// The address and port it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of an endpoint.
    ///
    /// # Panics
    ///
    /// If it has none: the metadata of an issuer without discovery.
    pub fn url_of(&self, endpoint: impl Into<Endpoint>) -> String {
        let url = self.shared.layout.url_of(&endpoint.into());
        url.expect("the issuer has metadata")
    }

    /// The URL of the metadata document.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn metadata_url(&self) -> String {
        self.url_of(Endpoint::Metadata)
    }

    /// The URL of the key set, which is `jwks_uri` unless the metadata was told
    /// otherwise.
    pub fn keys_url(&self) -> String {
        self.url_of(Endpoint::Keys)
    }

    /// The URL of token introspection.
    pub fn introspection_url(&self) -> String {
        self.url_of(Endpoint::Introspection)
    }

    /// The URL at which its clients get tokens.
    pub fn token_url(&self) -> String {
        self.url_of(Endpoint::Token)
    }
}

/// Keys and tokens.
impl FakeIssuer {
    /// Looks at the keys or changes them: a change is seen as a whole.
    ///
    /// `change` must not use the issuer, which waits for it.
    pub fn keys<T>(&self, change: impl FnOnce(&mut IssuerKeys) -> T) -> T {
        change(&mut self.shared.lock().keys)
    }

    /// Signs with a new key from now on, published beside those before it.
    /// Answers its name, which is its `kid`.
    ///
    /// A verifier that has fetched the keys less than five seconds ago believes that
    /// there are no others, and refuses tokens of the new one: turn its clock on
    /// before.
    pub fn roll(&self) -> String {
        self.keys(IssuerKeys::roll)
    }

    /// The key that it signs with.
    pub fn signing_key(&self) -> SigningKey {
        self.keys(|keys| keys.current())
    }

    /// The key that it signed with before.
    ///
    /// # Panics
    ///
    /// If it has signed with no other.
    pub fn previous_key(&self) -> SigningKey {
        self.keys(|keys| keys.previous())
    }

    /// A new key, of the algorithm it signs with, that it never publishes.
    pub fn unknown_key(&self) -> SigningKey {
        generate(self.signing_key().algorithm())
    }

    /// The keys it publishes, for a verifier that fetches nothing.
    pub fn key_set(&self) -> KeySet {
        self.keys(|keys| keys.key_set())
    }

    /// A mint that signs as it does at present.
    pub fn mint(&self) -> Mint {
        self.shared.mint(self.signing_key())
    }

    /// A token for `subject`, signed as at present, to be changed and
    /// [built](Draft::build). Of another key it is
    /// [`signed_by`](Draft::signed_by) that.
    pub fn token(&self, subject: &str) -> Draft {
        self.mint().token(subject)
    }

    /// A log-out token for `subject` (OpenID Connect Back-Channel Logout 1.0
    /// section 2.4), as [`Mint::logout_token`].
    pub fn logout_token(&self, subject: &str) -> Draft {
        self.mint().logout_token(subject)
    }
}

/// Introspection (RFC 7662).
///
/// Without being told anything it answers with the claims of its own tokens
/// until they expire, and `{"active":false}` of all others.
impl FakeIssuer {
    /// A token of no meaning, of which introspection answers the claims of
    /// `draft`.
    pub fn opaque(&self, draft: &Draft) -> String {
        self.shared.lock().tokens.opaque(&draft.claims_json())
    }

    /// What introspection says of a token from now on, be it nonsense.
    pub fn introspect_as(&self, token: &str, answer: impl Into<Value>) {
        self.shared.lock().tokens.set(token, answer.into());
    }

    /// From now on introspection says that a token is not active.
    pub fn revoke(&self, token: &str) {
        self.introspect_as(token, inactive());
    }
}

/// Misbehaving.
impl FakeIssuer {
    /// Sets a member of the metadata: another `issuer`, `jwks_uri` elsewhere,
    /// or one that nobody knows.
    pub fn set_metadata(&self, member: &str, value: impl Into<Value>) {
        let mut state = self.shared.lock();
        state.without.retain(|other| other != member);
        state.metadata.insert(member.to_owned(), value.into());
    }

    /// Leaves a member out of the metadata.
    pub fn unset_metadata(&self, member: &str) {
        self.shared.lock().without.push(member.to_owned());
    }

    /// An endpoint asks for this bearer token from now on and answers 401
    /// without it, as Kubernetes does for its metadata and keys.
    pub fn require_bearer(&self, endpoint: impl Into<Endpoint>, token: &str) {
        let path = self.path_of(endpoint);
        self.shared.lock().require_bearer(path, token);
    }

    /// How an endpoint answers from now on; answers that were told for the
    /// [next](Self::answer_once) requests are forgotten.
    pub fn answer(&self, endpoint: impl Into<Endpoint>, answer: Answer) {
        let path = self.path_of(endpoint);
        self.shared.lock().answer_always(path, Some(answer));
    }

    /// How an endpoint answers the next request; told several times, those
    /// after it.
    pub fn answer_once(&self, endpoint: impl Into<Endpoint>, answer: Answer) {
        let path = self.path_of(endpoint);
        self.shared.lock().answer_next(path, answer);
    }

    /// An endpoint answers as if nothing had been told.
    pub fn answer_as_usual(&self, endpoint: impl Into<Endpoint>) {
        let path = self.path_of(endpoint);
        self.shared.lock().answer_always(path, None);
    }

    /// Holds all requests to an endpoint until the gate is opened; what they
    /// are answered is decided then. A gate that held them before does so no
    /// longer for new ones.
    ///
    /// To decide first and hold the answer, use [`Answer::held_after`].
    pub fn hold(&self, endpoint: impl Into<Endpoint>) -> Gate {
        let gate = self.gate();
        let path = self.path_of(endpoint);
        self.shared.lock().set_gate(path, gate.barrier());
        gate
    }

    /// A gate for [`Answer::held_after`].
    pub fn gate(&self) -> Gate {
        Gate::new(self.shared.signal.clone())
    }

    /// Stops listening and closes all connections. The port stays its own.
    ///
    /// # Panics
    ///
    /// If its thread has ended.
    pub fn go_offline(&self) {
        let done = self.server.listen(false);
        done.expect("the fake issuer is running");
    }

    /// Listens again, on the same port.
    ///
    /// # Panics
    ///
    /// If somebody has taken the port, which systems other than Linux may allow.
    pub fn go_online(&self) {
        let done = self.server.listen(true);
        done.expect("the port is still free");
    }
}

/// What it was asked.
impl FakeIssuer {
    /// How many requests to an endpoint have come, those that wait included.
    pub fn count(&self, endpoint: impl Into<Endpoint>) -> usize {
        let path = self.path_of(endpoint);
        self.shared.lock().count(&path)
    }

    /// Waits until `count` requests to an endpoint have come, since it was
    /// started.
    pub fn arrived(&self, endpoint: impl Into<Endpoint>, count: usize) -> Arrival {
        let path = self.path_of(endpoint);
        let what = format!("requests to {path}");
        let shared = Arc::clone(&self.shared);
        let counted = move || shared.lock().count(&path);
        self.shared.signal.arrival(count, what, counted)
    }

    /// All requests in the order they came.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.lock().requests.clone()
    }

    /// The requests to an endpoint, in the order they came.
    pub fn requests_to(&self, endpoint: impl Into<Endpoint>) -> Vec<ReceivedRequest> {
        let path = self.path_of(endpoint);
        let mut requests = self.requests();
        requests.retain(|request| request.path() == path);
        requests
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    fn path_of(&self, endpoint: impl Into<Endpoint>) -> String {
        let path = self.shared.layout.path_of(&endpoint.into());
        path.expect("the issuer has metadata")
    }
}
