//! Putting the endpoints together.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use http::HeaderName;

use super::{
    accounts::Accounts,
    actions::{NoAddress, Services, key_set},
    api::{ApiKeyApi, PasswordGrantApi, SessionApi},
    dialect::Dialect,
    erased::DynAccounts,
    name::Name,
    protected_route::{Access, ProtectedRoute},
    route::{Action, BackchannelLogoutRoute, Methods, Route},
    router::Endpoints,
};
use crate::{
    ConfigError,
    challenge::Realm,
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
    accounts: DynAccounts,
    realm: Realm,
    sessions: Vec<Sessions>,
    refresh_headers: Vec<HeaderName>,
    routes: Vec<Route>,
    common: Vec<(Name, Common)>,
    logouts: Vec<(Name, BackchannelLogoutRoute)>,
}

/// Routes that belong to no API; they know all of them.
enum Common {
    Logout,
    LogoutAll(Access),
    Sessions(Access),
    KeySet,
}

impl Common {
    const fn methods(&self) -> Methods {
        match self {
            Self::Logout | Self::LogoutAll(_) => Methods::Post,
            Self::Sessions(_) | Self::KeySet => Methods::Get,
        }
    }

    fn action(self, sessions: &[Sessions]) -> Action {
        match self {
            Self::Logout => Action::Logout,
            Self::LogoutAll(access) => Action::LogoutAll(access),
            Self::Sessions(access) => Action::Sessions(access),
            Self::KeySet => Action::KeySet(key_set::body(sessions)),
        }
    }
}

impl Endpoints {
    /// Starts with no endpoints; `accounts` says who is who.
    pub fn builder(accounts: impl Accounts) -> EndpointsBuilder {
        EndpointsBuilder {
            accounts: DynAccounts::new(accounts),
            realm: Realm::default(),
            sessions: Vec::new(),
            refresh_headers: Vec::new(),
            routes: Vec::new(),
            common: Vec::new(),
            logouts: Vec::new(),
        }
    }
}

impl EndpointsBuilder {
    /// Adds a session API in JSON.
    pub fn session_api(mut self, api: SessionApi) -> Self {
        self.sessions.push(api.sessions().clone());
        self.routes.extend(api.routes());
        self
    }

    /// Adds an API-key API.
    pub fn api_key_api(mut self, api: ApiKeyApi) -> Self {
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

    /// `POST /logout`, `POST /logout/all`, `GET /sessions` and
    /// `GET /.well-known/jwks.json`.
    pub fn common_routes(self) -> Self {
        self.logout("/logout")
            .logout_all("/logout/all")
            .sessions("/sessions")
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
    /// exchange of the refresh token.
    pub fn sessions(self, route: impl Into<ProtectedRoute>) -> Self {
        let ProtectedRoute { path, access } = route.into();
        self.common(path, Common::Sessions(access))
    }

    /// `GET`: the public keys of all APIs (RFC 7517 section 5). Secret keys
    /// are left out.
    pub fn key_set(self, path: impl Into<Name>) -> Self {
        self.common(path, Common::KeySet)
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
    /// If there is no API, the APIs do not share their
    /// [`Revocations`](crate::session::Revocations), two endpoints share a path
    /// (but for the grants of [`PasswordGrantApi::token_path`]), or the access
    /// tokens of two APIs cannot be told apart by issuer and audience; if a path
    /// does not begin with a slash, or has other characters than a path may have
    /// unescaped (RFC 3986 section 3.3): frameworks take them for patterns.
    pub fn build(mut self) -> Result<Endpoints, ConfigError> {
        if self.sessions.is_empty() {
            return Err(ConfigError::new(
                "there are no endpoints without an API: add one, such as `session_api`",
            ));
        }
        if !one_snapshot(&self.sessions) {
            return Err(ConfigError::new(
                "the APIs have different snapshots of revocations: a log-out would reach one of \
                 them only; build their `Sessions` with clones of one `Revocations`",
            ));
        }
        let mut snapshots = self.logouts.iter().map(|(_, route)| &route.revocations);
        let own = self.sessions.first().map(Sessions::revocations);
        if own.is_some_and(|own| !snapshots.all(|snapshot| snapshot.is_same(own))) {
            return Err(ConfigError::new(
                "back-channel log-outs go to another snapshot of revocations than those of the \
                 APIs: give `backchannel_logout` a clone of theirs",
            ));
        }
        let verifier = verifier(&self.sessions)?;
        if self.refresh_headers.is_empty() {
            let usual = HeaderName::from_static(REFRESH_TOKEN);
            self.refresh_headers.push(usual);
        }
        self.refresh_headers
            .sort_by(|a, b| a.as_str().cmp(b.as_str()));
        self.refresh_headers.dedup();
        let soonest = self.routes.iter().map(|route| route.retry_after).min();
        let mut routes = self.routes;
        for (path, what) in self.common {
            routes.push(Route {
                path,
                methods: what.methods(),
                dialect: Dialect::bearer(self.realm.clone()),
                retry_after: soonest.unwrap_or(Duration::from_secs(1)),
                action: what.action(&self.sessions),
            });
        }
        for (path, route) in self.logouts {
            routes.push(Route {
                path,
                methods: Methods::Post,
                dialect: Dialect::bearer(self.realm.clone()),
                retry_after: soonest.unwrap_or(Duration::from_secs(1)),
                action: Action::BackchannelLogout(route),
            });
        }
        let services = Services {
            accounts: self.accounts,
            verifier,
            sessions: self.sessions,
            refresh_headers: self.refresh_headers,
            no_address: NoAddress::default(),
        };
        Ok(Endpoints::new(by_path(routes)?, services))
    }
}

fn by_path(routes: Vec<Route>) -> Result<BTreeMap<Name, Arc<Route>>, ConfigError> {
    let mut found = BTreeMap::new();
    for route in routes {
        let path = route.path.clone();
        if !path.starts_with('/') {
            return Err(ConfigError::new(format!(
                "the path `{path}` does not begin with a slash"
            )));
        }
        if !path.bytes().all(is_path_byte) {
            return Err(ConfigError::new(format!(
                "the path `{path}` has characters that are not a path's"
            )));
        }
        if let Some(other) = found.insert(path, Arc::new(route)) {
            return Err(ConfigError::new(format!(
                "two endpoints have the path `{}`",
                other.path
            )));
        }
    }
    Ok(found)
}

/// `pchar` of RFC 3986 section 3.3 without its escapes, or a slash.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
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
