//! Putting the endpoints together.

use std::{collections::BTreeSet, fmt, mem, sync::Arc, time::Duration};

use http::HeaderName;

use super::{
    accounts::Accounts,
    actions::{NoAddress, Services},
    api::{ApiKeyApi, CookieApi, PasswordGrantApi, SessionApi},
    common_route::Common,
    dialect::Dialect,
    documents::{Discovery, Document, Lifetime, Mount, Place, Published, ResourceMetadata},
    erased::DynAccounts,
    name::Name,
    no_accounts::NoAccounts,
    paths::{by_path, check_path},
    protected_route::ProtectedRoute,
    route::{Action, BackchannelLogoutRoute, Methods, Route},
    router::Endpoints,
};
use crate::{
    ConfigError,
    challenge::{Realm, RefusalFormat},
    claims::TokenShape,
    cookies::MountedCookies,
    credentials::REFRESH_TOKEN,
    session::{Revocations, Sessions},
    verify::{LogoutVerifier, Verifier},
};

/// Builds [`Endpoints`]: APIs, each with its own [`Sessions`], and what they
/// have in common.
///
/// The `Sessions` of all APIs must share one snapshot of revocations, and with
/// it the store, or a log-out would reach some of them only.
#[must_use = "does nothing until built"]
pub struct EndpointsBuilder {
    accounts: Option<DynAccounts>,
    realm: Realm,
    sessions: Vec<Sessions>,
    cookie_apis: Vec<CookieApi>,
    /// Those at whose logins no client is named.
    without_clients: Vec<Sessions>,
    refresh_headers: Vec<HeaderName>,
    routes: Vec<Route>,
    common: Vec<(Name, Common)>,
    discoveries: Vec<Discovery>,
    resources: Vec<ResourceMetadata>,
    mount: Mount,
    lifetime: Lifetime,
    logouts: Vec<(Name, BackchannelLogoutRoute)>,
    format: RefusalFormat,
}

impl Endpoints {
    /// Starts with no endpoints; `accounts` says who is who.
    pub fn builder(accounts: impl Accounts) -> EndpointsBuilder {
        EndpointsBuilder::new(Some(DynAccounts::new(accounts)))
    }

    /// Starts with no endpoints and nobody who could log in: for services that
    /// take tokens of others and say so, by [`EndpointsBuilder::resource`], or hear
    /// of log-outs there, by [`EndpointsBuilder::backchannel_logout`].
    pub fn without_accounts() -> EndpointsBuilder {
        EndpointsBuilder::new(None)
    }
}

impl EndpointsBuilder {
    fn new(accounts: Option<DynAccounts>) -> Self {
        Self {
            accounts,
            realm: Realm::default(),
            sessions: Vec::new(),
            cookie_apis: Vec::new(),
            without_clients: Vec::new(),
            refresh_headers: Vec::new(),
            routes: Vec::new(),
            common: Vec::new(),
            discoveries: Vec::new(),
            resources: Vec::new(),
            mount: Mount::default(),
            lifetime: Lifetime::default(),
            logouts: Vec::new(),
            format: RefusalFormat::default(),
        }
    }

    /// Adds a session API in JSON.
    pub fn session_api(mut self, api: SessionApi) -> Self {
        self.without_clients.push(api.sessions().clone());
        self.sessions.push(api.sessions().clone());
        self.routes.extend(api.routes());
        self
    }

    /// Adds an API-key API.
    pub fn api_key_api(mut self, api: ApiKeyApi) -> Self {
        self.without_clients.push(api.sessions().clone());
        self.sessions.push(api.sessions().clone());
        self.routes.extend(api.routes());
        self
    }

    /// Adds an OAuth API with the password grant.
    pub fn password_grant_api(mut self, api: PasswordGrantApi) -> Self {
        self.sessions.push(api.sessions().clone());
        self.refresh_headers.push(api.header().clone());
        self.routes.extend(api.routes());
        self
    }

    /// Adds an API for pages in a browser. There is one at most. With it, the routes
    /// of [`sessions`](Self::sessions) and [`end_session`](Self::end_session) take
    /// the access token from its cookie, too.
    pub fn cookie_api(mut self, api: CookieApi) -> Self {
        if !api.names_client() {
            self.without_clients.push(api.sessions().clone());
        }
        self.sessions.push(api.sessions().clone());
        self.cookie_apis.push(api);
        self
    }

