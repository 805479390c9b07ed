//! Loading keys: how text becomes a key, whether it is to verify or to sign.

use std::{mem, path::Path};

use memchr::memmem;

use super::{
    Algorithm, KeyError, KeyErrorKind,
    jwk::{Jwk, Purpose, Wanted},
    pem::{self, Block},
    source,
};

/// A kind of key that can be loaded: what [`VerifyingKey`](super::VerifyingKey)
/// and [`SigningKey`](super::SigningKey) do differently.
pub(super) trait Load: Sized {
    /// What `use` and `key_ops` of a JWK must allow.
    const PURPOSE: Purpose;

    /// Whether a PEM block of this label is what is asked for.
    fn is_asked_for(label: &str) -> bool;

    /// Refuses what a PEM label says cannot be read, before its bytes are looked
    /// at.
    fn check_label(label: &str) -> Result<(), KeyError>;

    /// The algorithm of a key in DER, where its type says it.
    fn detect(der: &[u8]) -> Result<Algorithm, KeyError>;

    fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError>;

    fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError>;

    /// From the numbers of a JWK whose type fits the algorithm.
    fn from_numbers(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, KeyError>;

    /// The same key under the names that its JWK has for it.
    fn with_names(self, names: Names<'_>) -> Self;

    fn is_same_as(&self, other: &Self) -> bool;
}

/// What a JWK calls its key, its algorithm and its issuer.
pub(super) struct Names<'j> {
    pub(super) key_id: Option<&'j str>,
    /// Whether the algorithm goes by its newer name (RFC 9864).
    pub(super) says_ed25519: bool,
    pub(super) issuer: Option<&'j str>,
}

/// The key in a PEM text, which may hold more than the key: its certificate and
/// those of its issuers, its other half, parameters.
pub(super) fn pem<K: Load>(text: &[u8], algorithm: Option<Algorithm>) -> Result<K, KeyError> {
    let blocks = pem::blocks(text)?;
    let (mut found, mut misfit) = (None::<K>, None);
    for block in asked_for::<K>(&blocks) {
        match from_block::<K>(block, algorithm) {
            Ok(key) if found.as_ref().is_some_and(|other| !key.is_same_as(other)) => {
                return Err(KeyError::malformed(
                    "more than one key in the PEM text fits, and they differ: keep the one that \
                     is meant",
                ));
            }
            Ok(key) => found = Some(key),
            // Of another type than the algorithm: another key may be meant.
            Err(error) if error.kind() == KeyErrorKind::WrongType => {
                misfit.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    found.ok_or_else(|| misfit.unwrap_or_else(|| nothing_asked_for::<K>(&blocks)))
}

/// The blocks that may be the key. Of certificates only the first: in a chain
/// the others are those of issuers (RFC 8446 section 4.4.2).
fn asked_for<'b, K: Load>(blocks: &'b [Block<'b>]) -> impl Iterator<Item = &'b Block<'b>> {
    let mut is_first = true;
    blocks
        .iter()
        .filter(|block| K::is_asked_for(block.label))
        .filter(move |block| block.label != "CERTIFICATE" || mem::take(&mut is_first))
}

fn from_block<K: Load>(block: &Block<'_>, algorithm: Option<Algorithm>) -> Result<K, KeyError> {
    K::check_label(block.label)?;
    let der = block.der()?;
    let algorithm = match algorithm {
        Some(algorithm) => algorithm,
        None => K::detect(&der)?,
    };
    K::from_der(algorithm, &der)
}

/// What to say of a text without the key: that the other half is there, rather
/// than that parameters are no key.
fn nothing_asked_for<K: Load>(blocks: &[Block<'_>]) -> KeyError {
    let errors = || {
        blocks
            .iter()
            .filter_map(|block| K::check_label(block.label).err())
    };
    errors()
        .find(|error| error.kind() == KeyErrorKind::WrongType)
        .or_else(|| errors().next())
        .unwrap_or_else(|| KeyError::malformed("no key in the PEM text"))
}

/// The key in a JWK.
pub(super) fn jwk<K: Load>(json: &[u8], wanted: Wanted<'_>) -> Result<K, KeyError> {
    parsed_jwk(&Jwk::parse(json)?, wanted)
}

/// As [`jwk`], for one that is read already.
pub(super) fn parsed_jwk<K: Load>(jwk: &Jwk<'_>, wanted: Wanted<'_>) -> Result<K, KeyError> {
    let algorithm = jwk.algorithm(wanted)?;
    jwk.check_use(K::PURPOSE)?;
    let key = if algorithm.is_symmetric() {
        K::from_secret(algorithm, &jwk.bytes("k")?)?
    } else {
        K::from_numbers(algorithm, jwk)?
    };
    Ok(key.with_names(Names {
        key_id: jwk.key_id()?,
        says_ed25519: jwk.says_ed25519(),
        issuer: jwk.issuer(),
    }))
}

/// The key in a PEM text or a JWK, whichever it looks like.
pub(super) fn pem_or_jwk<K: Load>(
    text: &[u8],
    algorithm: Option<Algorithm>,
) -> Result<K, KeyError> {
    let text = text.strip_prefix(source::BYTE_ORDER_MARK).unwrap_or(text);
    if text.trim_ascii_start().starts_with(b"{") {
        return jwk(text, algorithm.map_or(Wanted::Detected, Wanted::Exactly));
    }
    if memmem::find(text, b"-----BEGIN").is_some() {
        return pem(text, algorithm);
    }
    Err(KeyError::malformed(
        "the text is neither PEM (`-----BEGIN ...`) nor a JWK (`{...}`); a bare shared secret is \
         given with `from_secret`",
    ))
}

/// [`pem_or_jwk`] of a file.
pub(super) fn file<K: Load>(path: &Path, algorithm: Option<Algorithm>) -> Result<K, KeyError> {
    source::file(path, |text| pem_or_jwk(text, algorithm))
}

/// [`pem_or_jwk`] of an environment variable.
pub(super) fn variable<K: Load>(name: &str, algorithm: Option<Algorithm>) -> Result<K, KeyError> {
    source::variable(name, |text| pem_or_jwk(text, algorithm))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::VerifyingKey;

    #[test]
    fn text_is_pem_or_jwk() {
        for text in [&b""[..], b"  ", b"secret", b"\xff\xfe", b"[]"] {
            let error = VerifyingKey::from_pem_or_jwk(text, None).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::Malformed);
        }
        let jwk = b"\xef\xbb\xbf\n{\"kty\":\"oct\",\"k\":\"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc\"}";
        let key = VerifyingKey::from_pem_or_jwk(jwk, None).unwrap();
        assert_eq!(key.algorithm(), Algorithm::HS256);
        // Not detected where the caller is to say it.
        let error = VerifyingKey::from_jwk(jwk.trim_ascii_start(), None).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::Malformed);
        let error = VerifyingKey::from_jwk(&jwk[4..], None).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::NoAlgorithm);
        let error = VerifyingKey::from_jwk(&jwk[4..], Some(Algorithm::HS512)).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::TooWeak);
    }

    #[test]
    fn errors_name_the_variable() {
        let error = VerifyingKey::from_env("PORTCULLIS_NO_SUCH_VARIABLE", None).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::Unreadable);
        assert!(error.to_string().contains("PORTCULLIS_NO_SUCH_VARIABLE"));
    }
}
