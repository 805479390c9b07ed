//! Which account somebody has who comes from elsewhere.

use std::{future::Future, sync::Arc};

use super::EntraIdentity;
use crate::endpoint::accounts::{Account, AccountsError};

/// Which of the application's accounts somebody has who signs on with a token of
/// Microsoft Entra ID.
///
/// A link is made by the application on purpose: an administrator enters it, or
/// a user who is logged in signs on once more and confirms it. It is never made
/// of what a token says about names or mail addresses, which is why the
/// [identity](EntraIdentity) says nothing of them.
///
/// ```
/// use std::collections::HashMap;
/// use portcullis::{
///     endpoint::{Account, AccountsError, EntraIdentity, LinkedAccounts},
///     subject::Subject,
/// };
///
/// /// Local users by tenant and object, as an administrator entered them.
/// struct Links(HashMap<EntraIdentity, String>);
///
/// impl LinkedAccounts for Links {
///     async fn account(&self, identity: &EntraIdentity) -> Result<Option<Account>, AccountsError> {
///         let user = self.0.get(identity);
///         Ok(user.map(|user| Account::new(Subject::new("users", user.as_str()))))
///     }
/// }
///
/// /// Whoever is in the tenant is a user, apart from all local ones.
/// struct Everybody;
///
/// impl LinkedAccounts for Everybody {
///     async fn account(&self, identity: &EntraIdentity) -> Result<Option<Account>, AccountsError> {
///         Ok(Some(Account::new(identity.subject())))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which accounts are linked to identities of Entra ID",
    note = "implement `LinkedAccounts` for `{Self}`: which user is whose only the application knows"
)]
pub trait LinkedAccounts: Send + Sync + 'static {
    /// The account that is linked to `identity`, as it is now. Its subject is of
    /// the realm of the API's tokens.
    ///
    /// `Ok(None)`: there is no link, or the account is disabled; 401, and the
    /// token is not used up by it.
    ///
    /// # Errors
    ///
    /// If nobody can say now.
    fn account(
        &self,
        identity: &EntraIdentity,
    ) -> impl Future<Output = Result<Option<Account>, AccountsError>> + Send;
}

impl<L: LinkedAccounts> LinkedAccounts for Arc<L> {
    async fn account(&self, identity: &EntraIdentity) -> Result<Option<Account>, AccountsError> {
        (**self).account(identity).await
    }
}