    /// `POST /logout`, `POST /logout/all`, `GET /sessions`, `POST /sessions/end` and
    /// `GET /.well-known/jwks.json`.
    pub fn common_routes(self) -> Self {
        self.logout("/logout")
            .logout_all("/logout/all")
            .sessions("/sessions")
            .end_session("/sessions/end")
            .key_set("/.well-known/jwks.json")
    }

    /// `POST`: ends the session of the token that is presented: an access or
    /// refresh token as Bearer, or a refresh token in its header. The token may
    /// have expired, and its session may have ended. 204.
    pub fn logout(self, path: impl Into<Name>) -> Self {
        self.common(path, Common::Logout)
    }

    /// `POST`: ends all sessions of whoever presents a good access or refresh
    /// token, and removes the application tokens. 204. Application tokens do not
    /// open it unless the [`ProtectedRoute`] says so; where that has a policy,
    /// refresh tokens do not either.
    pub fn logout_all(self, route: impl Into<ProtectedRoute>) -> Self {
        let ProtectedRoute { path, access } = route.into();
        self.common(path, Common::LogoutAll(access))
    }

    /// `GET`: the live sessions of whoever presents a good access token, but for
    /// application tokens unless the [`ProtectedRoute`] says so; the newest
    /// hundred of them:
    /// `{"sessions":[{"id","client_id","created_at","last_used_at",
    /// "expires_at","device":{"user_agent","address"},"current"}]}`, the oldest
    /// first, times in seconds since the epoch. `last_used_at` is the last
    /// exchange of the refresh token. A hundred are on a page; where there are more, the
    /// answer has a `next`, which is the query parameter `after` of the next page.
    ///
    /// The token comes as Bearer, or else, where there is a
    /// [`CookieApi`], in the access cookie. A header decides over a cookie, which
    /// is not looked at then.
    pub fn sessions(self, route: impl Into<ProtectedRoute>) -> Self {
        let ProtectedRoute { path, access } = route.into();
        self.common(path, Common::Sessions(access))
    }

    /// `POST`: ends one session of whoever presents a good access token, but for
    /// application tokens unless the [`ProtectedRoute`] says so: JSON `id`, as
    /// [`sessions`](Self::sessions) lists it. 204, also where there is no such
    /// session, or it is somebody else's: whose it is, nobody is told.
    ///
    /// The token comes as there. In a cookie it is good only from a page of one's
    /// own, with the header `X-CSRF-Token`
    /// ([`CsrfProtection`](crate::csrf::CsrfProtection)); the cookies are cleared
    /// with their own session.
    pub fn end_session(self, route: impl Into<ProtectedRoute>) -> Self {
        let ProtectedRoute { path, access } = route.into();
        self.common(path, Common::EndSession(access))
    }

    /// `GET`: the public keys of all APIs (RFC 7517 section 5). Secret keys
    /// are left out. A key that comes or goes while the service runs does so with
    /// the next request.
    pub fn key_set(self, path: impl Into<Name>) -> Self {
        self.common(path, Common::KeySet)
    }

    /// `GET`: what an issuer says about itself (RFC 8414), at the places that
    /// are well known.
    pub fn discovery(mut self, discovery: Discovery) -> Self {
        self.discoveries.push(discovery);
        self
    }

    /// `GET`: what a protected resource says about itself (RFC 9728), at the
    /// place that is well known.
    pub fn resource(mut self, metadata: ResourceMetadata) -> Self {
        self.resources.push(metadata);
        self
    }

    /// How long others may keep the documents, such as the key set, in whole
    /// seconds; five minutes unless set. A new key is to be published that long
    /// before it signs.
    pub fn documents_max_age(mut self, max_age: Duration) -> Self {
        self.lifetime = Lifetime(max_age);
        self
    }

    /// The path before all others, where requests come to the endpoints without
    /// it: because a framework mounts them, or a proxy takes it away. What they
    /// publish about their own places has it.
    ///
    /// A well-known place is mostly outside of it: documents that are served from
    /// the root are [`Endpoints::outside_mount`].
    pub fn mounted_at(mut self, path: impl Into<Name>) -> Self {
        self.mount = Mount::new(path.into());
        self
    }

