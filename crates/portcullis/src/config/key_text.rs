//! From texts and files to keys.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::problems::Found;
use crate::{
    ConfigError,
    jose::{Algorithm, KeyErrorKind, KeySet, SigningKey, SkippedKey, VerifyingKey, read_key_file},
};

/// The keys in the files that the setting `name` lists; none if something is wrong with
/// one of them.
pub(super) fn keys_in_files(
    name: &str,
    paths: &[PathBuf],
    found: &mut Found,
    load: impl Fn(&[u8]) -> Result<Vec<VerifyingKey>, ConfigError>,
) -> Option<Vec<VerifyingKey>> {
    let mut all = Some(Vec::new());
    for (index, path) in paths.iter().enumerate() {
        let place = match paths.len() {
            1 => name.to_owned(),
            _ => format!("{name}[{index}]"),
        };
        let keys = found.value(&place, of_file(path, &load));
        all = all.zip(keys).map(|(all, keys)| [all, keys].concat());
    }
    all
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
        // It may be a private one by mistake.
        let alone = Zeroizing::new([b"{\"keys\":[".as_slice(), text, b"]}"].concat());
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
