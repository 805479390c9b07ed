//! A session API in JSON.

use crate::{
    challenge::Realm,
    endpoint::{
        answer::Constants,
        dialect::{Dialect, Style},
        input::Encoding,
        name::Name,
        route::{
            Action, ApplicationTokenRoute, LoginRoute, Methods, RefreshRoute, Route,
            SingleSignOnRoute, TokenOutput, TokenSource,
        },
        single_sign_on::SingleSignOn,
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
/// | `POST /api/users/sso`, where it is [switched on](Self::single_sign_on) | an ID token of Microsoft Entra ID as Bearer | as a login |
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
    single_sign_on_path: Name,
    single_sign_on: Option<SingleSignOn>,
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
            single_sign_on_path: "/api/users/sso".into(),
            single_sign_on: None,
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

    /// Lets users of Microsoft Entra ID sign on with an ID token, at
    /// `POST /api/users/sso`.
    ///
    /// The answer is that of a login, but its access token is not fresh: nobody
    /// showed us a password. One ID token opens one session. Presented again
    /// within the grace window of the [`Sessions`], it gives the same session with
    /// the same refresh token, later 401; so does one of a session that has ended.
    /// While the keys of the provider or the store are unavailable it is 503, and
    /// the token remains good. The store must remember what may be used once
    /// ([`SessionStore::use_once`](crate::session::SessionStore::use_once)), or
    /// the answer is 500.
    pub fn single_sign_on(mut self, single_sign_on: SingleSignOn) -> Self {
        self.single_sign_on = Some(single_sign_on);
        self
    }

    /// Where to sign on with another provider's token.
    pub fn single_sign_on_path(mut self, path: impl Into<Name>) -> Self {
        self.single_sign_on_path = path.into();
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

    pub(in crate::endpoint) fn routes(self) -> Vec<Route> {
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
        let failed = Dialect {
            realm: self.realm,
            style: Style::Bearer(login_is(false)),
        };
        let single_sign_on = self.single_sign_on.map(|single_sign_on| Route {
            path: self.single_sign_on_path,
            methods: Methods::Post,
            dialect: failed.clone(),
            retry_after,
            action: Action::SingleSignOn(SingleSignOnRoute {
                sessions: self.sessions.clone(),
                single_sign_on,
                output: login.output.clone(),
            }),
        });
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
        let mut routes = vec![
            Route {
                path: self.login_path,
                methods: Methods::Post,
                dialect: failed,
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
        ];
        routes.extend(single_sign_on);
        routes
    }
}

fn login_is(good: bool) -> Constants {
    Constants::from([("login".into(), good.into())])
}