    /// `POST`: where an OpenID provider tells of log-outs (OpenID Connect
    /// Back-Channel Logout 1.0): a form with the field `logout_token`. What it
    /// names is written to `revocations`, and with that refused by every verifier
    /// that has them as its [status](crate::verify::VerifierBuilder::status), on
    /// every node.
    ///
    /// 200 once it is stored; 400 with an error as of OAuth for a token that is
    /// not good, and one answer for whatever reason; 503 if the store, or the keys
    /// of the provider, cannot be had, so that it is told again.
    ///
    /// Register its URL with the provider as `backchannel_logout_uri`. It is open to
    /// everybody: whoever calls must bring a signed token.
    pub fn backchannel_logout(
        mut self,
        path: impl Into<Name>,
        verifier: LogoutVerifier,
        revocations: Revocations,
    ) -> Self {
        let route = BackchannelLogoutRoute {
            verifier,
            revocations,
        };
        self.logouts.push((path.into(), route));
        self
    }

    /// What refusals look like, those of the router (404, 405, 413, 415) included.
    /// Members that all errors of a route have, such as `login` of
    /// [`SessionApi`], are in the [JSON](RefusalFormat::json) only.
    ///
    /// Errors of [`PasswordGrantApi`] and of
    /// [back-channel log-outs](Self::backchannel_logout) remain those of RFC 6749
    /// section 5.2, by which their clients know what to do, unless the format is an
    /// [own renderer](RefusalFormat::custom).
    pub fn refusal_format(mut self, format: RefusalFormat) -> Self {
        self.format = format;
        self
    }

