//! [`Accounts`] whose type is forgotten.

use std::{future::Future, pin::Pin, sync::Arc};

use super::accounts::{Account, Accounts, AccountsError, ClientAuthentication, ClientCheck, Login};
use crate::subject::Subject;

/// Any [`Accounts`], so that [`Endpoints`](super::Endpoints) is one type. A box
/// per question is nothing beside a password hash.
#[derive(Clone)]
pub(super) struct DynAccounts(Arc<dyn Erased>);

impl DynAccounts {
    pub(super) fn new(accounts: impl Accounts) -> Self {
        Self(Arc::new(accounts))
    }

    pub(super) async fn authenticate(
        &self,
        login: Login<'_>,
    ) -> Result<Option<Account>, AccountsError> {
        self.0.authenticate(login).await
    }

    pub(super) async fn current(
        &self,
        subject: &Subject,
    ) -> Result<Option<Account>, AccountsError> {
        self.0.current(subject).await
    }

    pub(super) async fn client(
        &self,
        client: ClientAuthentication<'_>,
    ) -> Result<ClientCheck, AccountsError> {
        self.0.client(client).await
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, AccountsError>> + Send + 'a>>;

trait Erased: Send + Sync {
    fn authenticate<'a>(&'a self, login: Login<'a>) -> Answer<'a, Option<Account>>;
    fn current<'a>(&'a self, subject: &'a Subject) -> Answer<'a, Option<Account>>;
    fn client<'a>(&'a self, client: ClientAuthentication<'a>) -> Answer<'a, ClientCheck>;
}

impl<A: Accounts> Erased for A {
    fn authenticate<'a>(&'a self, login: Login<'a>) -> Answer<'a, Option<Account>> {
        Box::pin(Accounts::authenticate(self, login))
    }

    fn current<'a>(&'a self, subject: &'a Subject) -> Answer<'a, Option<Account>> {
        Box::pin(Accounts::current(self, subject))
    }

    fn client<'a>(&'a self, client: ClientAuthentication<'a>) -> Answer<'a, ClientCheck> {
        Box::pin(Accounts::client(self, client))
    }
}
