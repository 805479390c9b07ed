//! Settings of a [`VerifierBuilder`] for issuers with more than one name.

use std::sync::Arc;

use super::{
    NoIssuer, Ready, Tenants, VerifierBuilder,
    issuer_rule::{IssuerRule, Mistaken},
    tenants::TenantIssuers,
};

impl<K, A> VerifierBuilder<K, NoIssuer, A> {
    /// An issuer with a name for each of its tenants, as Microsoft Entra ID has:
    /// `{tenantid}` in the pattern stands for a tenant's GUID, which must be the
    /// one that the claim `tid` names, and one that is accepted.
    ///
    /// Subjects are unique within their tenant, so their realm is the token's `iss`.
    ///
    /// ```
    /// # use portcullis::verify::{Tenants, Verifier};
    /// Verifier::builder().issuer_of_tenants(
    ///     "https://login.microsoftonline.com/{tenantid}/v2.0",
    ///     Tenants::only(["72f988bf-86f1-41af-91ab-2d7cd011db47"]),
    /// );
    /// ```
    pub fn issuer_of_tenants(
        self,
        pattern: impl Into<Arc<str>>,
        tenants: Tenants,
    ) -> VerifierBuilder<K, Ready, A> {
        let pattern = pattern.into();
        self.issuer_rule(IssuerRule::OfTenants(TenantIssuers { pattern, tenants }))
    }

    /// An issuer that writes its name in several ways, of which every token must
    /// have one: Google with and without `https://`. They are one issuer: the realm
    /// of its subjects is the first name.
    pub fn issuer_spelled<T>(self, names: T) -> VerifierBuilder<K, Ready, A>
    where
        T: IntoIterator,
        T::Item: Into<Arc<str>>,
    {
        let names = names.into_iter().map(Into::into).collect();
        self.issuer_rule(IssuerRule::Spelled(names))
    }

    pub(super) fn issuer_rule(self, rule: IssuerRule) -> VerifierBuilder<K, Ready, A> {
        let mut profile = self.into_profile();
        profile.claims.issuer = rule;
        VerifierBuilder::with(profile)
    }
}

impl<K, I, A> VerifierBuilder<K, I, A> {
    /// What a refusal says about tokens of issuers that are often taken for this one.
    pub(super) fn mistaken(self, mistaken: impl IntoIterator<Item = Mistaken>) -> Self {
        self.set(|profile| profile.claims.mistaken.extend(mistaken))
    }

    /// What the keys call an issuer of this name; `{tenantid}` may stand in both.
    pub(super) fn keys_name_it(self, own: Arc<str>, alias: Arc<str>) -> Self {
        self.set(|profile| profile.claims.keys_name_it = Some((own, alias)))
    }
}
