//! Whose a token is, by its own word.

use super::{
    VerifyError, VerifyErrorKind::Malformed, claim_rules::ClaimRules, issuer_rule::seen_issuer,
    observer::Seen, profile::Profile, shown::or_none,
};
use crate::{ConfigError, claims::Addressee};

/// The profile whose issuer and audience a token names, if it is one of these.
/// Nothing is believed yet: both are checked again once the signature is.
pub(super) fn addressed_profile<'p>(
    profiles: &'p [Profile],
    addressee: &Addressee<'_>,
    json: &str,
) -> Option<(usize, &'p Profile)> {
    let issuer = addressee.issuer.as_deref();
    let of_issuer = || {
        let profiles = profiles.iter().enumerate();
        profiles.filter(|(_, profile)| profile.claims.issuer.accepts(issuer))
    };
    of_issuer()
        .find(|(_, profile)| profile.claims.are_meant_by(addressee, json))
        .or_else(|| of_issuer().next())
}

/// The issuer that a token names, beside those that any of the profiles has.
pub(super) fn seen_among(profiles: &[Profile], issuer: Option<&str>) -> Seen {
    let rules = || profiles.iter().map(|own| &own.claims);
    let mistaken = rules().flat_map(|rules| &rules.mistaken);
    seen_issuer(issuer, rules().map(|rules| &rules.issuer), mistaken)
}

/// By which profile, of several, a token is judged.
pub(super) fn seen_profile(addressee: &Addressee<'_>, number: usize, own: &Profile) -> Seen {
    let issuer = addressee.issuer.as_deref();
    Seen::of(
        format!("`iss` is {}", or_none(issuer)),
        format!("number {number} of those combined: {}", shown(&own.claims)),
    )
}

fn shown(rules: &ClaimRules) -> String {
    let (issuer, audience) = (rules.issuer.shown(), rules.audience.shown());
    format!("issuer {issuer}, audience {audience}")
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
    ConfigError::new(format!(
        "of the combined verifiers, number {second} ({}) would never be asked about tokens that \
         number {first} ({}) takes: give them different issuers or audiences, or one verifier the \
         keys of both",
        shown(&other.claims),
        shown(&own.claims)
    ))
}
