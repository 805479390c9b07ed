//! Users, API keys and clients, kept in memory.

mod hashing;
mod throttle;

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use portcullis::{
    claims::ScopeSet,
    endpoint::{
        Account, Accounts, AccountsError, ClientAuthentication, ClientCheck, EntraIdentity, Login,
    },
    secret::SecretString,
    session::SecretDigest,
    subject::Subject,
    time::{Clock, SharedClock},
};

pub(crate) use self::hashing::RECOMMENDED_MEMORY_KIB;
use self::{
    hashing::{PasswordChecks, PasswordDigest},
    throttle::{Attempt, Limits, Throttle},
};
use crate::{
    cli::{NewApiKey, NewClient, NewUser, Options},
    start::StartError,
};

/// The realm of the users.
pub(crate) const USERS: &str = "users";
/// The realm of the API ids: the API id `alice` is not the user `alice`.
pub(crate) const APIS: &str = "apis";
/// Clients have no subjects; their failures are counted apart.
const CLIENTS: &str = "clients";

/// What a user may be granted.
const SCOPES: [&str; 3] = ["demo:read", "demo:write", "demo:admin"];

/// The accounts of a demo: those of its command line.
pub(crate) struct DemoAccounts {
    users: HashMap<String, User>,
    api_keys: HashMap<String, ApiKey>,
    clients: HashMap<String, Option<SecretDigest>>,
    /// What the names of users begin with who are people of the tenant.
    tenant: Option<String>,
    /// The password of users that do not exist.
    nobody: PasswordDigest,
    scope: ScopeSet,
    checks: PasswordChecks,
    throttle: Mutex<Throttle>,
    clock: SharedClock,
}

struct User {
    password: PasswordDigest,
    application: bool,
}

struct ApiKey {
    key: SecretDigest,
    organization: String,
}

impl DemoAccounts {
    /// The accounts that `options` name. Hashes their passwords, which takes
    /// some ten milliseconds each: not on an async worker.
    ///
    /// # Errors
    ///
    /// If a password cannot be hashed.
    pub(crate) fn new(options: &Options, clock: SharedClock) -> Result<Self, StartError> {
        let hash = |password: &SecretString| {
            hashing::hash(password, options.argon2_memory)
                .map_err(|_| StartError::new("no password can be hashed on this system"))
        };
        let user = |user: &NewUser| {
            let password = hash(&user.password)?;
            let application = user.application;
            Ok((
                user.name.clone(),
                User {
                    password,
                    application,
                },
            ))
        };
        let api_key = |api: &NewApiKey| {
            let key = digest(&api.key);
            let organization = api.organization.clone();
            (api.id.clone(), ApiKey { key, organization })
        };
        let client = |client: &NewClient| {
            let secret = client.secret.as_ref().map(digest);
            (client.id.clone(), secret)
        };
        Ok(Self {
            users: options
                .users
                .iter()
                .map(user)
                .collect::<Result<_, StartError>>()?,
            api_keys: options.api_keys.iter().map(api_key).collect(),
            clients: options.clients.iter().map(client).collect(),
            tenant: options.entra.as_ref().map(|entra| tenant(&entra.tenant)),
            nobody: hash(&SecretString::from(String::new()))?,
            scope: ScopeSet::from_tokens(SCOPES).map_err(StartError::new)?,
            checks: PasswordChecks::new(),
            throttle: Mutex::new(Throttle::new(Limits::default())),
            clock,
        })
    }

    /// A user by name and password. A name that does not exist costs what one
    /// does that exists.
    async fn user(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        let attempt = Attempt::new(USERS, login.name, login.source);
        self.check_throttle(&attempt)?;
        let turn = self.checks.turn().await.map_err(|_| too_many(RETRY))?;
        // Others may have failed while this one waited.
        self.check_throttle(&attempt)?;
        let user = self.users.get(login.name);
        let digest = user.map_or(&self.nobody, |user| &user.password);
        let right = turn
            .verify(login.secret.clone(), digest.clone())
            .await
            .map_err(|_| AccountsError::unavailable(RETRY))?;
        let user = user.filter(|_| right);
        self.note(attempt, user.is_some());
        Ok(user.map(|user| self.user_account(login.name, user)))
    }

