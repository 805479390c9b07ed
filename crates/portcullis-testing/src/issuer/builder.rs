//! Settings of an issuer before it starts.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use portcullis::{
    jose::{Algorithm, KeySet, SigningKey},
    time::SharedClock,
};

use super::{
    clients::Clients,
    fake::FakeIssuer,
    keys::IssuerKeys,
    layout::{Discovery, Layout},
    server::Socket,
    signal::Signal,
    state::{Shared, State, TokenSettings},
};
use crate::mint::AUDIENCE;

/// The `client_id` that may ask for introspection and tokens unless others are named.
pub const CLIENT_ID: &str = "test-client";

/// The secret of [`CLIENT_ID`].
pub const CLIENT_SECRET: &str = "the secret of the test client";

impl FakeIssuer {
    /// An issuer with one ES256 key, OpenID discovery, and an origin without a
    /// path as its name.
    ///
    /// # Panics
    ///
    /// If there is no free port on loopback.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// An issuer of another shape.
    ///
    /// ```
    /// use portcullis_testing::issuer::{Discovery, FakeIssuer};
    ///
    /// let issuer = FakeIssuer::builder()
    ///     .path("/realms/main/")
    ///     .discovery(Discovery::OAuth)
    ///     .start();
    /// assert!(issuer.url().ends_with("/realms/main/"));
    /// assert!(issuer.metadata_url().ends_with("/.well-known/oauth-authorization-server/realms/main"));
    /// ```
    pub fn builder() -> FakeIssuerBuilder {
        FakeIssuerBuilder {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            origin: None,
            path: String::new(),
            name: None,
            discovery: Discovery::default(),
            keys_path: None,
            algorithm: Algorithm::ES256,
            key: None,
            clients: None,
            audience: AUDIENCE.into(),
            ttl: Duration::from_secs(900),
            clock: SharedClock::default(),
        }
    }
}

/// Settings of a [`FakeIssuer`] before it [starts](Self::start).
#[derive(Debug)]
#[must_use = "it is no issuer until it is started"]
pub struct FakeIssuerBuilder {
    listen: SocketAddr,
    origin: Option<String>,
    path: String,
    name: Option<String>,
    discovery: Discovery,
    keys_path: Option<String>,
    algorithm: Algorithm,
    key: Option<SigningKey>,
    clients: Option<Clients>,
    audience: Arc<str>,
    ttl: Duration,
    clock: SharedClock,
}

impl FakeIssuerBuilder {
    /// Where it listens; a free port of `127.0.0.1` unless set. From elsewhere than
    /// loopback everybody who reaches it gets tokens that its verifiers accept.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Scheme, host and port under which others reach it, in place of the address it
    /// listens at: `http://issuer:9000` between containers, for instance.
    pub fn origin(mut self, origin: &str) -> Self {
        self.origin = Some(origin.trim_end_matches('/').to_owned());
        self
    }

    /// The path of its URL: nothing, `/`, or one such as `/realms/main`, with or
    /// without a slash at the end.
    ///
    /// # Panics
    ///
    /// If it does not begin with a slash.
    pub fn path(mut self, path: &str) -> Self {
        assert!(
            path.is_empty() || path.starts_with('/'),
            "a path begins with a slash: {path}"
        );
        self.path = path.to_owned();
        self
    }

    /// Another name than its URL, for `iss` of tokens and `issuer` of the
    /// metadata: `https://sts.example/{tenantid}/`, for instance, where tokens
    /// then [say](crate::mint::Draft::claim) which tenant.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Where the metadata document is; [`Discovery::OpenId`] unless set.
    pub fn discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = discovery;
        self
    }

    /// The path of the key set; `/keys` below the issuer's unless set.
    pub fn keys_path(mut self, path: &str) -> Self {
        self.keys_path = Some(path.to_owned());
        self
    }

    /// The algorithm of the keys it makes; ES256 unless set. RSA keys take long
    /// to make: give it [one](Self::key) of [`keys`](crate::keys).
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The first key, in place of a new one; further ones are of its algorithm.
    pub fn key(mut self, key: SigningKey) -> Self {
        self.algorithm = key.algorithm();
        self.key = Some(key);
        self
    }

    /// A client that may ask for introspection and tokens with a secret, in place of
    /// [`CLIENT_ID`].
    pub fn client_with_secret(mut self, id: &str, secret: &str) -> Self {
        let clients = self.clients.get_or_insert_default();
        clients.add_secret(id, secret);
        self
    }

    /// A client that may ask for introspection and tokens by `private_key_jwt`, in
    /// place of [`CLIENT_ID`]: with assertions that are meant for the issuer, its
    /// introspection endpoint or its token endpoint.
    pub fn client_with_keys(mut self, id: &str, keys: impl Into<KeySet>) -> Self {
        let clients = self.clients.get_or_insert_default();
        clients.add_keys(id, keys.into());
        self
    }

    /// The audience of its tokens; [`AUDIENCE`] unless set.
    pub fn audience(mut self, audience: impl Into<Arc<str>>) -> Self {
        self.audience = audience.into();
        self
    }

    /// How long its tokens live; 15 minutes unless set.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Another clock than the system's, for dates in tokens and for those that
    /// introspection looks at.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// If there is no free port on loopback, or the address that it is to listen at
    /// is taken; if the first key is a shared secret.
    pub fn start(self) -> FakeIssuer {
        self.try_start().expect("the address can be listened at")
    }

    /// As [`start`](Self::start), where the [address](Self::listen) may be taken.
    ///
    /// # Errors
    ///
    /// The address cannot be listened at.
    ///
    /// # Panics
    ///
    /// If the first key is a shared secret.
    pub fn try_start(self) -> io::Result<FakeIssuer> {
        let socket = Socket::bind(self.listen)?;
        let address = socket.address();
        let layout = Layout {
            origin: self.origin.unwrap_or_else(|| format!("http://{address}")),
            path: self.path,
            name: self.name,
            discovery: self.discovery,
            keys_path: self.keys_path,
        };
        let clients = self.clients.unwrap_or_else(|| {
            let mut clients = Clients::default();
            clients.add_secret(CLIENT_ID, CLIENT_SECRET);
            clients
        });
        let state = State::new(IssuerKeys::new(self.algorithm, self.key), clients);
        let signal = Signal::new(socket.runtime());
        let tokens = TokenSettings {
            audience: self.audience,
            ttl: self.ttl,
            clock: self.clock,
        };
        let shared = Arc::new(Shared::new(layout, tokens, signal, state));
        let server = socket.serve(Arc::clone(&shared))?;
        Ok(FakeIssuer::new(server, shared, address))
    }
}
