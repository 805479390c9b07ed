//! Several issuers' tokens, each by its own rules.

use super::{
    addressed::never_asked,
    issuer_rule::IssuerRule,
    profile::Profile,
    trusted::{Others, Parts},
};
use crate::ConfigError;

/// What accepts whatever one of these does, each token by the rules that it names.
pub(super) fn combine<'p>(all: impl IntoIterator<Item = &'p Parts>) -> Result<Parts, ConfigError> {
    let mut profiles = Vec::<(usize, Profile)>::new();
    let mut others = None;
    for (number, parts) in (1..).zip(all) {
        if let Some(own) = &parts.others
            && others.replace(own.clone()).is_some()
        {
            return Err(ConfigError::new(
                "of the combined verifiers, several find theirs by issuer or ask an issuer: \
                 nobody can tell whose a token is that none of the others knows, so give each \
                 its own part of the service",
            ));
        }
        for later in &parts.profiles {
            let mut earlier = profiles.iter();
            if let Some((first, rules)) =
                earlier.find(|(_, own)| own.claims.take_from(&later.claims))
            {
                return Err(never_asked(*first, rules, number, later));
            }
            profiles.push((number, later.clone()));
        }
    }
    let takes_any = |(_, own): &(usize, Profile)| own.claims.issuer == IssuerRule::Any;
    if matches!(others, Some(Others::Delegate(_))) && profiles.iter().any(takes_any) {
        return Err(ConfigError::new(
            "of the combined verifiers, one takes tokens of any issuer, so that none is left \
             for the one that finds its verifier by issuer",
        ));
    }
    if profiles.is_empty() && others.is_none() {
        return Err(ConfigError::new("a combined verifier needs at least one"));
    }
    let profiles = profiles.into_iter().map(|(_, profile)| profile).collect();
    Ok(Parts { profiles, others })
}
