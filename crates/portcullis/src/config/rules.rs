//! From the settings of an issuer to those of a builder.

use std::time::Duration;

use super::{problems::Found, trusted_issuer::TrustedIssuer};
use crate::verify::{
    NoAudience, NoIssuer, NoKeys, Ready, Tenants, TokenCache, Verifier, VerifierBuilder,
    providers::Provider,
};

impl TrustedIssuer {
    /// Everything but the keys.
    pub(super) fn rules(
        &self,
        provider: Option<&Provider>,
        found: &mut Found,
    ) -> VerifierBuilder<NoKeys, Ready, Ready> {
        let builder = self.with_issuer(provider, Verifier::builder(), found);
        let builder = self.with_audience(builder, found);
        let builder = self.with_kind_of_token(provider, builder, found);
        let builder = self.with_names(builder, found);
        let builder = self.with_times(builder, found);
        let builder = self.with_demands(builder, found);
        self.with_sizes(builder, found)
    }

    fn with_issuer<K, A>(
        &self,
        provider: Option<&Provider>,
        builder: VerifierBuilder<K, NoIssuer, A>,
        found: &mut Found,
    ) -> VerifierBuilder<K, Ready, A> {
        found.blank("issuer", &*self.issuer);
        if self.provider.is_some() {
            for (name, is_set) in [
                ("issuer", !self.issuer.is_empty()),
                ("tenants", !self.tenants.is_empty()),
                ("dangerous.any_issuer", self.dangerous.any_issuer),
            ] {
                if is_set {
                    found.add(
                        name,
                        "`provider` says already who the issuer is: leave this out",
                    );
                }
            }
        } else if self.provider_origin.is_some() {
            found.add(
                "provider_origin",
                "there is no `provider`: name one, or leave this out",
            );
        }
        if let Some(provider) = provider {
            return provider.apply(builder);
        }
        let is_any = self.dangerous.any_issuer;
        match &*self.issuer {
            [] if is_any => return builder.dangerous().any_issuer(),
            [] if self.provider.is_none() => found.add(
                "issuer",
                "there is no issuer: set the `iss` of its tokens, or name a `provider`",
            ),
            [_, ..] if is_any => found.add(
                "dangerous.any_issuer",
                "there is an `issuer`: leave one of the two out",
            ),
            [_, _, ..] if !self.tenants.is_empty() => found.add(
                "tenants",
                "an issuer of many tenants has one name, with `{tenantid}` in it",
            ),
            [pattern] if !self.tenants.is_empty() => {
                let tenants = Tenants::only(&*self.tenants);
                return builder.issuer_of_tenants(pattern.as_str(), tenants);
            }
            _ => {}
        }
        match &*self.issuer {
            [] => builder.issuer(UNKNOWN),
            [one] => builder.issuer(one.as_str()),
            names => builder.issuer_spelled(names.iter().map(String::as_str)),
        }
    }

    fn with_audience<K, I>(
        &self,
        builder: VerifierBuilder<K, I, NoAudience>,
        found: &mut Found,
    ) -> VerifierBuilder<K, I, Ready> {
        found.blank("audience", &*self.audience);
        let dangerous = &self.dangerous;
        let choices = [
            !self.audience.is_empty(),
            dangerous.any_audience,
            dangerous.no_audience,
        ];
        match choices {
            [true, false, false] => {}
            [false, true, false] => return builder.dangerous().any_audience(),
            [false, false, true] => return builder.dangerous().no_audience(),
            [false, false, false] => found.add(
                "audience",
                "there is no audience: set the name by which issuers know this service",
            ),
            _ => found.add(
                "audience",
                "of `audience`, `dangerous.any_audience` and `dangerous.no_audience` only one can \
                 be meant",
            ),
        }
        match choices {
            [true, ..] => builder.audiences(self.audience.iter().map(String::as_str)),
            _ => builder.audience(UNKNOWN),
        }
    }

    fn with_kind_of_token<K, I, A>(
        &self,
        provider: Option<&Provider>,
        mut builder: VerifierBuilder<K, I, A>,
        found: &mut Found,
    ) -> VerifierBuilder<K, I, A> {
        found.blank("authorized_parties", &*self.authorized_parties);
        if self.rfc9068 {
            builder = builder.rfc9068();
        }
        // A provider has rules of its own for them.
        if self.id_tokens && provider.is_none() {
            builder = builder.id_tokens();
        }
        if !self.authorized_parties.is_empty() {
            let parties = self.authorized_parties.iter().map(String::as_str);
            builder = builder.authorized_parties(parties);
        }
        if let Some(kind) = &self.kind_claim {
            found.blank("kind_claim", [&kind.name, &kind.access]);
            if kind.refresh.is_some() {
                found.add(
                    "kind_claim.refresh",
                    "a verifier takes no refresh tokens: leave it out",
                );
            }
            builder = builder.kind_claim(kind.name.as_str(), kind.access.as_str());
        }
        if self.dangerous.ignore_binding {
            builder = builder.dangerous().ignore_binding();
        }
        builder
    }

