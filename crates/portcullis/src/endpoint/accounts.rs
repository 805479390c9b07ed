//! What the endpoints ask the application: who is who.

use std::{future::Future, net::IpAddr, sync::Arc, time::Duration};

use serde_json::{Map, Value};

use crate::{claims::ScopeSet, secret::SecretString, subject::Subject};

/// The application's users, API keys and clients.
///
/// The endpoints keep sessions and tokens; who a name belongs to, and whether
/// a secret is right, only the application knows. Slow work, such as hashing a
/// password, belongs on threads of its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say who the accounts are",
    note = "implement `Accounts` for `{Self}`: users, API keys and clients are the application's"
)]
pub trait Accounts: Send + Sync + 'static {
    /// Checks a name and its secret.
    ///
    /// `Ok(None)` is the one answer for whatever was wrong. Do the same work
    /// for a name that does not exist, so that nobody learns which do.
    ///
    /// # Errors
    ///
    /// If the check cannot be made now.
    fn authenticate(
        &self,
        login: Login<'_>,
    ) -> impl Future<Output = Result<Option<Account>, AccountsError>> + Send;

    /// Who `subject` is now; asked at every refresh and for every application
    /// token, so that changes take effect.
    ///
    /// `Ok(None)`: gone or disabled; the refresh is refused.
    ///
    /// # Errors
    ///
    /// If nobody can say now.
    fn current(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<Option<Account>, AccountsError>> + Send;

    /// Checks an OAuth client (RFC 6749 section 2.3). `secret` is `None` where
    /// the request has none.
    ///
    /// # Errors
    ///
    /// If the check cannot be made now.
    fn client(
        &self,
        id: &str,
        secret: Option<&SecretString>,
        source: Option<IpAddr>,
    ) -> impl Future<Output = Result<ClientCheck, AccountsError>> + Send;
}

impl<A: Accounts> Accounts for Arc<A> {
    async fn authenticate(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        (**self).authenticate(login).await
    }

    async fn current(&self, subject: &Subject) -> Result<Option<Account>, AccountsError> {
        (**self).current(subject).await
    }

    async fn client(
        &self,
        id: &str,
        secret: Option<&SecretString>,
        source: Option<IpAddr>,
    ) -> Result<ClientCheck, AccountsError> {
        (**self).client(id, secret, source).await
    }
}

/// A name and a secret to check.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// The realm of the name: users and API keys are apart.
    pub realm: &'a str,
    /// The user name or API id, as sent.
    pub name: &'a str,
    /// The password or API key.
    pub secret: &'a SecretString,
    /// Where the request comes from, for throttling.
    pub source: Option<IpAddr>,
}

/// Who somebody is now.
#[derive(Clone, Debug)]
pub struct Account {
    subject: Subject,
    application: bool,
    scope: ScopeSet,
    claims: Map<String, Value>,
}

impl Account {
    /// An account without scopes and further claims.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            application: false,
            scope: ScopeSet::new(),
            claims: Map::new(),
        }
    }

    /// Makes it an account of type `application`, which may have tokens that
    /// never expire.
    #[must_use = "returns the changed account"]
    pub fn application(mut self, application: bool) -> Self {
        self.application = application;
        self
    }

    /// The scopes that the account may be granted.
    #[must_use = "returns the changed account"]
    pub fn scope(mut self, scope: ScopeSet) -> Self {
        self.scope = scope;
        self
    }

    /// A claim for the account's access tokens, such as roles. Registered
    /// claims cannot be replaced.
    #[must_use = "returns the changed account"]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// The subject that tokens name.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Whether it may have application tokens.
    pub fn is_application(&self) -> bool {
        self.application
    }

    /// The scopes that it may be granted.
    pub fn allowed_scope(&self) -> &ScopeSet {
        &self.scope
    }

    /// The further claims of its access tokens.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

/// Why the application cannot answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountsError {
    /// Too many failures from this source, or too much to do: 429. The same
    /// for all names.
    TooManyRequests {
        /// When to come back.
        retry_after: Duration,
    },
    /// What is needed for the answer is down: 503.
    Unavailable {
        /// When to come back.
        retry_after: Duration,
    },
}

/// What a check of a client found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientCheck {
    /// A client without a secret.
    Public,
    /// A confidential client, and the secret is right.
    Authenticated,
    /// No such client, a wrong secret, or none where one is needed.
    Refused,
}
