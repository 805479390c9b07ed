//! A session API in JSON.

use crate::{
    challenge::Realm,
    endpoint::{
        answer::Constants,
        dialect::{Dialect, Style},
        input::Encoding,
        name::Name,
        route::{
            Action, ApplicationTokenRoute, LoginRoute, Methods, RefreshRoute, Route, TokenOutput,
            TokenSource,
        },
    },
    session::Sessions,
};

/// A session API in JSON: login by user name and password, a refresh token
/// that stays good until it expires, tokens for applications that never do.
///
/// | route | request | answer |
/// |---|---|---|
/// | `POST /api/users/login` | JSON `username`, `password` | `login`, `accessToken`, `refreshToken` |
/// | `POST`, `GET /api/users/refresh` | the refresh token as Bearer | `accessToken` |
/// | `POST /api/users/application-token` | the same, of an account of type application | `token` |
///
/// A refresh by `GET` issues a token, so `HEAD` is answered 405 there.
///
/// Its [`Sessions`] are to issue tokens of
/// [`TokenShape::session`](crate::issue::TokenShape::session) and to
/// keep refresh tokens as they are. If they rotate all the same, the answer to
/// a refresh has the next refresh token, too.
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is given to `Endpoints::builder`"]
pub struct SessionApi {
    sessions: Sessions,
    realm: Realm,
    login_path: Name,
    refresh_path: Name,
    application_token_path: Name,
    fields: [Name; 2],
    members: [Name; 2],
}

impl SessionApi {
    /// The API at its documented paths.
    pub fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            realm: Realm::default(),
            login_path: "/api/users/login".into(),
            refresh_path: "/api/users/refresh".into(),
            application_token_path: "/api/users/application-token".into(),
            fields: ["username".into(), "password".into()],
            members: ["accessToken".into(), "refreshToken".into()],
        }
    }

    /// The realm of its challenges.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realm = realm;
        self
    }

    /// Where to log in.
    pub fn login_path(mut self, path: impl Into<Name>) -> Self {
        self.login_path = path.into();
        self
    }

    /// Where to refresh.
    pub fn refresh_path(mut self, path: impl Into<Name>) -> Self {
        self.refresh_path = path.into();
        self
    }

    /// Where to get application tokens.
    pub fn application_token_path(mut self, path: impl Into<Name>) -> Self {
        self.application_token_path = path.into();
        self
    }

    /// The names of the fields of a login.
    pub fn login_fields(mut self, name: impl Into<Name>, secret: impl Into<Name>) -> Self {
        self.fields = [name.into(), secret.into()];
        self
    }

    /// The names under which tokens are answered.
    pub fn token_members(mut self, access: impl Into<Name>, refresh: impl Into<Name>) -> Self {
        self.members = [access.into(), refresh.into()];
        self
    }

    pub(in crate::endpoint) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(in crate::endpoint) fn routes(self) -> [Route; 3] {
        let dialect = Dialect::bearer(self.realm.clone());
        let retry_after = self.sessions.retry_after();
        let [name, secret] = self.fields;
        let [access, refresh] = self.members;
        let output = TokenOutput {
            envelope: None,
            constants: Constants::new(),
            access,
            refresh: Some(refresh),
            expires_in: None,
            scope: None,
        };
        let login = LoginRoute {
            sessions: self.sessions.clone(),
            encoding: Encoding::Json,
            name,
            secret,
            output: TokenOutput {
                constants: login_is(true),
                ..output.clone()
            },
        };
        let failed = Style::Bearer(login_is(false));
        let refresh = RefreshRoute {
            sessions: self.sessions.clone(),
            source: TokenSource::Bearer,
            with_clients: false,
            output,
        };
        let application = ApplicationTokenRoute {
            sessions: self.sessions,
            member: "token".into(),
        };
        [
            Route {
                path: self.login_path,
                methods: Methods::Post,
                dialect: Dialect {
                    realm: self.realm,
                    style: failed,
                },
                retry_after,
                action: Action::Login(login),
            },
            Route {
                path: self.refresh_path,
                methods: Methods::GetAndPost,
                dialect: dialect.clone(),
                retry_after,
                action: Action::Refresh(refresh),
            },
            Route {
                path: self.application_token_path,
                methods: Methods::Post,
                dialect,
                retry_after,
                action: Action::ApplicationToken(application),
            },
        ]
    }
}

fn login_is(good: bool) -> Constants {
    Constants::from([("login".into(), good.into())])
}
