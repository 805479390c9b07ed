//! Single sign-on with Microsoft Entra ID.

use portcullis::{
    ConfigError,
    endpoint::{
        Account, AccountsError, EntraIdTokens, EntraIdentity, LinkedAccounts, SingleSignOn,
    },
    time::SharedClock,
    verify::providers::Provider,
};
use portcullis_remote::{Client, Issuer};

use crate::{accounts, cli::EntraTenant};

/// Single sign-on for the people of a tenant. Its keys are fetched when the first
/// of them signs on.
///
/// # Errors
///
/// If the tenant or its base URL cannot be used.
pub(crate) fn single_sign_on(
    entra: &EntraTenant,
    clock: &SharedClock,
) -> Result<SingleSignOn, ConfigError> {
    let mut provider = Provider::entra_id(&entra.tenant)?.id_tokens();
    if let Some(origin) = &entra.base_url {
        provider = provider.with_origin(origin)?;
    }
    let id_tokens =
        EntraIdTokens::new(&entra.tenant, entra.client_id.as_str())?.with_issuer(provider.issuer());
    let mut issuer = Issuer::of(provider).clock(clock.clone());
    if entra.is_on_this_machine() {
        issuer = issuer
            .allow_loopback_http()
            .http_client(Client::builder().no_proxy().build()?);
    }
    let verifier = issuer
        .build()?
        .verifier()
        .audience(entra.client_id.as_str())
        .build()?;
    Ok(SingleSignOn::new(verifier, id_tokens, People))
}

/// Everybody in the tenant is a user, apart from those of the command line.
struct People;

impl LinkedAccounts for People {
    async fn account(&self, identity: &EntraIdentity) -> Result<Option<Account>, AccountsError> {
        Ok(Some(accounts::of_tenant(identity)))
    }
}
