//! Key sets that somebody publishes.

use std::slice;

use super::{
    Algorithm, KeyError, KeySet, SkippedKey, VerifyingKey,
    jwk::{Jwk, Wanted},
    key_set::RawSet,
    load,
};

/// How many keys a published set may have.
pub const MAX_PUBLIC_KEYS: usize = 100;

impl KeySet {
    /// A JWK Set (RFC 7517 section 5) that an issuer publishes, whose keys nobody
    /// here chose.
    ///
    /// Each key is read on its own, and those that cannot be used are left out and
    /// listed: unknown types, for encryption, too weak, malformed, shared secrets,
    /// and private keys, which whoever read the set can sign with. Nothing that one
    /// key is spoils another, as it does in [`from_jwks`](Self::from_jwks).
    ///
    /// `alg` of a key counts. One without it is used with each of the `allowed`
    /// algorithms that fit it, so that several keys of the set may be one with
    /// several algorithms; where none is given, with the one of its curve, or RS256.
    /// A key that is there twice is taken once.
    ///
    /// ```
    /// use portcullis::jose::{Algorithm, KeySet, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::ES256)?.verifying_key();
    /// let published = KeySet::from(key).public_jwks();
    /// let (keys, skipped) = KeySet::from_public_jwks(published.as_bytes(), None)?;
    /// assert_eq!((keys.len(), skipped.len()), (1, 0));
    /// # Ok::<(), portcullis::jose::KeyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Not a JWK Set, or one of more than [`MAX_PUBLIC_KEYS`] keys.
    pub fn from_public_jwks(
        json: &[u8],
        allowed: Option<&[Algorithm]>,
    ) -> Result<(Self, Vec<SkippedKey>), KeyError> {
        let set = RawSet::parse(json)?;
        if set.keys.len() > MAX_PUBLIC_KEYS {
            return Err(KeyError::malformed(format!(
                "the JWK Set has {} keys, more than the {MAX_PUBLIC_KEYS} that are read",
                set.keys.len()
            )));
        }
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        for (index, raw) in set.keys.into_iter().enumerate() {
            let parsed = Jwk::parse(raw.get().as_bytes());
            let key_id = parsed.as_ref().ok().and_then(key_id);
            match parsed.and_then(|jwk| public_keys(&jwk, allowed)) {
                Ok(found) => {
                    for key in found {
                        if !keys.contains(&key) {
                            keys.push(key);
                        }
                    }
                }
                Err(reason) => skipped.push(SkippedKey {
                    index,
                    key_id,
                    reason,
                }),
            }
        }
        Ok((Self::new(keys), skipped))
    }
}

fn key_id(jwk: &Jwk<'_>) -> Option<String> {
    jwk.key_id().ok().flatten().map(str::to_owned)
}

