//! An OAuth 2.0 API with the password grant.

use http::HeaderName;

use crate::{
    challenge::Realm,
    credentials::REFRESH_TOKEN,
    endpoint::{
        answer::Constants,
        dialect::{Dialect, Style},
        name::Name,
        route::{
            Action, Grant, Methods, RefreshRoute, Route, TokenOutput, TokenRoute, TokenSource,
        },
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
/// The two forms may have one path, as programs want that know of one token
/// endpoint ([`token_path`](Self::token_path)): `grant_type` decides.
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

    /// One token endpoint (RFC 6749 section 3.2) in place of a path for each
    /// form: `grant_type` says whether somebody logs in or refreshes. The
    /// header route stays where it is.
    ///
    /// ```
    /// # fn example(sessions: portcullis::session::Sessions) {
    /// use portcullis::endpoint::PasswordGrantApi;
    ///
    /// let api = PasswordGrantApi::new(sessions).token_path("/oauth/token");
    /// # }
    /// ```
    pub fn token_path(self, path: impl Into<Name>) -> Self {
        let path = path.into();
        self.login_path(path.clone()).form_refresh_path(path)
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

    pub(in crate::endpoint) fn routes(self) -> Vec<Route> {
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
        let by_header = Action::Refresh(RefreshRoute {
            sessions: self.sessions.clone(),
            source: TokenSource::Header(self.header),
            with_clients: true,
            output: output(),
        });
        let mut endpoints: Vec<(Name, Vec<Grant>)> = Vec::new();
        for (path, grant) in [
            (self.login_path, Grant::Password),
            (self.form_refresh_path, Grant::RefreshToken),
        ] {
            match endpoints.iter_mut().find(|(own, _)| *own == path) {
                Some((_, grants)) => grants.push(grant),
                None => endpoints.push((path, vec![grant])),
            }
        }
        let tokens = endpoints.into_iter().map(|(path, grants)| {
            let endpoint = TokenRoute {
                sessions: self.sessions.clone(),
                grants,
                output: output(),
            };
            route(path, Action::Token(endpoint))
        });
        tokens
            .chain([route(self.refresh_path, by_header)])
            .collect()
    }
}

/// RFC 6749 section 5.1.
fn output() -> TokenOutput {
    TokenOutput {
        envelope: None,
        constants: Constants::from([("token_type".into(), "bearer".into())]),
        access: "access_token".into(),
        refresh: Some("refresh_token".into()),
        expires_in: Some("expires_in".into()),
        scope: Some("scope".into()),
    }
}
