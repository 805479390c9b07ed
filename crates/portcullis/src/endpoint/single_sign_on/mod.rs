//! Signing on with an ID token of Microsoft Entra ID.

mod erased;
mod id_tokens;
mod identity;
mod linked_accounts;
mod settings;

pub use id_tokens::EntraIdTokens;
pub use identity::EntraIdentity;
pub use linked_accounts::LinkedAccounts;
pub use settings::SingleSignOn;
