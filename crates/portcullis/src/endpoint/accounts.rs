//! What the endpoints ask the application: who is who.

use std::{fmt, future::Future, net::IpAddr, sync::Arc, time::Duration};

use serde_json::{Map, Value};

use crate::{claims::ScopeSet, secret::SecretString, session::SessionData, subject::Subject};

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

    /// Checks an OAuth client (RFC 6749 section 2.3): only the
    /// [`PasswordGrantApi`](super::PasswordGrantApi) asks. Left out, there are none.
    ///
    /// # Errors
    ///
    /// If the check cannot be made now.
    fn client(
        &self,
        client: ClientAuthentication<'_>,
    ) -> impl Future<Output = Result<ClientCheck, AccountsError>> + Send {
        let _ = client;
        std::future::ready(Ok(ClientCheck::Refused))
    }
}

impl<A: Accounts> Accounts for Arc<A> {
    async fn authenticate(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        (**self).authenticate(login).await
    }

    async fn current(&self, subject: &Subject) -> Result<Option<Account>, AccountsError> {
        (**self).current(subject).await
    }

    async fn client(&self, client: ClientAuthentication<'_>) -> Result<ClientCheck, AccountsError> {
        (**self).client(client).await
    }
}

/// A name and a secret to check. The endpoints make them; so do tests of an
/// [`Accounts`]:
///
/// ```
/// use portcullis::{endpoint::Login, secret::SecretString};
///
/// let password = SecretString::from("correct horse".to_owned());
/// let login = Login::new("users", "alice", &password).source([192, 0, 2, 1]);
/// assert_eq!(login.name, "alice");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
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

impl<'a> Login<'a> {
    /// A login by `name` and `secret` from nowhere in particular.
    pub fn new(realm: &'a str, name: &'a str, secret: &'a SecretString) -> Self {
        Self {
            realm,
            name,
            secret,
            source: None,
        }
    }

    /// Where it comes from.
    #[must_use = "returns the changed login"]
    pub fn source(mut self, address: impl Into<IpAddr>) -> Self {
        self.source = Some(address.into());
        self
    }
}

/// An OAuth client and how it authenticates (RFC 6749 section 2.3), to check.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClientAuthentication<'a> {
    /// The `client_id`, as sent.
    pub id: &'a str,
    /// The client's secret, from HTTP Basic or the form; `None` where the
    /// request has none. It is never empty (RFC 6749 section 2.3.1).
    pub secret: Option<&'a SecretString>,
    /// Where the request comes from, for throttling.
    pub source: Option<IpAddr>,
}

impl<'a> ClientAuthentication<'a> {
    /// A client that names itself, and shows no more, from nowhere in
    /// particular.
    pub fn new(id: &'a str) -> Self {
        Self {
            id,
            secret: None,
            source: None,
        }
    }

    /// The secret that it shows; an empty one is none (RFC 6749 section 2.3.1).
    #[must_use = "returns the changed authentication"]
    pub fn secret(mut self, secret: &'a SecretString) -> Self {
        self.secret = Some(secret).filter(|secret| !secret.expose().is_empty());
        self
    }

    /// Where it comes from.
    #[must_use = "returns the changed authentication"]
    pub fn source(mut self, address: impl Into<IpAddr>) -> Self {
        self.source = Some(address.into());
        self
    }
}

/// Who somebody is now.
#[derive(Clone, Debug)]
pub struct Account {
    subject: Subject,
    application: bool,
    scope: ScopeSet,
    claims: Map<String, Value>,
    acr: Option<String>,
    amr: Vec<String>,
    data: Option<SessionData>,
}

impl Account {
    /// An account without scopes and further claims.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            application: false,
            scope: ScopeSet::new(),
            claims: Map::new(),
            acr: None,
            amr: Vec::new(),
            data: None,
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

    /// How strong the login was ([`OpenSession::acr`]). It is asked for at a login only, and
    /// stays what it was then.
    ///
    /// [`OpenSession::acr`]: crate::session::OpenSession::acr
    #[must_use = "returns the changed account"]
    pub fn acr(mut self, value: impl Into<String>) -> Self {
        self.acr = Some(value.into());
        self
    }

    /// How the login was made ([`OpenSession::amr`]), such as `pwd` and `otp`; as
    /// [`acr`](Self::acr) otherwise.
    ///
    /// [`OpenSession::amr`]: crate::session::OpenSession::amr
    #[must_use = "returns the changed account"]
    pub fn amr<I>(mut self, methods: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.amr = methods.into_iter().map(Into::into).collect();
        self
    }

    /// What is kept with the session that the login opens; as [`acr`](Self::acr)
    /// otherwise.
    #[must_use = "returns the changed account"]
    pub fn data(mut self, data: SessionData) -> Self {
        self.data = Some(data);
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

    /// How strong the login was.
    pub fn acr_value(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// How the login was made.
    pub fn amr_methods(&self) -> impl Iterator<Item = &str> {
        self.amr.iter().map(String::as_str)
    }

    /// What is kept with the session that the login opens.
    pub fn session_data(&self) -> Option<&SessionData> {
        self.data.as_ref()
    }
}

/// Why the application cannot answer now, and when to come back.
///
/// ```
/// use std::time::Duration;
///
/// use portcullis::endpoint::AccountsError;
///
/// let error = AccountsError::too_many_requests(Duration::from_secs(3));
/// assert_eq!(error.retry_after(), Duration::from_secs(3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountsError {
    kind: AccountsErrorKind,
    retry_after: Duration,
}

impl AccountsError {
    /// Too many failures from this source, or too much to do: 429. The same
    /// for all names.
    pub const fn too_many_requests(retry_after: Duration) -> Self {
        Self {
            kind: AccountsErrorKind::TooManyRequests,
            retry_after,
        }
    }

    /// What is needed for the answer is down: 503. `Retry-After` is shorter
    /// where the grace window would be over by then.
    pub const fn unavailable(retry_after: Duration) -> Self {
        Self {
            kind: AccountsErrorKind::Unavailable,
            retry_after,
        }
    }

    /// Which of the two.
    pub const fn kind(&self) -> AccountsErrorKind {
        self.kind
    }

    /// When to come back.
    pub const fn retry_after(&self) -> Duration {
        self.retry_after
    }
}

impl fmt::Display for AccountsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            AccountsErrorKind::TooManyRequests => "there were too many requests",
            AccountsErrorKind::Unavailable => "what knows the accounts is unavailable",
        })
    }
}

impl std::error::Error for AccountsError {}

/// The kinds of [`AccountsError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountsErrorKind {
    /// The application throttles: 429.
    TooManyRequests,
    /// What is needed for the answer is down: 503.
    Unavailable,
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
