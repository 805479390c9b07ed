//! Which checks the tokens of a profile go through.

use super::{
    claim_rules::{BindingRule, ClaimRules},
    issuer_rule::IssuerRule,
    observer::Check::{self, *},
    profile::Profile,
};

impl Profile {
    /// All that are made of every token, in their order.
    pub(super) fn plan(&self) -> Vec<Check> {
        let mut plan = vec![Size, Form, Header, Type, Key, Signature, Claims];
        plan.extend(self.claims.plan());
        let further = [
            (Application, !self.checks.is_empty()),
            (Revocation, self.status.is_some()),
        ];
        plan.extend(chosen(further));
        plan
    }
}

impl ClaimRules {
    fn plan(&self) -> impl Iterator<Item = Check> {
        let further = &self.further;
        chosen([
            (Issuer, true),
            (Required, !self.names.required().is_empty()),
            (Audience, true),
            (Kind, !self.logout),
            (KindClaim, self.kind.is_some()),
            (Bound, matches!(self.binding, BindingRule::Refused)),
            (Tenant, matches!(self.issuer, IssuerRule::OfTenants(_))),
            (AudienceClaim, further.audience_claim.is_some()),
            (IdToken, further.id_tokens.is_some()),
            (RefusedClaims, !further.refused.is_empty()),
            (OneOf, !further.one_of.is_empty()),
            (Values, !further.values.is_empty()),
            (Expiry, true),
            (NotBefore, true),
            (IssuedAt, true),
            (Age, self.max_age.is_some()),
            (Lifetime, self.max_lifetime.is_some()),
        ])
    }
}

fn chosen<const N: usize>(checks: [(Check, bool); N]) -> impl Iterator<Item = Check> {
    let checks = checks.into_iter().filter(|(_, is_made)| *is_made);
    checks.map(|(check, _)| check)
}
