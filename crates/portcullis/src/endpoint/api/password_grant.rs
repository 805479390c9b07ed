//! An OAuth 2.0 API with the password grant.

use http::HeaderName;

use crate::{
    challenge::Realm,
    credentials::REFRESH_TOKEN,
    endpoint::{
        dialect::{Dialect, Style},
        input::Encoding,
        route::{Action, LoginRoute, Methods, Name, RefreshRoute, Route, TokenOutput, TokenSource},
    },
    session::Sessions,
};

/// An OAuth 2.0 API with the password grant (RFC 6749 sections 4.3 and 6):
/// refresh tokens that are good once, bound to the client that got them.
///
/// | route | request | answer |
/// |---|---|---|
/// | `POST /auth/jwt/login` | form `grant_type=password`, `username`, `password`, optional `scope`, `client_id`, `client_secret` | `access_token`, `refresh_token`, `token_type`, `expires_in`, `scope` |
/// | `POST /auth/jwt/refresh` | header `refresh-token` | the same |
/// | `POST /auth/jwt/postman-refresh` | form `grant_type=refresh_token`, `refresh_token`, optional `scope`, `client_id`, `client_secret` | the same |
///
/// Clients authenticate in the form or by HTTP Basic (RFC 6749 section
/// 2.3.1); at the header route by HTTP Basic only. A login without `scope` is
/// granted none. Errors are those of RFC 6749 section 5.2.
///
/// RFC 9700 section 2.4 forbids the password grant: use it for programs of
/// your own that cannot do otherwise. Its [`Sessions`] are to issue tokens of
/// [`TokenShape::password_grant`](crate::issue::TokenShape::password_grant).
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is given to `Endpoints::builder`"]
pub struct PasswordGrantApi {
    sessions: Sessions,
    realm: Realm,
    login_path: Name,
    refresh_path: Name,
    form_refresh_path: Name,
    header: HeaderName,
}

impl PasswordGrantApi {
    /// The API at its documented paths.
    pub fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            realm: Realm::default(),
            login_path: "/auth/jwt/login".into(),
            refresh_path: "/auth/jwt/refresh".into(),
            form_refresh_path: "/auth/jwt/postman-refresh".into(),
            header: HeaderName::from_static(REFRESH_TOKEN),
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

    /// Where to refresh with the token in a header.
    pub fn refresh_path(mut self, path: impl Into<Name>) -> Self {
        self.refresh_path = path.into();
        self
    }

    /// Where to refresh with the token in a form.
    pub fn form_refresh_path(mut self, path: impl Into<Name>) -> Self {
        self.form_refresh_path = path.into();
        self
    }

    /// The header that carries the refresh token; `refresh-token` unless set.
    pub fn refresh_header(mut self, name: HeaderName) -> Self {
        self.header = name;
        self
    }

    pub(in crate::endpoint) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(in crate::endpoint) fn header(&self) -> &HeaderName {
        &self.header
    }

    pub(in crate::endpoint) fn routes(self) -> [Route; 3] {
        let dialect = Dialect {
            realm: self.realm,
            style: Style::OAuth,
        };
        let retry_after = self.sessions.retry_after();
        let route = |path, action| Route {
            path,
            methods: Methods::Post,
            dialect: dialect.clone(),
            retry_after,
            action,
        };
        let refresh = |source| {
            Action::Refresh(RefreshRoute {
                sessions: self.sessions.clone(),
                source,
                with_clients: true,
                output: output(),
            })
        };
        let login = Action::Login(LoginRoute {
            sessions: self.sessions.clone(),
            encoding: Encoding::Form,
            name: "username".into(),
            secret: "password".into(),
            grant_type: Some("password"),
            output: output(),
        });
        [
            route(self.login_path, login),
            route(self.refresh_path, refresh(TokenSource::Header(self.header))),
            route(self.form_refresh_path, refresh(TokenSource::Form)),
        ]
    }
}

/// RFC 6749 section 5.1.
fn output() -> TokenOutput {
    TokenOutput {
        envelope: None,
        constants: vec![("token_type".into(), "bearer".into())],
        access: "access_token".into(),
        refresh: Some("refresh_token".into()),
        expires_in: Some("expires_in".into()),
        scope: Some("scope".into()),
    }
}
