//! The application under test, described once.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use portcullis::{
    challenge::Reason,
    endpoint::Endpoints,
    guard::Authenticator,
    policy::{Policy, RequiredRoles, RequiredScopes},
    user::{LoadUser, Loaded, UserRefusal, UserUnavailable},
    verify::Verified,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// What an adapter has to build.
#[derive(Clone, Default)]
pub struct Site {
    /// Its routes; every method is served.
    pub routes: Vec<Route>,
    /// Its token endpoints.
    pub endpoints: Option<Endpoints>,
}

impl Site {
    /// A site without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route.
    pub fn route(mut self, path: &'static str, guard: impl Into<Guard>, handler: Handler) -> Self {
        self.routes.push(Route {
            path,
            guard: guard.into(),
            handler,
        });
        self
    }

    /// Adds the token endpoints.
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = Some(endpoints);
        self
    }
}

/// A route: a path, what protects it, what it does.
#[derive(Clone)]
pub struct Route {
    /// The path.
    pub path: &'static str,
    /// What protects it.
    pub guard: Guard,
    /// What it does.
    pub handler: Handler,
}

/// What protects a route.
#[derive(Clone)]
pub enum Guard {
    /// The adapter's layer, around the route.
    Layer(Box<Authenticator>),
    /// The adapter's extractor that verifies by itself; the layer, where an
    /// adapter has no extractors.
    Extractor(Box<Authenticator>),
    /// A policy of the adapter's inner layer, behind its layer if there is one.
    Inner(Option<Box<Authenticator>>, Demand),
    /// Nothing.
    Nothing,
}

/// What an inner layer demands.
#[derive(Clone)]
pub enum Demand {
    /// A token that satisfies this.
    Token(Policy),
    /// That a token satisfies this, if there is one.
    IfPresent(Policy),
}

impl Guard {
    /// The adapter's layer and, further in, a policy.
    pub fn inner(outer: Authenticator, policy: Policy) -> Self {
        Self::Inner(Some(Box::new(outer)), Demand::Token(policy))
    }

    /// The adapter's extractor that verifies by itself.
    pub fn extractor(authenticator: Authenticator) -> Self {
        Self::Extractor(Box::new(authenticator))
    }
}

impl From<Authenticator> for Guard {
    fn from(authenticator: Authenticator) -> Self {
        Self::Layer(Box::new(authenticator))
    }
}

/// What a route does once the request has come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Answers with the claims; the adapter's own extractor gets them.
    Claims,
    /// The same, where there are credentials.
    Maybe,
    /// The same, where the claims have the form of [`Employee`].
    Typed,
    /// The same, where the token has the scopes of [`ReadAndWrite`], by the
    /// adapter's extractor.
    Scoped,
    /// The same, where there are credentials.
    ScopedIfPresent,
    /// Answers whom the token speaks for, where it has the roles of [`Crew`], by the
    /// adapter's extractor.
    WithRoles,
    /// The same, where there are credentials.
    WithRolesIfPresent,
    /// Answers how long the raw Bearer token is, unverified.
    Bearer,
    /// The same of the raw token of the `refresh-token` field.
    Refresh,
    /// Answers with the application's user of [`Accounts`], whom the adapter's
    /// extractor gets twice.
    User,
    /// The same, where there are credentials.
    MaybeUser,
    /// Answers with the request's body as it comes.
    Echo,
}

/// An application's own type of claims.
#[derive(Clone, Debug, Deserialize)]
pub struct Employee {
    /// The department.
    pub department: String,
}

/// Scopes that an extractor demands.
#[derive(Debug)]
pub struct ReadAndWrite;

impl RequiredScopes for ReadAndWrite {
    const SCOPES: &'static [&'static str] = &["read", "write"];
}

/// Roles that an extractor demands.
#[derive(Debug)]
pub struct Crew;

impl RequiredRoles for Crew {
    const PATH: &'static [&'static str] = &["realm_access", "roles"];
    const ROLES: &'static [&'static str] = &["operator", "auditor"];
}

/// The claims of any form.
pub type AnyClaims = serde_json::Map<String, Value>;

/// The body of [`Handler::Claims`].
pub fn claims_body(claims: &AnyClaims) -> String {
    json!({"claims": claims}).to_string()
}

/// The body of [`Handler::Maybe`].
pub fn maybe_body(subject: Option<&str>) -> String {
    json!({"authenticated": subject.is_some(), "subject": subject}).to_string()
}

/// The body of [`Handler::Typed`].
pub fn typed_body(employee: &Employee) -> String {
    json!({"department": employee.department}).to_string()
}

/// The body of [`Handler::Scoped`].
pub fn scoped_body(token: &Verified) -> String {
    json!({"scope": token.scope().as_str()}).to_string()
}

/// The application's own user.
#[derive(Clone, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// How many were loaded before.
    pub number: usize,
}

/// Who the application's users are: everybody, but for those whose name says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Accounts;

impl LoadUser for Accounts {
    type User = User;

    async fn load(&self, token: &Verified) -> Result<Loaded<User>, UserUnavailable> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        // Extractors that run at once all have asked by now.
        tokio::task::yield_now().await;
        Ok(match token.subject_name() {
            None | Some("unknown") => Loaded::Unknown,
            Some("suspended") => Loaded::Suspended,
            Some("offline") => {
                let error = UserUnavailable::new("the database is down");
                return Err(error.retry_after(Duration::from_secs(7)));
            }
            Some(name) => Loaded::Found(User {
                name: name.to_owned(),
                number: NUMBER.fetch_add(1, Ordering::Relaxed),
            }),
        })
    }
}

/// The body of [`Handler::User`] and [`Handler::MaybeUser`].
pub fn user_body(user: Option<&User>, again: Option<&User>) -> String {
    let number = |user: Option<&User>| user.map(|user| user.number);
    json!({
        "user": user.map(|user| &user.name),
        "loaded_once": number(user) == number(again),
    })
    .to_string()
}

/// The body of [`Handler::Bearer`] and [`Handler::Refresh`].
pub fn raw_body(token: &str) -> String {
    json!({"length": token.len()}).to_string()
}

/// The name of a reason, for the `x-reason` field that a site's outermost layer
/// writes: it shows that the typed reason reaches outer layers.
pub fn reason_name(reason: &Reason) -> String {
    match reason {
        Reason::Credentials(error) => format!("{error:?}"),
        Reason::Csrf(error) => format!("{:?}", error.kind()),
        Reason::Token(error) => format!("{:?}", error.kind()),
        Reason::Policy(error) => format!("{:?}", error.kind()),
        Reason::MissingCredentials => "MissingCredentials".to_owned(),
        Reason::Claims(_) => "Claims".to_owned(),
        Reason::User(UserRefusal::Unavailable { .. }) => "UserUnavailable".to_owned(),
        Reason::User(refusal) => format!("{refusal:?}"),
        Reason::Unavailable => "Unavailable".to_owned(),
        Reason::MissingLayer(_) => "MissingLayer".to_owned(),
        Reason::Misconfigured(_) => "Misconfigured".to_owned(),
        _ => "?".to_owned(),
    }
}