    fn with_names<K, I, A>(
        &self,
        mut builder: VerifierBuilder<K, I, A>,
        found: &mut Found,
    ) -> VerifierBuilder<K, I, A> {
        for (path, name) in [
            ("subject_claim", &self.subject_claim),
            ("subject_realm", &self.subject_realm),
            ("scope_claim", &self.scope_claim),
            ("client_claim", &self.client_claim),
            ("audience_claim", &self.audience_claim),
            ("fresh_claim", &self.fresh_claim),
        ] {
            found.blank(path, name);
        }
        if let Some(name) = &self.subject_claim {
            builder = builder.subject_claim(name.as_str());
        }
        if let Some(realm) = &self.subject_realm {
            builder = builder.subject_realm(realm.as_str());
        }
        if let Some(name) = &self.scope_claim {
            builder = builder.scope_claim(name.as_str());
        }
        if let Some(name) = &self.client_claim {
            builder = builder.client_claim(name.as_str());
        }
        if let Some(name) = &self.audience_claim {
            builder = builder.audience_claim(name.as_str());
        }
        if let Some(name) = &self.fresh_claim {
            builder = builder.fresh_claim(name.as_str());
        }
        builder
    }

    fn with_times<K, I, A>(
        &self,
        mut builder: VerifierBuilder<K, I, A>,
        found: &mut Found,
    ) -> VerifierBuilder<K, I, A> {
        if let Some(leeway) = self.leeway {
            builder = builder.leeway(leeway.into());
        }
        for (path, span) in [
            ("max_age", self.max_age),
            ("max_lifetime", self.max_lifetime),
        ] {
            if span.is_some_and(|span| Duration::from(span).is_zero()) {
                found.add(
                    path,
                    "no token satisfies zero: leave it out, or say how long",
                );
            }
        }
        if let Some(age) = self.max_age {
            builder = builder.max_age(age.into());
        }
        if let Some(lifetime) = self.max_lifetime {
            builder = builder.max_lifetime(lifetime.into());
        }
        builder
    }

    fn with_demands<K, I, A>(
        &self,
        mut builder: VerifierBuilder<K, I, A>,
        found: &mut Found,
    ) -> VerifierBuilder<K, I, A> {
        found.blank("require_claims", &*self.require_claims);
        found.blank("require_any_claim", &*self.require_any_claim);
        found.blank("refuse_claims", &*self.refuse_claims);
        builder = builder
            .require_claims(self.require_claims.iter().map(String::as_str))
            .refuse_claims(self.refuse_claims.iter().map(String::as_str));
        if !self.require_any_claim.is_empty() {
            let names = self.require_any_claim.iter().map(String::as_str);
            builder = builder.require_any_claim(names);
        }
        for (name, values) in &self.require_claim_values {
            let path = format!("require_claim_values.{name}");
            if values.is_empty() {
                found.add(&path, "no value is allowed: name one at least");
            }
            found.blank(&path, &**values);
            let pairs = values.iter().map(|value| (name.as_str(), value.as_str()));
            builder = builder.require_any_value(pairs);
        }
        builder
    }

    fn with_sizes<K, I, A>(
        &self,
        mut builder: VerifierBuilder<K, I, A>,
        found: &mut Found,
    ) -> VerifierBuilder<K, I, A> {
        let cached = self.cache.as_ref().and_then(|cache| cache.max_bytes);
        for (path, size) in [
            ("max_token_size", self.max_token_size),
            ("max_header_size", self.max_header_size),
            ("cache.max_bytes", cached),
        ] {
            if size == Some(0) {
                found.add(
                    path,
                    "nothing fits into zero bytes: leave it out, or say how many",
                );
            }
        }
        if let Some(bytes) = self.max_token_size {
            builder = builder.max_token_size(bytes);
        }
        if let Some(bytes) = self.max_header_size {
            builder = builder.max_header_size(bytes);
        }
        if let Some(settings) = &self.cache {
            let mut cache = TokenCache::new();
            if let Some(bytes) = settings.max_bytes {
                cache = cache.max_bytes(bytes);
            }
            if settings.shared_secrets {
                cache = cache.with_shared_secrets();
            }
            builder = builder.cache(cache);
        }
        builder
    }
}

/// Stands for what is missing while the rest is checked; nothing is built with it.
const UNKNOWN: &str = "unknown";
