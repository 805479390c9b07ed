//! What single sign-on needs.

use std::fmt;

use http::HeaderMap;

use super::{EntraIdTokens, EntraIdentity, LinkedAccounts, erased::DynLinkedAccounts};
use crate::{
    endpoint::accounts::{Account, AccountsError},
    jose::{CompactJws, Limits},
    time::Timestamp,
    verify::{Verification, Verifier, VerifyError, VerifyErrorKind::Malformed},
};

/// Single sign-on with Microsoft Entra ID, for
/// [`SessionApi::single_sign_on`](crate::endpoint::SessionApi::single_sign_on).
///
/// ```
/// # use portcullis::{ConfigError, jose::{Algorithm, VerifyingKey}, session::Sessions};
/// use portcullis::{
///     endpoint::{EntraIdTokens, LinkedAccounts, SessionApi, SingleSignOn},
///     verify::Verifier,
/// };
///
/// # fn example(sessions: Sessions, key: VerifyingKey, links: impl LinkedAccounts) -> Result<SessionApi, ConfigError> {
/// let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// let client_id = "6731de76-14a6-49ae-97bc-6eba6914391e";
/// let id_tokens = EntraIdTokens::new(tenant, client_id)?;
/// let verifier = Verifier::builder()
///     .keys(key)
///     .issuer(id_tokens.issuer())
///     .audience(client_id)
///     .build()?;
/// let single_sign_on = SingleSignOn::new(verifier, id_tokens, links);
/// Ok(SessionApi::new(sessions).single_sign_on(single_sign_on))
/// # }
/// ```
#[derive(Clone)]
#[must_use = "does nothing until it is given to `SessionApi::single_sign_on`"]
pub struct SingleSignOn {
    verifier: Verifier,
    id_tokens: EntraIdTokens,
    accounts: DynLinkedAccounts,
}

impl SingleSignOn {
    /// ID tokens whose signature, issuer, audience and dates `verifier` has
    /// checked, and that are what `id_tokens` says, open sessions of those
    /// `accounts` that are linked to whom they name.
    ///
    /// The verifier has the keys of the tenant and may fetch them: it is waited
    /// for. It must take ID tokens. Whatever else it takes, `id_tokens` refuses.
    pub fn new(
        verifier: Verifier,
        id_tokens: EntraIdTokens,
        accounts: impl LinkedAccounts,
    ) -> Self {
        Self {
            verifier,
            id_tokens,
            accounts: DynLinkedAccounts::new(accounts),
        }
    }

    /// Verifies a token that came with these header fields.
    pub(in crate::endpoint) async fn verify<'t>(
        &self,
        token: &'t [u8],
        fields: &HeaderMap,
    ) -> Result<SignedOn<'t>, VerifyError> {
        let verified = match self.verifier.verify(token) {
            Verification::Done(result) => result?,
            Verification::Pending(verification) => verification.await?,
        };
        // Read once more: it is as long as the verifier lets it be.
        let length = token.len();
        let limits = Limits {
            token: length,
            header: length,
        };
        let malformed = |_| VerifyError::new(Malformed);
        let jws = CompactJws::parse_within(token, limits).map_err(malformed)?;
        let mut buffer = Vec::new();
        let header = jws.decode_header(&mut buffer).map_err(malformed)?;
        let identity = self.id_tokens.check(&verified, &header, fields)?;
        let end = verified.expires_at().ok_or(VerifyError::new(Malformed))?;
        Ok(SignedOn {
            identity,
            signed: jws.signing_input(),
            end: end.saturating_add(self.verifier.leeway()),
        })
    }

    pub(in crate::endpoint) async fn account(
        &self,
        identity: &EntraIdentity,
    ) -> Result<Option<Account>, AccountsError> {
        self.accounts.account(identity).await
    }
}

/// What a good token says.
pub(in crate::endpoint) struct SignedOn<'t> {
    pub(in crate::endpoint) identity: EntraIdentity,
    /// The token without its signature: of that there may be more than one.
    pub(in crate::endpoint) signed: &'t [u8],
    /// When it cannot be presented any more.
    pub(in crate::endpoint) end: Timestamp,
}

impl fmt::Debug for SingleSignOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleSignOn")
            .field("verifier", &self.verifier)
            .field("id_tokens", &self.id_tokens)
            .finish_non_exhaustive()
    }
}
