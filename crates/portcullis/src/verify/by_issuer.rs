//! Verifiers that are found by the issuer that a token names.

use std::{fmt, future::Future, pin::Pin};

use zeroize::Zeroizing;

use super::{
    KeysUnavailable, PendingVerification, Verification, Verifier, VerifyError,
    VerifyErrorKind::WrongIssuer,
    shown::Shown,
    trusted::{AtHand, Delegate},
};

/// Knows the verifiers of issuers that come and go: tenants, say.
///
/// ```
/// use std::collections::HashMap;
/// use portcullis::verify::{IssuerResolver, Resolved, Verifier};
///
/// struct Tenants(HashMap<String, Verifier>);
///
/// impl IssuerResolver for Tenants {
///     fn resolve(&self, issuer: &str) -> Resolved {
///         match self.0.get(issuer) {
///             Some(verifier) => Resolved::Known(verifier.clone()),
///             None => Resolved::Unknown,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not know verifiers by their issuer",
    note = "use the `Issuers` of portcullis-remote, or implement `IssuerResolver`"
)]
pub trait IssuerResolver: Send + Sync + 'static {
    /// The verifier for tokens of this issuer.
    ///
    /// Anybody can write any name into a token, of up to [`MAX_ISSUER`] bytes, and
    /// nothing about it was checked: a name that is not known must cost nothing. The
    /// verifier must demand this issuer, as one with
    /// [`issuer`](super::VerifierBuilder::issuer) does.
    fn resolve(&self, issuer: &str) -> Resolved;

    /// The same for whoever only wants to know, as [`Verifier::explain`] does: nothing
    /// is fetched for it and nothing kept. What waits is not waited for.
    ///
    /// Unless implemented it is [`resolve`](Self::resolve): implement it where that
    /// begins something before its answer is waited for.
    fn resolve_at_hand(&self, issuer: &str) -> Resolved {
        self.resolve(issuer)
    }
}

/// What an [`IssuerResolver`] says about the issuer that a token names.
pub enum Resolved {
    /// Nobody we trust: the token is refused.
    Unknown,
    /// Its tokens are checked by this.
    Known(Verifier),
    /// Somebody has to be asked whether it is known: `None` if it is not.
    Wait(WaitForVerifier),
}

/// Resolves to the verifier of an issuer, if it is known.
pub type WaitForVerifier =
    Pin<Box<dyn Future<Output = Result<Option<Verifier>, KeysUnavailable>> + Send>>;

/// The longest name of an issuer that is looked for, in bytes.
pub const MAX_ISSUER: usize = 1024;

impl Verifier {
    /// Checks each token by the verifier of the issuer that it names, which
    /// `resolver` knows, and by no other. Each has its own rules and its own
    /// [cache](super::VerifierBuilder::cache).
    ///
    /// With [`combine`](Self::combine) it stands behind verifiers whose issuers are
    /// fixed, and is asked about tokens of all others.
    pub fn by_issuer(resolver: impl IssuerResolver) -> Self {
        Self::delegating(ByIssuer(resolver))
    }
}

struct ByIssuer<R>(R);

impl<R: IssuerResolver> Delegate for ByIssuer<R> {
    fn verify(&self, issuer: Option<&str>, token: &[u8]) -> Verification {
        let Some(issuer) = short(issuer) else {
            return Verification::Done(Err(unknown(issuer)));
        };
        match self.0.resolve(issuer) {
            Resolved::Unknown => Verification::Done(Err(unknown(Some(issuer)))),
            Resolved::Known(verifier) => verifier.verify(token),
            Resolved::Wait(verifier) => {
                let unknown = unknown(Some(issuer));
                let token = Zeroizing::new(Vec::from(token));
                let further = async move {
                    match verifier.await {
                        Ok(Some(verifier)) => verifier.verify(&token),
                        Ok(None) => Verification::Done(Err(unknown)),
                        Err(unavailable) => {
                            Verification::Done(Err(VerifyError::keys_unavailable(unavailable)))
                        }
                    }
                };
                Verification::Pending(PendingVerification::for_verifier(Box::pin(further)))
            }
        }
    }

    fn at_hand(&self, issuer: Option<&str>) -> AtHand {
        let Some(issuer) = short(issuer) else {
            return AtHand::Unknown(unknown(issuer));
        };
        match self.0.resolve_at_hand(issuer) {
            Resolved::Unknown => AtHand::Unknown(unknown(Some(issuer))),
            Resolved::Known(verifier) => verifier.at_hand(),
            Resolved::Wait(_) => AtHand::Asked,
        }
    }
}

/// A name that is looked for.
fn short(issuer: Option<&str>) -> Option<&str> {
    issuer.filter(|issuer| issuer.len() <= MAX_ISSUER)
}

#[cold]
fn unknown(issuer: Option<&str>) -> VerifyError {
    let detail = match issuer {
        Some(issuer) => format!("{}, and nobody knows it", Shown(issuer)),
        None => "none, and one of those that are known must be named".to_owned(),
    };
    VerifyError::with_detail(WrongIssuer, detail)
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("Unknown"),
            Self::Known(verifier) => f.debug_tuple("Known").field(verifier).finish(),
            Self::Wait(_) => f.write_str("Wait(..)"),
        }
    }
}
