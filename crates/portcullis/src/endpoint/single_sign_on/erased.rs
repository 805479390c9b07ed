//! [`LinkedAccounts`] whose type is forgotten.

use std::{future::Future, pin::Pin, sync::Arc};

use super::{EntraIdentity, LinkedAccounts};
use crate::endpoint::accounts::{Account, AccountsError};

#[derive(Clone)]
pub(super) struct DynLinkedAccounts(Arc<dyn Erased>);

impl DynLinkedAccounts {
    pub(super) fn new(accounts: impl LinkedAccounts) -> Self {
        Self(Arc::new(accounts))
    }

    pub(super) async fn account(
        &self,
        identity: &EntraIdentity,
    ) -> Result<Option<Account>, AccountsError> {
        self.0.account(identity).await
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Option<Account>, AccountsError>> + Send + 'a>>;

trait Erased: Send + Sync {
    fn account<'a>(&'a self, identity: &'a EntraIdentity) -> Answer<'a>;
}

impl<L: LinkedAccounts> Erased for L {
    fn account<'a>(&'a self, identity: &'a EntraIdentity) -> Answer<'a> {
        Box::pin(LinkedAccounts::account(self, identity))
    }
}
