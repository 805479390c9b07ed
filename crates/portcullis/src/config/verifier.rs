//! What a service trusts.

use std::{fmt, slice};

use serde::{
    Deserialize, Deserializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use super::{
    problems::{ConfigProblems, Found},
    trusted_issuer::{KeyOrigin, TrustedIssuer},
};
use crate::verify::{NoKeys, Ready, Verifier, VerifierBuilder, providers::Provider};

/// What a service trusts: one issuer, or a list of them
/// ([`Verifier::combine`]).
///
/// ```
/// use portcullis::config::VerifierConfig;
///
/// // [verifier]
/// let one: VerifierConfig = serde_json::from_str(
///     r#"{"issuer": "https://login.example.com", "audience": "api", "discover": true}"#,
/// )?;
/// // [[verifier]]
/// let several: VerifierConfig = serde_json::from_str(
///     r#"[{"issuer": "https://login.example.com", "audience": "api", "discover": true},
///         {"provider": {"auth0": {"domain": "dev.eu.auth0.com"}}, "audience": "api"}]"#,
/// )?;
/// assert_eq!((one.issuers().len(), several.issuers().len()), (1, 2));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// The default has an issuer of whom nothing is said, and cannot be built.
#[derive(Clone, Debug)]
pub struct VerifierConfig(Written);

#[derive(Clone, Debug)]
enum Written {
    Alone(Box<TrustedIssuer>),
    List(Vec<TrustedIssuer>),
}

/// A verifier's builder with everything that is mandatory.
type Complete = VerifierBuilder<Ready, Ready, Ready>;

/// A verifier's builder with everything but keys, or whoever is asked in their place.
type WithoutKeys = VerifierBuilder<NoKeys, Ready, Ready>;

impl VerifierConfig {
    /// The issuers, in the order of the file.
    pub fn issuers(&self) -> &[TrustedIssuer] {
        match &self.0 {
            Written::Alone(issuer) => slice::from_ref(issuer),
            Written::List(issuers) => issuers,
        }
    }

    /// Builds the verifier; reads the files of keys that are named.
    ///
    /// # Errors
    ///
    /// Everything that is wrong. Keys that are fetched are a problem too: they need
    /// `portcullis_remote::VerifierLoader`.
    pub fn build(&self) -> Result<Verifier, ConfigProblems> {
        self.build_with(|_, builder| builder)
    }

    /// As [`build`](Self::build), with what no file can say, such as a clock, where
    /// revocations are looked up, or the application's own checks: `further` gets the
    /// builder of each issuer.
    ///
    /// ```
    /// use portcullis::{
    ///     config::{ConfigProblems, VerifierConfig},
    ///     verify::{Verifier, VerifyError},
    /// };
    ///
    /// fn verifier(config: &VerifierConfig) -> Result<Verifier, ConfigProblems> {
    ///     config.build_with(|_, builder| {
    ///         builder.check(|token| match token.client_id() {
    ///             Some(_) => Ok(()),
    ///             None => Err(VerifyError::custom("the token names no client")),
    ///         })
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_with(
        &self,
        further: impl FnMut(&TrustedIssuer, Complete) -> Complete,
    ) -> Result<Verifier, ConfigProblems> {
        self.build_fetching(|issuer, _, _| Err(nobody_fetches(issuer)), further)
    }

    /// For whoever fetches keys, or asks issuers: `fetch` completes the builder of each
    /// issuer whose keys are not here, by [`keys_from`](VerifierBuilder::keys_from) or
    /// [`introspected_by`](VerifierBuilder::introspected_by). It gets the issuer and its
    /// provider, if one is named. What it says is wrong is told with the rest, so that it
    /// may be called though nothing will come of it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn build_fetching(
        &self,
        mut fetch: impl FnMut(
            &TrustedIssuer,
            Option<&Provider>,
            WithoutKeys,
        ) -> Result<Complete, ConfigProblems>,
        mut further: impl FnMut(&TrustedIssuer, Complete) -> Complete,
    ) -> Result<Verifier, ConfigProblems> {
        let issuers = match &self.0 {
            Written::Alone(issuer) => return issuer.build(&mut fetch, &mut further),
            Written::List(issuers) => issuers,
        };
        let mut found = Found::default();
        let verifiers = issuers.iter().enumerate().map(|(index, issuer)| {
            let built = issuer.build(&mut fetch, &mut further);
            found.part(built.map_err(|problems| problems.within(&format!("[{index}]"))))
        });
        let verifiers: Vec<_> = verifiers.collect();
        let verifiers: Option<Vec<_>> = verifiers.into_iter().collect();
        let combined =
            verifiers.and_then(|verifiers| found.value("", Verifier::combine(verifiers)));
        found.result(combined)
    }
}