    /// An API id and its key.
    fn api_key(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        let attempt = Attempt::new(APIS, login.name, login.source);
        self.check_throttle(&attempt)?;
        let api = self.api_keys.get(login.name);
        let key = api.map_or(OF_NOBODY, |api| api.key);
        let right = key == digest(login.secret);
        let api = api.filter(|_| right);
        self.note(attempt, api.is_some());
        Ok(api.map(|api| api_account(login.name, api)))
    }

    fn is_of_tenant(&self, name: &str) -> bool {
        self.tenant
            .as_ref()
            .is_some_and(|tenant| name.starts_with(tenant.as_str()))
    }

    fn user_account(&self, name: &str, user: &User) -> Account {
        Account::new(Subject::new(USERS, name))
            .application(user.application)
            .scope(self.scope.clone())
    }

    fn check_throttle(&self, attempt: &Attempt) -> Result<(), AccountsError> {
        self.throttle()
            .check(attempt, self.clock.now())
            .map_err(too_many)
    }

    fn note(&self, attempt: Attempt, success: bool) {
        let mut throttle = self.throttle();
        if success {
            throttle.succeeded(&attempt);
        } else {
            throttle.failed(attempt, self.clock.now());
        }
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Accounts for DemoAccounts {
    async fn authenticate(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        match login.realm {
            USERS => self.user(login).await,
            APIS => self.api_key(login),
            _ => Ok(None),
        }
    }

    async fn current(&self, subject: &Subject) -> Result<Option<Account>, AccountsError> {
        let name = subject.name();
        Ok(match subject.realm() {
            USERS => self
                .users
                .get(name)
                .map(|user| self.user_account(name, user))
                .or_else(|| self.is_of_tenant(name).then(|| account_of_tenant(name))),
            APIS => self.api_keys.get(name).map(|api| api_account(name, api)),
            _ => None,
        })
    }

    async fn client(&self, client: ClientAuthentication<'_>) -> Result<ClientCheck, AccountsError> {
        let known = self.clients.get(client.id);
        let Some(secret) = client.secret else {
            return Ok(match known {
                Some(None) => ClientCheck::Public,
                _ => ClientCheck::Refused,
            });
        };
        let attempt = Attempt::new(CLIENTS, client.id, client.source);
        self.check_throttle(&attempt)?;
        let own = known.copied().flatten();
        let right = own.unwrap_or(OF_NOBODY) == digest(secret);
        let authenticated = right && own.is_some();
        self.note(attempt, authenticated);
        Ok(if authenticated {
            ClientCheck::Authenticated
        } else {
            ClientCheck::Refused
        })
    }
}

/// Enough for secrets of high entropy: a digest cannot be guessed back, as that
/// of a password can. Compared in constant time.
fn digest(secret: &SecretString) -> SecretDigest {
    SecretDigest::of(secret.expose().as_bytes())
}

/// What no secret has, for names that do not exist.
const OF_NOBODY: SecretDigest = SecretDigest::from_bytes([0; 32]);

/// The account of somebody who has signed on, apart from those of the command line.
pub(crate) fn of_tenant(identity: &EntraIdentity) -> Account {
    let tenant = tenant(identity.tenant());
    account_of_tenant(&format!("{tenant}{}", identity.object()))
}

fn account_of_tenant(name: &str) -> Account {
    Account::new(Subject::new(USERS, name))
}

/// No name of the command line has a colon.
fn tenant(id: &str) -> String {
    format!("entra:{}:", id.to_ascii_lowercase())
}

fn api_account(id: &str, api: &ApiKey) -> Account {
    Account::new(Subject::new(APIS, id))
        .claim("api_id", id)
        .claim("organization_id", api.organization.as_str())
}

/// When to come back while too many passwords are being checked.
const RETRY: Duration = Duration::from_secs(1);

fn too_many(retry_after: Duration) -> AccountsError {
    AccountsError::too_many_requests(retry_after)
}

impl fmt::Debug for DemoAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoAccounts")
            .field("users", &self.users.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
