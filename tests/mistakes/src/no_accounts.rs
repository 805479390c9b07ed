#[cfg(not(mistake))]
use portcullis::endpoint::{Account, Accounts, AccountsError, Login};
use portcullis::endpoint::{Endpoints, EndpointsBuilder};
#[cfg(not(mistake))]
use portcullis::subject::Subject;

pub struct Users;

#[cfg(not(mistake))]
impl Accounts for Users {
    async fn authenticate(&self, _: Login<'_>) -> Result<Option<Account>, AccountsError> {
        Ok(None)
    }

    async fn current(&self, _: &Subject) -> Result<Option<Account>, AccountsError> {
        Ok(None)
    }
}

pub fn endpoints() -> EndpointsBuilder {
    Endpoints::builder(Users)
}
