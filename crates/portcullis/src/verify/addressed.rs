//! Whose a token is, by its own word.

use super::{
    VerifyError, VerifyErrorKind::Malformed, claim_rules::ClaimRules, issuer_rule::wrong_issuer,
    profile::Profile,
};
use crate::{ConfigError, claims::Addressee};

/// The profile whose issuer and audience a token names. Nothing is believed
/// yet: both are checked again once the signature is.
pub(super) fn addressed_profile<'p>(
    profiles: &'p [Profile],
    json: &str,
) -> Result<(usize, &'p Profile), VerifyError> {
    let addressee = addressee(json)?;
    let issuer = addressee.issuer.as_deref();
    let of_issuer = || {
        let profiles = profiles.iter().enumerate();
        profiles.filter(|(_, profile)| profile.claims.issuer.accepts(issuer))
    };
    of_issuer()
        .find(|(_, profile)| profile.claims.are_meant_by(&addressee, json))
        .or_else(|| of_issuer().next())
        .ok_or_else(|| {
            let rules = || profiles.iter().map(|own| &own.claims);
            let mistaken = rules().flat_map(|rules| &rules.mistaken);
            wrong_issuer(issuer, rules().map(|rules| &rules.issuer), mistaken)
        })
}

pub(super) fn addressee(json: &str) -> Result<Addressee<'_>, VerifyError> {
    Addressee::parse(json).map_err(|detail| VerifyError::with_detail(Malformed, detail))
}

pub(super) fn never_asked(
    first: usize,
    own: &Profile,
    second: usize,
    other: &Profile,
) -> ConfigError {
    let shown = |rules: &ClaimRules| {
        let (issuer, audience) = (rules.issuer.shown(), rules.audience.shown());
        format!("issuer {issuer}, audience {audience}")
    };
    ConfigError::new(format!(
        "of the combined verifiers, number {second} ({}) would never be asked about tokens that \
         number {first} ({}) takes: give them different issuers or audiences, or one verifier the \
         keys of both",
        shown(&other.claims),
        shown(&own.claims)
    ))
}
