//! Sets of keys that verify.

use std::{
    collections::{HashMap, HashSet},
    iter,
    path::Path,
    sync::Arc,
};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    Algorithm, KeyError, KeyErrorKind, VerifyingKey,
    jwk::{Jwk, Wanted},
    load, source,
};

/// The keys of one issuer.
///
/// A token is tried with few of them: those of its `kid`, and of its `alg`.
/// Cloning is cheap.
///
/// ```
/// use portcullis::jose::{Algorithm, KeySet, SigningKey};
///
/// let old = SigningKey::generate(Algorithm::ES256)?;
/// let new = SigningKey::generate(Algorithm::Ed25519)?;
/// let keys = KeySet::new([new.verifying_key(), old.verifying_key()]);
/// assert_eq!(keys.candidates(old.key_id(), "ES256").count(), 1);
/// assert_eq!(keys.candidates(old.key_id(), "Ed25519").count(), 0);
/// # Ok::<(), portcullis::jose::KeyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    keys: Vec<VerifyingKey>,
    by_key_id: HashMap<Box<str>, Vec<usize>>,
    without_key_id: HashMap<Algorithm, Vec<usize>>,
    by_algorithm: HashMap<Algorithm, Vec<usize>>,
}

/// How many keys a token is tried with at most.
pub const MAX_CANDIDATES: usize = 8;

/// A key of a set that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedKey {
    /// Its place in the set, from 0.
    pub index: usize,
    /// Its key id, where it could be read.
    pub key_id: Option<String>,
    /// What is wrong with it.
    pub reason: KeyError,
}

/// The keys of a JWK Set as they are written.
#[derive(Deserialize)]
pub(super) struct RawSet<'a> {
    #[serde(borrow)]
    pub(super) keys: Vec<&'a RawValue>,
}

impl<'a> RawSet<'a> {
    pub(super) fn parse(json: &'a [u8]) -> Result<Self, KeyError> {
        let json = json.strip_prefix(source::BYTE_ORDER_MARK).unwrap_or(json);
        serde_json::from_slice(json).map_err(|_| {
            KeyError::malformed("the text is not a JWK Set: a JSON object with an array `keys`")
        })
    }
}

