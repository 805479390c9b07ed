//! Nobody.

use super::accounts::{Account, Accounts, AccountsError, ClientAuthentication, ClientCheck, Login};
use crate::subject::Subject;

/// The accounts of a service that issues no tokens.
pub(super) struct NoAccounts;

impl Accounts for NoAccounts {
    async fn authenticate(&self, _: Login<'_>) -> Result<Option<Account>, AccountsError> {
        Ok(None)
    }

    async fn current(&self, _: &Subject) -> Result<Option<Account>, AccountsError> {
        Ok(None)
    }

    async fn client(&self, _: ClientAuthentication<'_>) -> Result<ClientCheck, AccountsError> {
        Ok(ClientCheck::Refused)
    }
}