/// The key with each of its algorithms.
fn public_keys(
    jwk: &Jwk<'_>,
    allowed: Option<&[Algorithm]>,
) -> Result<Vec<VerifyingKey>, KeyError> {
    if jwk.key_type() == Some("oct") {
        return Err(KeyError::wrong_type(
            "a shared secret (`kty` oct) in a set that others can read: whoever reads it can sign",
        ));
    }
    if jwk.has_secret() {
        return Err(KeyError::wrong_type(
            "the private part of the key is in a set that others can read: whoever reads it can \
             sign",
        ));
    }
    let Some(allowed) = allowed else {
        return Ok(vec![load::parsed_jwk(jwk, Wanted::Detected)?]);
    };
    let first: VerifyingKey = load::parsed_jwk(jwk, Wanted::OneOf(allowed))?;
    let others = allowed
        .iter()
        .filter(|algorithm| **algorithm != first.algorithm())
        .filter_map(|algorithm| {
            load::parsed_jwk(jwk, Wanted::OneOf(slice::from_ref(algorithm))).ok()
        })
        .collect::<Vec<_>>();
    Ok([vec![first], others].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jose::{KeyErrorKind, SigningKey};

    /// RFC 7638 section 3.1.
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1\
                     L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_F\
                     DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6We\
                     Zu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    fn rsa(more: Value) -> Value {
        let mut jwk = json!({"kty": "RSA", "n": N, "e": "AQAB", "kid": "r"});
        let members = more.as_object().unwrap().clone();
        jwk.as_object_mut().unwrap().extend(members);
        jwk
    }

    fn read(
        keys: &[Value],
        allowed: Option<&[Algorithm]>,
    ) -> (KeySet, Vec<(usize, Option<String>, KeyErrorKind)>) {
        let json = json!({"keys": keys}).to_string();
        let (keys, skipped) = KeySet::from_public_jwks(json.as_bytes(), allowed).unwrap();
        let reasons = skipped
            .into_iter()
            .map(|key| (key.index, key.key_id, key.reason.kind()));
        (keys, reasons.collect())
    }

    fn algorithms(keys: &KeySet) -> Vec<Algorithm> {
        keys.iter().map(VerifyingKey::algorithm).collect()
    }

    fn ec() -> Value {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        Value::Object(key.verifying_key().with_key_id("e").public_jwk().unwrap())
    }

    #[test]
    fn a_key_without_an_algorithm_has_those_that_are_allowed() {
        use Algorithm::{ES256, PS256, PS384, RS256, RS384};
        let algorithms_of = |key: Value, allowed| algorithms(&read(&[key], allowed).0);
        let plain = || rsa(json!({}));
        assert_eq!(algorithms_of(plain(), None), [RS256]);
        assert_eq!(algorithms_of(plain(), Some(&[PS256])), [PS256]);
        let several: &[_] = &[ES256, PS256, RS256, RS384, PS256];
        let (keys, skipped) = read(&[plain()], Some(several));
        assert_eq!(algorithms(&keys), [PS256, RS256, RS384]);
        assert!(skipped.is_empty());
        // All of them under its key id.
        for alg in ["PS256", "RS256", "RS384"] {
            assert_eq!(keys.candidates(Some("r"), alg).count(), 1, "{alg}");
        }
        assert_eq!(keys.candidates(Some("r"), "PS512").count(), 0);
        // What the key says counts.
        let declared = || rsa(json!({"alg": "PS384"}));
        assert_eq!(algorithms_of(declared(), None), [PS384]);
        assert_eq!(algorithms_of(declared(), Some(&[RS256, PS384])), [PS384]);
        let wrong = vec![(0, Some("r".to_owned()), KeyErrorKind::WrongAlgorithm)];
        assert_eq!(read(&[declared()], Some(&[RS256])).1, wrong);
        assert_eq!(read(&[plain()], Some(&[ES256])).1, wrong);
        assert_eq!(algorithms_of(ec(), None), [ES256]);
        assert_eq!(read(&[ec()], Some(&[])).1.len(), 1);
    }

    #[test]
    fn no_key_spoils_the_others() {
        use KeyErrorKind::{Malformed, TooWeak, Unsupported, WrongType, WrongUse};
        let secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
        let odd = [
            (json!({"kty": "oct", "k": secret, "kid": "s"}), WrongType),
            (
                json!({"kty": "oct", "k": secret, "alg": "HS256", "use": "sig"}),
                WrongType,
            ),
            (rsa(json!({"d": "AQAB"})), WrongType),
            (rsa(json!({"p": "AQAB"})), WrongType),
            (rsa(json!({"use": "enc", "alg": "RSA-OAEP"})), Unsupported),
            (rsa(json!({"use": "enc"})), WrongUse),
            (rsa(json!({"key_ops": ["encrypt"]})), WrongUse),
            (rsa(json!({"key_ops": ["verify", "verify"]})), WrongUse),
            (rsa(json!({"n": "AQAB"})), TooWeak),
            (rsa(json!({"n": 7})), Malformed),
            (rsa(json!({"issuer": 7})), Malformed),
            (rsa(json!({"alg": "HS256"})), WrongType),
            (rsa(json!({"alg": "none"})), Unsupported),
            (
                json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
                if cfg!(feature = "ml-dsa") {
                    Malformed
                } else {
                    Unsupported
                },
            ),
            (
                json!({"kty": "OKP", "crv": "X25519", "x": "AA"}),
                Unsupported,
            ),
            (json!({}), Malformed),
            (json!(null), Malformed),
        ];
        let reasons: Vec<_> = odd.iter().map(|(_, reason)| *reason).collect();
        let mut keys: Vec<_> = odd.into_iter().map(|(key, _)| key).collect();
        keys.push(ec());
        let (keys, skipped) = read(&keys, None);
        assert_eq!(algorithms(&keys), [Algorithm::ES256]);
        let found: Vec<_> = skipped.iter().map(|(_, _, reason)| *reason).collect();
        assert_eq!(found, reasons);
        assert_eq!(skipped[0].1.as_deref(), Some("s"));
    }

    #[test]
    fn a_key_that_is_there_twice_is_taken_once() {
        let one = ec();
        let mut renamed = one.clone();
        renamed["kid"] = "f".into();
        let mut limited = one.clone();
        limited["issuer"] = "https://h.example".into();
        let (keys, skipped) = read(&[one.clone(), renamed, one, limited], None);
        let names: Vec<_> = keys
            .iter()
            .map(|key| (key.key_id(), key.issuer()))
            .collect();
        assert_eq!(
            names,
            [
                (Some("e"), None),
                (Some("f"), None),
                (Some("e"), Some("https://h.example"))
            ]
        );
        assert!(skipped.is_empty());
    }

    #[test]
    fn sets_are_bounded() {
        let set = |count| json!({"keys": vec![json!({}); count]}).to_string();
        let read = |json: String| KeySet::from_public_jwks(json.as_bytes(), None);
        assert_eq!(read(set(MAX_PUBLIC_KEYS)).unwrap().1.len(), 100);
        let error = read(set(MAX_PUBLIC_KEYS + 1)).unwrap_err();
        assert!(error.to_string().contains("101"), "{error}");
        for json in [
            "",
            "[]",
            "{}",
            r#"{"keys":7}"#,
            r#"{"keys":[],"keys":[]}"#,
            "<html>",
        ] {
            assert_eq!(
                read(json.to_owned()).unwrap_err().kind(),
                KeyErrorKind::Malformed
            );
        }
    }
}
