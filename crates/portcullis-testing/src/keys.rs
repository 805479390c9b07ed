//! Two fixed keys of every algorithm: one to trust, one that nobody trusts.
//!
//! They are constants, because making RSA keys is slow, and because a failing
//! test should fail again with the same bytes.

use std::sync::OnceLock;

use portcullis::jose::{Algorithm, KeySet, SigningKey, VerifyingKey};

/// The key of this algorithm to trust in tests. It has no key id.
///
/// # Panics
///
/// For RSA if `portcullis` is built with `rust-crypto` alone, where RSA keys only
/// verify: turn on `aws-lc` for the tests, or mint with another algorithm.
///
/// ```
/// use portcullis::jose::Algorithm;
/// use portcullis_testing::keys;
///
/// for algorithm in Algorithm::ALL {
///     assert_eq!(keys::signing(*algorithm).algorithm(), *algorithm);
/// }
/// ```
pub fn signing(algorithm: Algorithm) -> SigningKey {
    static KEYS: [OnceLock<SigningKey>; Algorithm::ALL.len()] =
        [const { OnceLock::new() }; Algorithm::ALL.len()];
    load(&KEYS, algorithm, material(algorithm).trusted)
}

/// Another key of this algorithm, which no verifier in a test should trust.
pub fn untrusted(algorithm: Algorithm) -> SigningKey {
    static KEYS: [OnceLock<SigningKey>; Algorithm::ALL.len()] =
        [const { OnceLock::new() }; Algorithm::ALL.len()];
    load(&KEYS, algorithm, material(algorithm).untrusted)
}

/// The verifying half of [`signing`].
pub fn verifying(algorithm: Algorithm) -> VerifyingKey {
    match public_pem(algorithm) {
        Some(pem) => {
            VerifyingKey::from_pem(algorithm, pem.as_bytes()).expect("the fixture keys are good")
        }
        None => signing(algorithm).verifying_key(),
    }
}

/// The verifying halves of all of [`signing`]: `kid` is the name of the
/// algorithm.
///
/// A set of a server has either secrets or public keys (RFC 8725 section 3.1);
/// this one is for tests of algorithms only.
pub fn all() -> KeySet {
    let named = |algorithm: &Algorithm| verifying(*algorithm).with_key_id(algorithm.name());
    KeySet::new(Algorithm::ALL.iter().map(named))
}

/// The public half of [`signing`] in PEM (`PUBLIC KEY`), which is what an
/// attacker knows; `None` for HMAC.
pub fn public_pem(algorithm: Algorithm) -> Option<&'static str> {
    material(algorithm).public
}

/// The secret or private half of [`signing`]: the bytes of an HMAC secret, or
/// PEM (`PRIVATE KEY`), to hand to other libraries.
pub fn secret(algorithm: Algorithm) -> &'static [u8] {
    material(algorithm).trusted
}

fn load(
    keys: &'static [OnceLock<SigningKey>],
    algorithm: Algorithm,
    material: &'static [u8],
) -> SigningKey {
    let place = Algorithm::ALL.iter().position(|one| *one == algorithm);
    let key = || {
        if algorithm.is_symmetric() {
            SigningKey::from_secret(algorithm, material)
        } else {
            SigningKey::from_pem(algorithm, material)
        }
        .expect("the fixture keys are good")
    };
    match place.and_then(|place| keys.get(place)) {
        Some(slot) => slot.get_or_init(key).clone(),
        None => key(),
    }
}

/// What an algorithm's keys are made of.
struct Material {
    trusted: &'static [u8],
    untrusted: &'static [u8],
    public: Option<&'static str>,
}

macro_rules! pem {
    ($name:literal) => {
        Material {
            trusted: include_bytes!(concat!("../keys/", $name, ".pem")),
            untrusted: include_bytes!(concat!("../keys/", $name, ".other.pem")),
            public: Some(include_str!(concat!("../keys/", $name, ".public.pem"))),
        }
    };
}

fn material(algorithm: Algorithm) -> Material {
    use Algorithm::{ES256, ES384, ES512, Ed25519, PS256, PS384, PS512, RS256, RS384, RS512};
    match algorithm {
        RS256 | RS384 | RS512 | PS256 | PS384 | PS512 => pem!("rsa"),
        ES256 => pem!("p256"),
        ES384 => pem!("p384"),
        ES512 => pem!("p521"),
        Ed25519 => pem!("ed25519"),
        // By their names: `portcullis` has them with its feature `ml-dsa`, whoever
        // turned it on.
        other if other.name() == "ML-DSA-44" => pem!("ml-dsa-44"),
        other if other.name() == "ML-DSA-65" => pem!("ml-dsa-65"),
        other if other.name() == "ML-DSA-87" => pem!("ml-dsa-87"),
        // Long enough for the longest of the hashes.
        _ => Material {
            trusted: b"the fixture secret of portcullis-testing: sixty-four bytes, public.",
            untrusted: b"another fixture secret of portcullis-testing, which nobody trusts.",
            public: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_two_keys_that_do_not_verify_each_other() {
        for algorithm in Algorithm::ALL {
            let signature = signing(*algorithm).sign(b"message").unwrap();
            assert!(verifying(*algorithm).verify(b"message", &signature).is_ok());
            let other = untrusted(*algorithm).verifying_key();
            assert!(other.verify(b"message", &signature).is_err());
            assert_eq!(public_pem(*algorithm).is_none(), algorithm.is_symmetric());
            assert!(secret(*algorithm).len() >= 64);
        }
        assert_eq!(all().len(), Algorithm::ALL.len());
    }

    #[test]
    fn the_public_halves_belong_to_the_private_ones() {
        for algorithm in Algorithm::ALL {
            let Some(pem) = public_pem(*algorithm) else {
                continue;
            };
            let key = VerifyingKey::from_pem(*algorithm, pem.as_bytes()).unwrap();
            assert_eq!(key.thumbprint(), signing(*algorithm).thumbprint());
        }
    }
}
