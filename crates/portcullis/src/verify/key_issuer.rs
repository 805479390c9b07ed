//! Keys that are for the tokens of one issuer only, among those of many.

use super::{
    VerifyError,
    VerifyErrorKind::UnknownKey,
    observer::{Check, Observer, Seen},
    profile::Profile,
    shown::Shown,
    shown::or_none,
    signature::Signed,
    tenants::{TENANT, is_of_pattern, tenant_in},
};
use crate::{jose::VerifyingKey, time::Clock};

/// Whether what verified a signature may do so for a token of this `iss`: the JWK of
/// a key may name the issuer, as those of Entra ID do. Where the set has the same key
/// for several issuers, the one that fits counts.
pub(super) fn check_key_issuer(
    signed: &mut Signed,
    issuer: Option<&str>,
    profile: &Profile,
    observer: &mut impl Observer,
) -> Result<(), VerifyError> {
    let Some(key) = signed.limited.as_ref().filter(|key| key.issuer().is_some()) else {
        return Ok(());
    };
    let mut result = Ok(());
    if !is_for(key, issuer, profile) {
        let keys = profile.keys.current(|| profile.clock.now());
        let twin = keys.as_ref().and_then(|keys| {
            let mut twins = keys.keys().iter().enumerate();
            twins.find(|(_, other)| {
                other.is_same_for_another_issuer(key) && is_for(other, issuer, profile)
            })
        });
        match (twin, &keys) {
            (Some((place, _)), Some(keys)) => signed.lease = keys.lease(place).cloned(),
            _ => result = Err(wrong_key(key, issuer)),
        }
    }
    observer.observe(Check::KeyIssuer, result, || {
        let configured = Shown(key.issuer().unwrap_or_default());
        Seen::of(or_none(issuer), configured.to_string())
    })
}

fn is_for(key: &VerifyingKey, issuer: Option<&str>, profile: &Profile) -> bool {
    let Some(pattern) = key.issuer() else {
        return true;
    };
    let Some(issuer) = issuer else {
        return false;
    };
    if is_of_pattern(pattern, issuer) {
        return true;
    }
    // The same issuer, as its keys call it.
    let alias = profile.claims.keys_name_it.as_ref();
    alias.is_some_and(|(own, alias)| {
        let name = match tenant_in(own, issuer) {
            Some(tenant) => alias.replace(TENANT, tenant),
            None => alias.to_string(),
        };
        is_of_pattern(own, issuer) && is_of_pattern(pattern, &name)
    })
}

#[cold]
fn wrong_key(key: &VerifyingKey, issuer: Option<&str>) -> VerifyError {
    let detail = format!(
        "the key that signed it is for tokens of {}, and its `iss` is {}",
        Shown(key.issuer().unwrap_or_default()),
        or_none(issuer)
    );
    VerifyError::with_detail(UnknownKey, detail)
}