impl TrustedIssuer {
    /// The provider that is named, for its ID tokens if these are asked for.
    fn named_provider(&self, found: &mut Found) -> Option<Provider> {
        let provider = found.value("provider", self.provider.as_ref()?.build())?;
        let provider = match self.id_tokens || !self.authorized_parties.is_empty() {
            true => provider.id_tokens(),
            false => provider,
        };
        match &self.provider_origin {
            Some(origin) => found.value("provider_origin", provider.with_origin(origin)),
            None => Some(provider),
        }
    }

    fn build(
        &self,
        fetch: impl FnOnce(&Self, Option<&Provider>, WithoutKeys) -> Result<Complete, ConfigProblems>,
        further: impl FnOnce(&Self, Complete) -> Complete,
    ) -> Result<Verifier, ConfigProblems> {
        let mut found = Found::default();
        let provider = self.named_provider(&mut found);
        let builder = self.rules(provider.as_ref(), &mut found);
        if found.is_empty() {
            found.value("", builder.check_rules());
        }
        self.check_origin(&mut found);
        let builder = match self.key_origin() {
            Some(KeyOrigin::Here) => {
                let allowed = match &provider {
                    Some(provider) if self.algorithms.is_empty() => provider.algorithms(),
                    _ => &self.algorithms,
                };
                let keys = self.keys_here(allowed, &mut found);
                keys.map(|keys| builder.keys(keys))
            }
            // Of a provider that is none there is nothing to fetch.
            Some(_) if self.provider.is_some() == provider.is_some() => {
                found.part(fetch(self, provider.as_ref(), builder))
            }
            _ => None,
        };
        let builder = found.result(builder)?;
        Ok(further(self, builder).build()?)
    }
}

fn nobody_fetches(issuer: &TrustedIssuer) -> ConfigProblems {
    let message = match issuer.key_origin() {
        Some(KeyOrigin::Introspection) => {
            "the issuer is asked about each token: build it with \
             `portcullis_remote::VerifierLoader` (feature `remote` of the adapters)"
        }
        _ => {
            "the keys are fetched: build it with `portcullis_remote::VerifierLoader` (feature \
             `remote` of the adapters), or name a `keys_file`"
        }
    };
    ConfigProblems::new(issuer.origin_name(), message)
}

impl Default for VerifierConfig {
    fn default() -> Self {
        Self::from(TrustedIssuer::default())
    }
}

impl From<TrustedIssuer> for VerifierConfig {
    fn from(issuer: TrustedIssuer) -> Self {
        Self(Written::Alone(Box::new(issuer)))
    }
}

impl FromIterator<TrustedIssuer> for VerifierConfig {
    fn from_iter<I: IntoIterator<Item = TrustedIssuer>>(issuers: I) -> Self {
        Self(Written::List(issuers.into_iter().collect()))
    }
}

impl<'de> Deserialize<'de> for VerifierConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TableOrList;

        impl<'de> Visitor<'de> for TableOrList {
            type Value = VerifierConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with the settings of an issuer, or a list of such tables")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<VerifierConfig, A::Error> {
                TrustedIssuer::deserialize(MapAccessDeserializer::new(map)).map(Into::into)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<VerifierConfig, A::Error> {
                let issuers = Vec::<TrustedIssuer>::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(issuers.into_iter().collect())
            }
        }

        deserializer.deserialize_any(TableOrList)
    }
}