impl KeySet {
    /// A set of these keys. Several may have the same key id.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let mut inner = Inner {
            keys: keys.into_iter().collect(),
            ..Inner::default()
        };
        for (index, key) in inner.keys.iter().enumerate() {
            let algorithm = key.algorithm();
            inner.by_algorithm.entry(algorithm).or_default().push(index);
            match key.key_id() {
                Some(key_id) => inner
                    .by_key_id
                    .entry(key_id.into())
                    .or_default()
                    .push(index),
                None => inner
                    .without_key_id
                    .entry(algorithm)
                    .or_default()
                    .push(index),
            }
        }
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A JWK Set (RFC 7517 section 5) with the algorithms that may be used.
    ///
    /// Each key is read on its own; those that cannot be used (unknown types, for
    /// encryption, too weak) are left out and listed. A key without `alg` gets
    /// the first of the allowed algorithms that fits it: one key, one algorithm.
    ///
    /// # Errors
    ///
    /// Not a JWK Set, or one with both shared secrets and public keys: whoever
    /// publishes it publishes the secrets, or whoever keeps it takes public keys
    /// for secrets.
    pub fn from_jwks(
        json: &[u8],
        allowed: &[Algorithm],
    ) -> Result<(Self, Vec<SkippedKey>), KeyError> {
        let set = RawSet::parse(json)?;
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        let (mut has_secret, mut has_public) = (false, false);
        for (index, raw) in set.keys.into_iter().enumerate() {
            let parsed = Jwk::parse(raw.get().as_bytes());
            let jwk = parsed.as_ref().ok();
            let kty = jwk.and_then(Jwk::key_type);
            has_secret |= kty == Some("oct");
            has_public |= matches!(kty, Some("RSA" | "EC" | "OKP"))
                || cfg!(feature = "ml-dsa") && kty == Some("AKP");
            let key_id = jwk.and_then(|jwk| jwk.key_id().ok().flatten().map(str::to_owned));
            let key = parsed.and_then(|jwk| load::parsed_jwk(&jwk, Wanted::OneOf(allowed)));
            match key {
                Ok(key) => keys.push(key),
                Err(reason) => skipped.push(SkippedKey {
                    index,
                    key_id,
                    reason,
                }),
            }
        }
        if has_secret && has_public {
            return Err(KeyError::new(
                KeyErrorKind::MixedSet,
                "the JWK Set has shared secrets (`kty` oct) beside public keys: keep them apart",
            ));
        }
        Ok((Self::new(keys), skipped))
    }

    /// [`from_jwks`](Self::from_jwks) of a file.
    ///
    /// # Errors
    ///
    /// Also if the file cannot be read.
    pub fn from_file(
        path: impl AsRef<Path>,
        allowed: &[Algorithm],
    ) -> Result<(Self, Vec<SkippedKey>), KeyError> {
        source::file(path.as_ref(), |json| Self::from_jwks(json, allowed))
    }

    /// The keys a token with this `kid` and `alg` may be tried with, at most
    /// [`MAX_CANDIDATES`].
    ///
    /// With a `kid` those that have it, or, if none has it, those without a key
    /// id; without a `kid` all of the algorithm (RFC 7515 section 4.1.4 and
    /// appendix D). Key ids compare byte by byte.
    pub fn candidates<'a>(
        &'a self,
        kid: Option<&str>,
        alg: &'a str,
    ) -> impl Iterator<Item = &'a VerifyingKey> + use<'a> {
        self.placed_candidates(kid, alg).map(|(_, key)| key)
    }

    /// The same, each with its place in the set.
    pub(crate) fn placed_candidates<'a>(
        &'a self,
        kid: Option<&str>,
        alg: &'a str,
    ) -> impl Iterator<Item = (usize, &'a VerifyingKey)> + use<'a> {
        let inner = &*self.inner;
        let of = |keys: &'a HashMap<Algorithm, Vec<usize>>| keys.get(&Algorithm::from_name(alg)?);
        let indices = match kid {
            None => of(&inner.by_algorithm),
            Some(kid) => match inner.by_key_id.get(kid) {
                Some(indices) => Some(indices),
                None => of(&inner.without_key_id),
            },
        };
        indices
            .into_iter()
            .flatten()
            .filter_map(|index| Some((*index, inner.keys.get(*index)?)))
            .filter(move |(_, key)| key.accepts(alg))
            .take(MAX_CANDIDATES)
    }

    /// The JWK Set for others to verify with: public keys only, with `kid`,
    /// `alg` and `use`. Shared secrets never appear, and a key that is in the set
    /// twice under the same names appears once.
    pub fn public_jwks(&self) -> String {
        let mut seen = HashSet::new();
        let keys: Vec<_> = self
            .iter()
            .filter_map(VerifyingKey::public_jwk)
            .map(|jwk| Arc::<str>::from(Value::Object(jwk).to_string()))
            .filter(|jwk| seen.insert(Arc::clone(jwk)))
            .collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    /// Whether both are published alike: the same keys under the same names, in
    /// the same order.
    pub(crate) fn reads_as(&self, other: &Self) -> bool {
        let mut pairs = iter::zip(self.iter(), other.iter());
        Arc::ptr_eq(&self.inner, &other.inner)
            || (self.len() == other.len()
                && pairs.all(|(one, other)| {
                    one.is_interchangeable_with(other)
                        && one.published_name() == other.published_name()
                }))
    }

    /// The keys in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.inner.keys.iter()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.inner.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.inner.keys.is_empty()
    }
}

impl From<VerifyingKey> for KeySet {
    fn from(key: VerifyingKey) -> Self {
        Self::new([key])
    }
}