    /// The realm of the challenges of the common routes.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realm = realm;
        self
    }

    fn common(mut self, path: impl Into<Name>, what: Common) -> Self {
        self.common.push((path.into(), what));
        self
    }

    /// Builds the endpoints.
    ///
    /// # Errors
    ///
    /// If there is no API, and more than a [resource](Self::resource); if the APIs
    /// do not share their [`Revocations`](crate::session::Revocations), two
    /// endpoints share a path (but for the grants of
    /// [`PasswordGrantApi::token_path`]), or the access tokens of two APIs cannot
    /// be told apart by issuer and audience; if a path does not begin with a slash,
    /// or has other characters than a path may have unescaped (RFC 3986 section
    /// 3.3): frameworks take them for patterns; if a [`Discovery`] is of an issuer
    /// whose tokens no API issues, or as OpenID has it without a key set; if
    /// documents may be kept for longer than the
    /// [ring](crate::issue::KeyRingBuilder::max_age) of an issuer allows; if there
    /// are two [`CookieApi`]s, or browsers would not keep its cookies; if the tokens of
    /// an API other than OAuth's had to name a client.
    pub fn build(mut self) -> Result<Endpoints, ConfigError> {
        let needs_api = !self.common.is_empty() || !self.discoveries.is_empty();
        let has_others = !self.resources.is_empty() || !self.logouts.is_empty();
        if self.sessions.is_empty() && (needs_api || !has_others) {
            return Err(ConfigError::new(
                "there are no endpoints without an API: add one, such as `session_api`",
            ));
        }
        if self.accounts.is_none() && !self.sessions.is_empty() {
            return Err(ConfigError::new(
                "the APIs need accounts: begin with `Endpoints::builder`",
            ));
        }
        let mut shapes = self.without_clients.iter().map(|own| own.issuer().shape());
        if shapes.any(TokenShape::names_client) {
            return Err(ConfigError::new(
                "tokens of RFC 9068, which an issuer makes unless told otherwise, name a client, \
                 and a login at an API other than OAuth's has none: give the `TokenIssuer` another \
                 shape, such as `TokenShape::plain()`, or a cookie API its `client`",
            ));
        }
        if let Some(path) = self.mount.path() {
            check_path(path)?;
        }
        if !one_snapshot(&self.sessions) {
            return Err(ConfigError::new(
                "the APIs have different snapshots of revocations: a log-out would reach one of \
                 them only; build their `Sessions` with clones of one `Revocations`",
            ));
        }
        let mut issuers = self.sessions.iter().map(Sessions::issuer);
        if issuers.any(|own| {
            own.ring()
                .is_some_and(|ring| ring.max_age() < self.lifetime.0)
        }) {
            return Err(ConfigError::new(
                "a key ring lets keys sign before an older key set is forgotten: build it with a \
                 `max_age` as long as that of the documents",
            ));
        }
        let verifier = match self.sessions.is_empty() {
            true => None,
            false => Some(verifier(&self.sessions)?),
        };
        let mut snapshots = self.logouts.iter().map(|(_, route)| &route.revocations);
        let own = self.sessions.first().map(Sessions::revocations);
        if own.is_some_and(|own| !snapshots.all(|snapshot| snapshot.is_same(own))) {
            return Err(ConfigError::new(
                "back-channel log-outs go to another snapshot of revocations than those of the \
                 APIs: give `backchannel_logout` a clone of theirs",
            ));
        }
        if self.refresh_headers.is_empty() {
            let usual = HeaderName::from_static(REFRESH_TOKEN);
            self.refresh_headers.push(usual);
        }
        let cookies = self.add_cookie_api()?;
        self.refresh_headers
            .sort_by(|a, b| a.as_str().cmp(b.as_str()));
        self.refresh_headers.dedup();
        let soonest = self.routes.iter().map(|route| route.retry_after).min();
        let documents = self.documents()?;
        let mut routes = self.routes;
        let mut add = |path, methods, action| {
            routes.push(Route {
                path,
                methods,
                dialect: match action {
                    Action::BackchannelLogout(_) => Dialect::oauth(self.realm.clone()),
                    _ => Dialect::bearer(self.realm.clone()),
                },
                retry_after: soonest.unwrap_or(Duration::from_secs(1)),
                action,
            });
        };
        for (path, what) in self.common {
            let methods = what.methods();
            add(path, methods, what.action(&self.sessions, self.lifetime));
        }
        let mut outside = BTreeSet::new();
        for (place, document) in documents {
            if !place.is_below {
                outside.insert(place.path.clone());
            }
            add(place.path, Methods::Get, Action::Document(document));
        }
        for (path, route) in self.logouts {
            add(path, Methods::Post, Action::BackchannelLogout(route));
        }
        let services = Services {
            accounts: self
                .accounts
                .unwrap_or_else(|| DynAccounts::new(NoAccounts)),
            verifier,
            sessions: self.sessions,
            refresh_headers: self.refresh_headers,
            cookies,
            no_address: NoAddress::default(),
            format: self.format,
            realm: self.realm,
        };
        Ok(Endpoints::new(by_path(routes)?, outside, services))
    }

    /// Its routes, now that their place is known.
    fn add_cookie_api(&mut self) -> Result<Option<Arc<MountedCookies>>, ConfigError> {
        let Some(api) = self.cookie_apis.pop() else {
            return Ok(None);
        };
        if !self.cookie_apis.is_empty() {
            return Err(ConfigError::new(
                "there are two cookie APIs: a browser has one set of cookies for a service",
            ));
        }
        let cookies = api.mounted(&self.mount)?;
        cookies.warn_if_insecure();
        self.routes.extend(api.routes(&cookies));
        Ok(Some(cookies))
    }

    /// What issuers and resources say about themselves.
    fn documents(&mut self) -> Result<Vec<(Place, Document)>, ConfigError> {
        let mut common = self.common.iter();
        let key_set = common.find(|(_, what)| matches!(what, Common::KeySet));
        let key_set = key_set.map(|(path, _)| path.as_ref());
        let mut documents = Vec::new();
        for discovery in mem::take(&mut self.discoveries) {
            let published = Published::of(discovery.issuer(), &self.routes, key_set);
            let own =
                discovery.documents(&self.mount, self.lifetime, &self.sessions, &published)?;
            documents.extend(own);
        }
        for resource in mem::take(&mut self.resources) {
            documents.extend(resource.documents(&self.mount, self.lifetime));
        }
        Ok(documents)
    }
}

/// Whether a log-out at one API is known at all others at once.
fn one_snapshot(sessions: &[Sessions]) -> bool {
    sessions.windows(2).all(|two| match two {
        [one, other] => one.revocations().is_same(other.revocations()),
        _ => true,
    })
}

/// Of the access tokens of all APIs, unless they were revoked. APIs may share an
/// issuer.
fn verifier(sessions: &[Sessions]) -> Result<Verifier, ConfigError> {
    let mut verifiers = Vec::new();
    for (index, api) in sessions.iter().enumerate() {
        let mut earlier = sessions.iter().take(index);
        if !earlier.any(|other| other.issuer().is_same(api.issuer())) {
            verifiers.push(api.verifier().build()?);
        }
    }
    Verifier::combine(verifiers)
}

impl fmt::Debug for EndpointsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointsBuilder")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
