//! The application's side: who is who, as tests change it.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use portcullis::{
    endpoint::{
        Account, Accounts, AccountsError, ClientAuthentication, ClientCheck, EntraIdentity,
        LinkedAccounts, Login,
    },
    secret::SecretString,
    session::Sessions,
    subject::Subject,
};
use serde_json::Value;

/// Users, API keys and clients:
///
/// * users `alice` (`wonder land`), `bob` (`builder`), and `robot`
///   (`beep-boop`), which is of type application;
/// * API ids `demo-id` (`demo-key`) and `alice` (`alices-key`);
/// * the object `alices-object` of the tenant is `alice`;
/// * clients `mobile`, which is public, `web` (`s:%é +`) and `other` (`o`).
#[derive(Clone, Default)]
pub struct People(Arc<Mutex<State>>);

/// What tests can change.
#[derive(Default)]
pub struct State {
    /// Who was removed or disabled.
    pub gone: HashSet<String>,
    /// What the application answers instead of an answer.
    pub trouble: Option<AccountsError>,
    /// A claim of every account.
    pub claim: Option<(&'static str, Value)>,
    /// The scopes that accounts may have.
    pub scope: Option<&'static str>,
    /// Logs the subject out everywhere while its password is being checked.
    pub log_out_meanwhile: Option<Sessions>,
    /// Whether `robot` is an ordinary user now.
    pub robot_is_demoted: bool,
    /// How many credentials were checked.
    pub checks: u64,
    /// Where the last request came from.
    pub source: Option<IpAddr>,
}

impl People {
    /// Changes something.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().expect("no test panics within"))
    }

    fn account(&self, subject: &Subject) -> Option<Account> {
        self.change(|state| {
            if state.gone.contains(subject.name()) {
                return None;
            }
            let scope = state.scope.unwrap_or("demo:read demo:write");
            let mut account = Account::new(subject.clone())
                .application(subject.name() == "robot" && !state.robot_is_demoted)
                .scope(scope.parse().expect("scopes"));
            if subject.realm() == "apis" {
                account = account.claim("api_id", "1").claim("organization_id", "15");
            }
            if let Some((name, value)) = &state.claim {
                account = account.claim(*name, value.clone());
            }
            Some(account)
        })
    }
}

impl Accounts for People {
    async fn authenticate(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        let (trouble, meanwhile) = self.change(|state| {
            state.checks += 1;
            state.source = login.source;
            (state.trouble.clone(), state.log_out_meanwhile.clone())
        });
        trouble.map_or(Ok(()), Err)?;
        let subject = Subject::new(login.realm, login.name);
        if let Some(sessions) = meanwhile {
            sessions
                .log_out_everywhere(&subject)
                .await
                .expect("the store is there");
        }
        let right = match (login.realm, login.name) {
            ("users", "alice") => "wonder land",
            ("users", "bob") => "builder",
            ("users", "robot") => "beep-boop",
            ("apis", "demo-id") => "demo-key",
            ("apis", "alice") => "alices-key",
            _ => return Ok(None),
        };
        if login.secret.expose() != right {
            return Ok(None);
        }
        Ok(self.account(&subject))
    }

    async fn current(&self, subject: &Subject) -> Result<Option<Account>, AccountsError> {
        self.change(|state| state.trouble.clone())
            .map_or(Ok(()), Err)?;
        Ok(self.account(subject))
    }

    async fn client(&self, client: ClientAuthentication<'_>) -> Result<ClientCheck, AccountsError> {
        Ok(match (client.id, client.secret.map(SecretString::expose)) {
            ("mobile", None) => ClientCheck::Public,
            ("web", Some("s:%é +")) | ("other", Some("o")) => ClientCheck::Authenticated,
            _ => ClientCheck::Refused,
        })
    }
}

impl LinkedAccounts for People {
    async fn account(&self, identity: &EntraIdentity) -> Result<Option<Account>, AccountsError> {
        let (trouble, meanwhile) =
            self.change(|state| (state.trouble.clone(), state.log_out_meanwhile.clone()));
        trouble.map_or(Ok(()), Err)?;
        if identity.object() != "alices-object" {
            return Ok(None);
        }
        let subject = Subject::new("users", "alice");
        if let Some(sessions) = meanwhile {
            sessions
                .log_out_everywhere(&subject)
                .await
                .expect("the store is there");
        }
        Ok(self.account(&subject))
    }
}
