//! An API-key API.

use crate::{
    challenge::Realm,
    endpoint::{
        answer::Constants,
        dialect::Dialect,
        input::Encoding,
        name::Name,
        route::{Action, LoginRoute, Methods, Route, TokenOutput},
    },
    session::Sessions,
};

/// An API-key API: an id and its key for a token, as a form.
///
/// | route | request | answer |
/// |---|---|---|
/// | `POST /v1/authenticate` | form `apiid`, `apikey` | `result` with `authentication_token` and `expires_in_seconds` |
///
/// `expires_in_seconds` is what the token has left. There is no refresh token;
/// the session exists so that the token can be logged out. Its [`Sessions`] are
/// to have no refresh keys and to issue tokens of
/// [`TokenShape::api_key`](crate::issue::TokenShape::api_key); claims such as
/// `api_id` and `organization_id` are those of the account.
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is given to `Endpoints::builder`"]
pub struct ApiKeyApi {
    sessions: Sessions,
    realm: Realm,
    path: Name,
    fields: [Name; 2],
}

impl ApiKeyApi {
    /// The API at its documented path.
    pub fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            realm: Realm::default(),
            path: "/v1/authenticate".into(),
            fields: ["apiid".into(), "apikey".into()],
        }
    }

    /// The realm of its challenges.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realm = realm;
        self
    }

    /// Where to get a token.
    pub fn path(mut self, path: impl Into<Name>) -> Self {
        self.path = path.into();
        self
    }

    /// The names of the fields.
    pub fn fields(mut self, id: impl Into<Name>, key: impl Into<Name>) -> Self {
        self.fields = [id.into(), key.into()];
        self
    }

    pub(in crate::endpoint) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(in crate::endpoint) fn routes(self) -> [Route; 1] {
        let [name, secret] = self.fields;
        [Route {
            path: self.path,
            methods: Methods::Post,
            dialect: Dialect::bearer(self.realm),
            retry_after: self.sessions.retry_after(),
            action: Action::Login(LoginRoute {
                sessions: self.sessions,
                encoding: Encoding::Form,
                name,
                secret,
                output: TokenOutput {
                    envelope: Some("result".into()),
                    constants: Constants::new(),
                    access: "authentication_token".into(),
                    refresh: None,
                    expires_in: Some("expires_in_seconds".into()),
                    scope: None,
                },
            }),
        }]
    }
}
