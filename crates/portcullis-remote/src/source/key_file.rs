//! One file with keys, in whatever form.

use portcullis::jose::{Algorithm, KeyError, KeyErrorKind, KeySet, VerifyingKey};
use serde::{Deserialize, de::IgnoredAny};

use super::left_out::LeftOut;
use crate::{FetchError, FetchErrorKind};

/// The keys in a file, and those that cannot be used: of a JWK Set, of one JWK, or
/// of PEM. What is neither is left out, as the notes that people put beside keys.
///
/// An error is what may be half written, so that it does not take good keys away.
pub(super) fn keys_in(
    place: &str,
    content: &[u8],
    algorithms: Option<&[Algorithm]>,
) -> Result<(Vec<VerifyingKey>, Vec<LeftOut>), FetchError> {
    let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(broken(place, "the file is empty"));
    }
    if text.starts_with(b"{") {
        return jwks(place, text, algorithms);
    }
    if text.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return match pem(text, algorithms) {
            Ok(keys) => Ok((keys, Vec::new())),
            Err(error) if error.kind() == KeyErrorKind::Malformed => Err(broken(place, error)),
            Err(error) => Ok((Vec::new(), vec![LeftOut::new(place, error.kind(), error)])),
        };
    }
    let reason = "the file is neither PEM nor a JWK nor a JWK Set";
    let odd = LeftOut::new(place, KeyErrorKind::Unsupported, reason);
    Ok((Vec::new(), vec![odd]))
}

const BEGIN: &[u8] = b"-----BEGIN ";

#[derive(Deserialize)]
struct Shape {
    keys: Option<IgnoredAny>,
}

fn jwks(
    place: &str,
    json: &[u8],
    algorithms: Option<&[Algorithm]>,
) -> Result<(Vec<VerifyingKey>, Vec<LeftOut>), FetchError> {
    let shape: Shape =
        serde_json::from_slice(json).map_err(|_| broken(place, "the file is not JSON"))?;
    let set = match shape.keys {
        Some(_) => KeySet::from_public_jwks(json, algorithms),
        None => {
            let one = [&b"{\"keys\":["[..], json, b"]}"].concat();
            KeySet::from_public_jwks(&one, algorithms)
        }
    };
    let (keys, skipped) = set.map_err(|error| broken(place, error))?;
    let odd = skipped
        .into_iter()
        .map(|key| LeftOut::of_set(place, key))
        .collect();
    Ok((keys.iter().cloned().collect(), odd))
}

/// The keys in a PEM text with each algorithm that fits.
fn pem(text: &[u8], algorithms: Option<&[Algorithm]>) -> Result<Vec<VerifyingKey>, KeyError> {
    let Some(algorithms) = algorithms else {
        return Ok(vec![VerifyingKey::from_pem_or_jwk(text, None)?]);
    };
    let (mut keys, mut misfit) = (Vec::new(), None);
    for algorithm in algorithms {
        match VerifyingKey::from_pem(*algorithm, text) {
            Ok(key) => keys.push(key),
            Err(error) if error.kind() == KeyErrorKind::WrongType => misfit = Some(error),
            Err(error) => return Err(error),
        }
    }
    match misfit {
        Some(error) if keys.is_empty() => Err(error),
        _ => Ok(keys),
    }
}

fn broken(place: &str, reason: impl std::fmt::Display) -> FetchError {
    FetchError::new(FetchErrorKind::Malformed, format!("{place}: {reason}"))
}
