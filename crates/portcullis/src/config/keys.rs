//! The keys that a configuration has, or names the files of.

use std::path::Path;

use super::{
    problems::Found,
    trusted_issuer::{KeyOrigin, TrustedIssuer},
};
use crate::{
    ConfigError,
    jose::{Algorithm, KeyErrorKind, KeySet, SigningKey, SkippedKey, VerifyingKey, read_key_file},
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
            ("secret_file", self.secret_file.is_some(), KeyOrigin::Here),
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
        let is_fetched = self.key_origin() == Some(KeyOrigin::Fetched);
        for (name, is_set) in [
            ("stale_limit", self.stale_limit.is_some()),
            ("interval", self.interval.is_some()),
            ("seed_file", self.seed_file.is_some()),
            ("bearer_file", self.bearer_file.is_some()),
        ] {
            if is_set && !is_fetched {
                found.add(
                    name,
                    "it is for keys that are fetched, and these are not: leave it out",
                );
            }
        }
    }

    /// The keys that are here, of these algorithms; of any if none is named.
    pub(super) fn keys_here(&self, allowed: &[Algorithm], found: &mut Found) -> Option<KeySet> {
        let secret = |text: &[u8]| {
            let key = secret_key(text, the_one(allowed)?)?;
            Ok(KeySet::from(key.verifying_key()))
        };
        if let Some(text) = &self.secret {
            return found.value("secret", secret(text.expose().as_bytes()));
        }
        if let Some(path) = &self.secret_file {
            return found.value(
                "secret_file",
                of_file(path, |text| secret(without_line_end(text))),
            );
        }
        if allowed.iter().any(|algorithm| algorithm.is_symmetric()) {
            let message = "algorithms of shared secrets (HS256 and the like) go with `secret_file` \
                           or `secret`, and not with public keys";
            found.add("algorithms", message);
            return None;
        }
        if let Some(text) = &self.keys {
            let keys = public_keys(text.expose().as_bytes(), allowed);
            return found.value("keys", keys).map(KeySet::new);
        }
        let mut keys = Some(Vec::new());
        for (index, path) in self.keys_file.iter().enumerate() {
            let place = match self.keys_file.len() {
                1 => "keys_file".to_owned(),
                _ => format!("keys_file[{index}]"),
            };
            let read = of_file(path, |text| public_keys(text, allowed));
            let read = found.value(&place, read);
            keys = keys.zip(read).map(|(keys, read)| [keys, read].concat());
        }
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

/// What `load` makes of a file; its errors name the file.
pub(super) fn of_file<T>(
    path: &Path,
    load: impl FnOnce(&[u8]) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    let loaded = read_key_file(path, |text| Ok(load(text)));
    let loaded = loaded.map_err(|error| ConfigError::new(error.to_string()))?;
    loaded.map_err(|error| ConfigError::new(format!("{}: {error}", path.display())))
}

/// Without the line end that editors and `echo` leave behind a secret.
pub(super) fn without_line_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// A shared secret: a JWK, or the bytes themselves.
pub(super) fn secret_key(
    text: &[u8],
    algorithm: Option<Algorithm>,
) -> Result<SigningKey, ConfigError> {
    let key = match (is_json(text), algorithm) {
        (true, algorithm) => SigningKey::from_jwk(text, algorithm),
        (false, Some(algorithm)) => SigningKey::from_secret(algorithm, text),
        (false, None) => {
            return Err(ConfigError::new(
                "the algorithm of the secret is not named: HS256, HS384 or HS512",
            ));
        }
    };
    match key {
        Ok(key) if key.algorithm().is_symmetric() => Ok(key),
        Ok(_) => Err(ConfigError::new(
            "this is no shared secret but a private key: a verifier needs its public half, in \
             `keys_file`",
        )),
        Err(error) => Err(ConfigError::new(error.to_string())),
    }
}

/// The public keys in a text, each with every algorithm that is allowed and fits it:
/// PEM, a JWK or a JWK Set.
pub(super) fn public_keys(
    text: &[u8],
    allowed: &[Algorithm],
) -> Result<Vec<VerifyingKey>, ConfigError> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    match is_json(text) {
        true => published(text, (!allowed.is_empty()).then_some(allowed)),
        false => pem_keys(text, allowed),
    }
}

/// What some editors write before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn is_json(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{")
}

/// The keys of a JWK Set, or the one that is no set. Those that are for something else
/// are left out; what is broken or secret is an error, since somebody chose this text.
fn published(text: &[u8], allowed: Option<&[Algorithm]>) -> Result<Vec<VerifyingKey>, ConfigError> {
    let read = KeySet::from_public_jwks(text, allowed).or_else(|error| {
        let alone = [b"{\"keys\":[".as_slice(), text, b"]}"].concat();
        KeySet::from_public_jwks(&alone, allowed).map_err(|_| error)
    });
    let (keys, skipped) = read.map_err(|error| ConfigError::new(error.to_string()))?;
    let shown = |key: &SkippedKey| match &key.key_id {
        Some(key_id) => format!("key {key_id:?}: {}", key.reason),
        None => format!("key {} of the set: {}", key.index + 1, key.reason),
    };
    let broken = skipped.iter().find(|key| !is_for_others(key));
    // None is left: why not, by the first of them.
    let reason = broken.or_else(|| skipped.first().filter(|_| keys.is_empty()));
    match reason {
        Some(key) => Err(ConfigError::new(shown(key))),
        None if keys.is_empty() => Err(ConfigError::new("the JWK Set has no keys")),
        None => Ok(keys.iter().cloned().collect()),
    }
}

fn is_for_others(key: &SkippedKey) -> bool {
    use KeyErrorKind::{Unsupported, WrongAlgorithm, WrongUse};
    matches!(key.reason.kind(), Unsupported | WrongAlgorithm | WrongUse)
}

/// The key in a PEM text with each of the algorithms that fit it.
fn pem_keys(text: &[u8], allowed: &[Algorithm]) -> Result<Vec<VerifyingKey>, ConfigError> {
    let results: Vec<_> = match allowed {
        [] => vec![VerifyingKey::from_pem_or_jwk(text, None)],
        allowed => allowed
            .iter()
            .map(|algorithm| VerifyingKey::from_pem_or_jwk(text, Some(*algorithm)))
            .collect(),
    };
    let (mut keys, mut misfit) = (Vec::new(), None);
    for result in results {
        match result {
            Ok(key) => keys.push(key),
            Err(error) => misfit = misfit.or(Some(error)),
        }
    }
    match misfit {
        Some(error) if keys.is_empty() => Err(ConfigError::new(error.to_string())),
        _ => Ok(keys),
    }
}
