//! The keys that a configuration has, or names the files of.

use super::{
    key_text::{keys_in_files, public_keys, secret_key, without_line_end},
    problems::Found,
    trusted_issuer::{KeyOrigin, TrustedIssuer},
};
use crate::{
    ConfigError,
    jose::{Algorithm, KeySet},
};

impl TrustedIssuer {
    /// Where the keys come from; none if that is not said, or said twice.
    pub fn key_origin(&self) -> Option<KeyOrigin> {
        match self.origins().as_slice() {
            [] if self.provider.is_some() => Some(KeyOrigin::Fetched),
            [(_, origin)] => Some(*origin),
            _ => None,
        }
    }

    /// The setting that says where the keys come from, for telling what is wrong with it.
    pub fn origin_name(&self) -> &'static str {
        let origins = self.origins();
        origins.first().map_or("provider", |(name, _)| name)
    }

    /// The settings that say where the keys come from.
    fn origins(&self) -> Vec<(&'static str, KeyOrigin)> {
        let metadata = match self.metadata_url {
            // It is discovery at another place.
            Some(_) => ("metadata_url", true),
            None => ("discover", self.discover),
        };
        [
            ("keys", self.keys.is_some(), KeyOrigin::Here),
            ("keys_file", !self.keys_file.is_empty(), KeyOrigin::Here),
            ("secret", self.secret.is_some(), KeyOrigin::Here),
            ("secret_file", !self.secret_file.is_empty(), KeyOrigin::Here),
            (metadata.0, metadata.1, KeyOrigin::Fetched),
            ("jwks_uri", self.jwks_uri.is_some(), KeyOrigin::Fetched),
            ("watch_keys", self.watch_keys.is_some(), KeyOrigin::Fetched),
            (
                "introspection",
                self.introspection.is_some(),
                KeyOrigin::Introspection,
            ),
        ]
        .into_iter()
        .filter(|(_, is_set, _)| *is_set)
        .map(|(name, _, origin)| (name, origin))
        .collect()
    }

    /// Notes what is wrong with where the keys come from.
    pub(super) fn check_origin(&self, found: &mut Found) {
        let origins = self.origins();
        match origins.as_slice() {
            [] if self.provider.is_none() => found.add(
                "",
                "there are no keys: set one of `keys_file`, `keys`, `secret_file`, `secret`, \
                 `discover`, `metadata_url`, `jwks_uri`, `watch_keys` and `introspection`",
            ),
            [] | [_] => {}
            [(first, _), others @ ..] => {
                for (other, _) in others {
                    found.add(
                        other,
                        format!("`{first}` says already where the keys are: keep one"),
                    );
                }
            }
        }
        let origin = self.key_origin();
        let is_fetched = origin == Some(KeyOrigin::Fetched);
        for (name, is_set, is_used) in [
            ("stale_limit", self.stale_limit.is_some(), is_fetched),
            ("interval", self.interval.is_some(), is_fetched),
            ("seed_file", self.seed_file.is_some(), is_fetched),
            ("bearer_file", self.bearer_file.is_some(), is_fetched),
            // For those who are asked as well.
            (
                "ca_file",
                self.ca_file.is_some(),
                origin != Some(KeyOrigin::Here),
            ),
        ] {
            if is_set && !is_used {
                let message = "it is for what is fetched, and nothing is: leave it out";
                found.add(name, message);
            }
        }
    }

    /// The keys that are here, of these algorithms; of any if none is named.
    pub(super) fn keys_here(&self, allowed: &[Algorithm], found: &mut Found) -> Option<KeySet> {
        let secret = |text: &[u8]| {
            let key = secret_key(text, the_one(allowed)?)?;
            Ok(vec![key.verifying_key()])
        };
        let keys = if let Some(text) = &self.secret {
            found.value("secret", secret(text.expose().as_bytes()))
        } else if !self.secret_file.is_empty() {
            keys_in_files("secret_file", &self.secret_file, found, |text| {
                secret(without_line_end(text))
            })
        } else if allowed.iter().any(|algorithm| algorithm.is_symmetric()) {
            let message = "algorithms of shared secrets (HS256 and the like) go with `secret_file` \
                           or `secret`, and not with public keys";
            found.add("algorithms", message);
            None
        } else if let Some(text) = &self.keys {
            found.value("keys", public_keys(text.expose().as_bytes(), allowed))
        } else {
            keys_in_files("keys_file", &self.keys_file, found, |text| {
                public_keys(text, allowed)
            })
        };
        keys.map(KeySet::new)
    }
}

/// The one algorithm that is named, if any is.
fn the_one(allowed: &[Algorithm]) -> Result<Option<Algorithm>, ConfigError> {
    match allowed {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err(ConfigError::new(
            "a secret is for one algorithm: name only that in `algorithms`",
        )),
    }
}