impl FromIterator<VerifyingKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        Self::new(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::SigningKey;

    fn key(algorithm: Algorithm, key_id: Option<&str>) -> VerifyingKey {
        SigningKey::generate(algorithm)
            .unwrap()
            .verifying_key()
            .with_optional_key_id(key_id)
    }

    fn ids(keys: &KeySet, kid: Option<&str>, alg: &str) -> Vec<Option<String>> {
        keys.candidates(kid, alg)
            .map(|key| key.key_id().map(str::to_owned))
            .collect()
    }

    #[test]
    fn candidates_are_those_of_the_key_id_and_the_algorithm() {
        use Algorithm::{ES256, Ed25519};
        let keys = KeySet::new([
            key(ES256, Some("a")),
            key(Ed25519, Some("a")),
            key(ES256, Some("b")),
            key(ES256, None),
            key(Ed25519, None).accept_eddsa_name(false),
        ]);
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(ids(&keys, Some("a"), "ES256"), [named("a")]);
        assert_eq!(ids(&keys, Some("a"), "EdDSA"), [named("a")]);
        assert_eq!(ids(&keys, Some("b"), "EdDSA"), []);
        // Key ids are compared byte by byte.
        assert_eq!(ids(&keys, Some("A"), "ES256"), [None]);
        assert_eq!(ids(&keys, Some("other"), "Ed25519"), [None]);
        assert_eq!(ids(&keys, Some("other"), "EdDSA"), []);
        assert_eq!(ids(&keys, None, "ES256"), [named("a"), named("b"), None]);
        assert_eq!(ids(&keys, None, "Ed25519"), [named("a"), None]);
        assert_eq!(ids(&keys, None, "EdDSA"), [named("a")]);
        for alg in ["none", "es256", "HS256", "", "ES384"] {
            assert_eq!(ids(&keys, None, alg), [], "{alg}");
            assert_eq!(ids(&keys, Some("a"), alg), [], "{alg}");
        }
    }

    #[test]
    fn a_token_is_not_tried_with_many_keys() {
        let one = key(Algorithm::HS256, None);
        let keys: KeySet = (0..1000).map(|_| one.clone()).collect();
        assert_eq!(keys.candidates(None, "HS256").count(), MAX_CANDIDATES);
        assert_eq!(keys.candidates(Some("x"), "HS256").count(), MAX_CANDIDATES);
        let named: KeySet = keys
            .iter()
            .map(|key| key.clone().with_key_id("x"))
            .collect();
        assert_eq!(named.candidates(Some("x"), "HS256").count(), MAX_CANDIDATES);
        assert_eq!(named.candidates(Some("y"), "HS256").count(), 0);
    }

    /// RFC 7517 section 5: what is not understood does not spoil the rest.
    #[test]
    fn each_key_of_a_set_is_read_on_its_own() {
        let good = key(Algorithm::ES256, Some("good")).public_jwk().unwrap();
        let good = Value::Object(good).to_string();
        let set = format!(
            r#"{{"extra":[1],"keys":[{{"kty":"XYZ","kid":"new"}},{{"kty":7}},"text",null,
                {{"kty":"AKP","alg":"SLH-DSA-SHA2-128s","pub":"AA"}},
                {{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"short"}},
                {{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"weak"}},
                {{"kty":"EC","kty":"EC"}},{good}]}}"#
        );
        let (keys, skipped) =
            KeySet::from_jwks(set.as_bytes(), &[Algorithm::ES256, Algorithm::RS256]).unwrap();
        assert_eq!(ids(&keys, None, "ES256"), [Some("good".to_owned())]);
        let reasons: Vec<_> = skipped
            .iter()
            .map(|key| (key.index, key.key_id.as_deref(), key.reason.kind()))
            .collect();
        use KeyErrorKind::{Malformed, TooWeak, Unsupported};
        assert_eq!(
            reasons,
            [
                (0, Some("new"), Unsupported),
                (1, None, Malformed),
                (2, None, Malformed),
                (3, None, Malformed),
                (4, None, Unsupported),
                (5, Some("short"), Malformed),
                (6, Some("weak"), TooWeak),
                (7, None, Malformed),
            ]
        );
    }

    #[test]
    fn what_is_not_a_set_is_refused() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"keys":{}}"#,
            r#"{"keys":[]}x"#,
            r#"{"keys":[],"keys":[]}"#,
        ] {
            let error = KeySet::from_jwks(json.as_bytes(), Algorithm::ALL).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::Malformed, "{json}");
        }
        let (keys, skipped) = KeySet::from_jwks(br#"{"keys":[]}"#, Algorithm::ALL).unwrap();
        assert!(keys.is_empty() && skipped.is_empty());
    }

    #[test]
    fn what_is_published_can_be_read_back_and_is_public() {
        let keys = KeySet::new([
            key(Algorithm::ES384, Some("a \"quoted\" id")),
            key(Algorithm::Ed25519, None),
            key(Algorithm::HS256, Some("secret")),
        ]);
        let published = keys.public_jwks();
        assert!(!published.contains("secret") && !published.contains("\"d\""));
        // As some editors write it.
        let edited = format!("\u{feff}{published}");
        let (read, skipped) = KeySet::from_jwks(edited.as_bytes(), Algorithm::ALL).unwrap();
        assert!(skipped.is_empty());
        let thumbprints = |keys: &KeySet| -> Vec<_> {
            keys.iter()
                .filter(|key| !key.algorithm().is_symmetric())
                .map(|key| (key.thumbprint(), key.key_id().map(str::to_owned)))
                .collect()
        };
        assert_eq!(thumbprints(&read), thumbprints(&keys));
        let twice = KeySet::new(keys.iter().chain(keys.iter()).cloned());
        assert_eq!(twice.public_jwks(), published);
        let key = keys.iter().nth(1).unwrap().clone();
        let renamed = KeySet::new([key.clone(), key.with_key_id("b")]);
        assert_eq!(renamed.public_jwks().matches("kty").count(), 2);
    }
}
