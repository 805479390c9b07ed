//! One JSON Web Key (RFC 7517 section 4), as text; what its numbers mean is
//! for others to check.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, KeyErrorKind,
    algorithm::{Curve, EDDSA, Family},
    base64url::decode_segment,
    header::MAX_KEY_ID,
};
use crate::json::{Name, UniqueNames, UniqueSeed};

type Text<'a> = Option<Cow<'a, str>>;

/// The members of a key that mean something here.
#[derive(Default)]
pub(super) struct Jwk<'a> {
    kty: Text<'a>,
    key_use: Text<'a>,
    key_ops: Option<Vec<Cow<'a, str>>>,
    alg: Text<'a>,
    kid: Text<'a>,
    crv: Text<'a>,
    members: [Text<'a>; MEMBERS.len()],
    has_other_primes: bool,
}

/// The members that hold numbers or bytes in base64url.
const MEMBERS: [&str; 11] = ["n", "e", "x", "y", "k", "d", "p", "q", "dp", "dq", "qi"];

/// Which algorithm a key is to be used with.
#[derive(Copy, Clone)]
pub(super) enum Wanted<'w> {
    /// This one.
    Exactly(Algorithm),
    /// What the key says; else the first of these that fits.
    OneOf(&'w [Algorithm]),
    /// What the key says, or the only one of its curve.
    Declared,
    /// As declared; else HS256 or RS256, which fit the type of the key.
    Detected,
}

impl From<Option<Algorithm>> for Wanted<'_> {
    fn from(algorithm: Option<Algorithm>) -> Self {
        algorithm.map_or(Self::Declared, Self::Exactly)
    }
}

/// What a key is to be used for.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    Verify,
    Sign,
}

impl<'a> Jwk<'a> {
    pub(super) fn parse(json: &'a [u8]) -> Result<Self, KeyError> {
        let duplicate = Cell::new(false);
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        deserializer
            .deserialize_map(JwkVisitor(&duplicate))
            .and_then(|jwk| deserializer.end().map(|()| jwk))
            // The parser's message may quote the value, so it is not shown.
            .map_err(|error| match error.classify() {
                _ if duplicate.get() => {
                    KeyError::malformed("a member name occurs twice in the JWK")
                }
                serde_json::error::Category::Data => KeyError::malformed(
                    "the JWK is not a JSON object, or one of its members is not of the type that \
                     RFC 7517 gives it",
                ),
                _ => KeyError::malformed("the JWK is not exactly one JSON object in UTF-8"),
            })
    }

    /// `kty`, if there is one.
    pub(super) fn key_type(&self) -> Option<&str> {
        self.kty.as_deref()
    }

    pub(super) fn key_id(&self) -> Result<Option<&str>, KeyError> {
        match self.kid.as_deref() {
            Some(kid) if kid.len() > MAX_KEY_ID => Err(KeyError::unsupported(
                "`kid` of the JWK is longer than 256 bytes: no token can name it",
            )),
            kid => Ok(kid),
        }
    }

    /// Whether `alg` is the older name of `Ed25519`.
    pub(super) fn says_eddsa(&self) -> bool {
        self.alg.as_deref() == Some(EDDSA)
    }

    pub(super) fn is_private(&self) -> bool {
        self.get("d").is_some()
    }

    pub(super) fn has_other_primes(&self) -> bool {
        self.has_other_primes
    }

    /// What `kty` and `crv` say.
    pub(super) fn family(&self) -> Result<Family, KeyError> {
        match (self.kty.as_deref(), self.crv.as_deref()) {
            (None, _) => Err(KeyError::malformed(
                "the JWK has no `kty`; if it is a set of keys, read it as a key set",
            )),
            (Some("oct"), _) => Ok(Family::Hmac),
            (Some("RSA"), _) => Ok(Family::Rsa),
            (Some("EC"), Some(crv)) => Curve::from_name(crv).map(Family::Ec).ok_or_else(|| {
                KeyError::unsupported("`crv` of the JWK is not one of P-256, P-384 and P-521")
            }),
            (Some("OKP"), Some("Ed25519")) => Ok(Family::Ed25519),
            (Some("OKP"), Some(_)) => Err(KeyError::unsupported(
                "`crv` of the JWK is not Ed25519, the only one supported for `kty` OKP",
            )),
            (Some("EC" | "OKP"), None) => Err(KeyError::malformed("the JWK has no `crv`")),
            (Some(_), _) => Err(KeyError::unsupported(
                "`kty` of the JWK is not one of RSA, EC, OKP and oct",
            )),
        }
    }

    /// The one algorithm the key is for.
    pub(super) fn algorithm(&self, wanted: Wanted<'_>) -> Result<Algorithm, KeyError> {
        let family = self.family()?;
        let fits = |alg: &Algorithm| alg.family() == family;
        let declared = match self.alg.as_deref() {
            Some(name) => Some(Algorithm::from_name(name).ok_or_else(|| {
                KeyError::unsupported("`alg` of the JWK is not a supported signature algorithm")
            })?),
            None => None,
        };
        let algorithm = match (wanted, declared) {
            (Wanted::Exactly(wanted), Some(declared)) if wanted != declared => {
                return Err(KeyError::new(
                    KeyErrorKind::WrongAlgorithm,
                    format!("the JWK is for {declared}, not for {wanted}"),
                ));
            }
            (Wanted::OneOf(allowed), Some(declared)) if !allowed.contains(&declared) => {
                return Err(KeyError::new(
                    KeyErrorKind::WrongAlgorithm,
                    format!("the JWK is for {declared}, which is not allowed"),
                ));
            }
            (_, Some(declared)) => declared,
            (Wanted::Exactly(wanted), None) => wanted,
            (Wanted::OneOf(allowed), None) => {
                allowed.iter().copied().find(fits).ok_or_else(|| {
                    KeyError::new(
                        KeyErrorKind::WrongAlgorithm,
                        format!("none of the allowed algorithms takes {family}"),
                    )
                })?
            }
            (Wanted::Declared | Wanted::Detected, None) => default_algorithm(family, wanted)?,
        };
        if !fits(&algorithm) {
            return Err(wrong_family(algorithm, family));
        }
        Ok(algorithm)
    }

    /// Whether `use` and `key_ops` allow this (RFC 7517 sections 4.2, 4.3).
    pub(super) fn check_use(&self, purpose: Purpose) -> Result<(), KeyError> {
        let wrong = |message| Err(KeyError::new(KeyErrorKind::WrongUse, message));
        if self.key_use.as_deref().is_some_and(|value| value != "sig") {
            return wrong("`use` of the JWK is not `sig`");
        }
        let Some(key_ops) = &self.key_ops else {
            return Ok(());
        };
        let mut seen = key_ops.iter();
        while let Some(operation) = seen.next() {
            if seen.as_slice().contains(operation) {
                return wrong("`key_ops` of the JWK names an operation twice");
            }
        }
        let needed = match purpose {
            Purpose::Verify => "verify",
            Purpose::Sign => "sign",
        };
        if !key_ops.iter().any(|operation| operation == needed) {
            return wrong(match purpose {
                Purpose::Verify => "`key_ops` of the JWK lacks `verify`",
                Purpose::Sign => "`key_ops` of the JWK lacks `sign`",
            });
        }
        let is_other_use = |operation: &Cow<'_, str>| {
            matches!(
                &**operation,
                "encrypt" | "decrypt" | "wrapKey" | "unwrapKey" | "deriveKey" | "deriveBits"
            )
        };
        if self.key_use.is_some() && key_ops.iter().any(is_other_use) {
            return wrong("`use` and `key_ops` of the JWK contradict each other");
        }
        Ok(())
    }

    /// The bytes of a member.
    pub(super) fn bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = self
            .get(name)
            .ok_or_else(|| KeyError::malformed(format!("the JWK has no `{name}`")))?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        decode_segment(text.as_bytes(), &mut bytes).map_err(|_| {
            KeyError::malformed(format!(
                "`{name}` of the JWK is not canonical base64url without padding"
            ))
        })?;
        Ok(bytes)
    }

    /// A number in as few bytes as it takes (RFC 7518 section 2).
    pub(super) fn number(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = self.bytes(name)?;
        match bytes.first() {
            None | Some(0) => Err(KeyError::malformed(format!(
                "`{name}` of the JWK is empty or begins with a zero byte, which RFC 7518 section \
                 6.3 forbids"
            ))),
            Some(_) => Ok(bytes),
        }
    }

    /// Bytes of a fixed length (RFC 7518 section 6.2, RFC 8037 section 2).
    pub(super) fn fixed(
        &self,
        name: &'static str,
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = self.bytes(name)?;
        if bytes.len() != length {
            return Err(KeyError::malformed(format!(
                "`{name}` of the JWK is not {length} bytes long"
            )));
        }
        Ok(bytes)
    }

    fn get(&self, name: &str) -> Option<&str> {
        let index = MEMBERS.iter().position(|member| *member == name)?;
        self.members.get(index)?.as_deref()
    }
}

fn default_algorithm(family: Family, wanted: Wanted<'_>) -> Result<Algorithm, KeyError> {
    match (family, wanted) {
        (Family::Rsa | Family::Hmac, Wanted::Declared) => Err(KeyError::new(
            KeyErrorKind::NoAlgorithm,
            "the JWK has no `alg`: say which algorithm it is for",
        )),
        (family, _) => Ok(family.default_algorithm()),
    }
}

pub(super) fn wrong_family(algorithm: Algorithm, found: Family) -> KeyError {
    KeyError::wrong_type(format!(
        "{algorithm} takes {}, and this is {found}",
        algorithm.family()
    ))
}

struct JwkVisitor<'f>(&'f Cell<bool>);

impl<'de> Visitor<'de> for JwkVisitor<'_> {
    type Value = Jwk<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Jwk<'de>, A::Error> {
        let mut jwk = Jwk::default();
        let mut names = UniqueNames::new(self.0);
        while let Some(name) = names.next(&mut map)? {
            let target = match &*name {
                "kty" => &mut jwk.kty,
                "use" => &mut jwk.key_use,
                "alg" => &mut jwk.alg,
                "kid" => &mut jwk.kid,
                "crv" => &mut jwk.crv,
                "key_ops" => {
                    let operations: Vec<Name<'de>> = map.next_value()?;
                    jwk.key_ops = Some(operations.into_iter().map(|name| name.0).collect());
                    continue;
                }
                other => match MEMBERS.iter().position(|member| *member == other) {
                    Some(index) => match jwk.members.get_mut(index) {
                        Some(target) => target,
                        None => continue,
                    },
                    None => {
                        jwk.has_other_primes |= other == "oth";
                        map.next_value_seed(UniqueSeed(self.0))?;
                        continue;
                    }
                },
            };
            *target = Some(map.next_value::<Name<'de>>()?.0);
        }
        Ok(jwk)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jwk(json: &str) -> Jwk<'_> {
        Jwk::parse(json.as_bytes()).unwrap()
    }

    fn kind<T>(result: Result<T, KeyError>) -> Option<KeyErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn use_and_key_ops_are_respected() {
        use KeyErrorKind::WrongUse;
        for (json, verify, sign) in [
            (r#"{}"#, None, None),
            (r#"{"use":"sig"}"#, None, None),
            (r#"{"use":"enc"}"#, Some(WrongUse), Some(WrongUse)),
            (r#"{"use":"SIG"}"#, Some(WrongUse), Some(WrongUse)),
            (r#"{"key_ops":["verify"]}"#, None, Some(WrongUse)),
            (r#"{"key_ops":["sign"]}"#, Some(WrongUse), None),
            (r#"{"key_ops":["sign","verify"]}"#, None, None),
            (r#"{"key_ops":[]}"#, Some(WrongUse), Some(WrongUse)),
            (
                r#"{"key_ops":["verify","sign","verify"]}"#,
                Some(WrongUse),
                Some(WrongUse),
            ),
            (
                r#"{"use":"sig","key_ops":["sign","verify","encrypt"]}"#,
                Some(WrongUse),
                Some(WrongUse),
            ),
        ] {
            assert_eq!(kind(jwk(json).check_use(Purpose::Verify)), verify, "{json}");
            assert_eq!(kind(jwk(json).check_use(Purpose::Sign)), sign, "{json}");
        }
    }

    #[test]
    fn one_algorithm_is_found_or_none() {
        use Algorithm::*;
        use KeyErrorKind::*;
        let rsa = r#"{"kty":"RSA"}"#;
        let ps = r#"{"kty":"RSA","alg":"PS256"}"#;
        let ec = r#"{"kty":"EC","crv":"P-384"}"#;
        let confused = r#"{"kty":"RSA","alg":"HS256"}"#;
        let eddsa = r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA"}"#;
        for (json, wanted, expected) in [
            (rsa, Wanted::Declared, Err(NoAlgorithm)),
            (rsa, Wanted::Detected, Ok(RS256)),
            (rsa, Wanted::Exactly(PS512), Ok(PS512)),
            (rsa, Wanted::Exactly(HS256), Err(WrongType)),
            (rsa, Wanted::OneOf(&[ES256, PS256, RS256]), Ok(PS256)),
            (rsa, Wanted::OneOf(&[ES256]), Err(WrongAlgorithm)),
            (ps, Wanted::Declared, Ok(PS256)),
            (ps, Wanted::Exactly(RS256), Err(WrongAlgorithm)),
            (ps, Wanted::OneOf(&[RS256]), Err(WrongAlgorithm)),
            (ec, Wanted::Declared, Ok(ES384)),
            (ec, Wanted::Exactly(ES256), Err(WrongType)),
            (confused, Wanted::Declared, Err(WrongType)),
            (confused, Wanted::Exactly(HS256), Err(WrongType)),
            (confused, Wanted::OneOf(&[HS256, RS256]), Err(WrongType)),
            (eddsa, Wanted::Exactly(Ed25519), Ok(Ed25519)),
        ] {
            let found = jwk(json).algorithm(wanted).map_err(|error| error.kind());
            assert_eq!(found, expected, "{json}");
        }
        for json in [
            r#"{"kty":"XYZ"}"#,
            r#"{"kty":"EC","crv":"secp256k1"}"#,
            r#"{"kty":"OKP","crv":"Ed448"}"#,
            r#"{"kty":"OKP","crv":"X25519"}"#,
            r#"{"kty":"RSA","alg":"RSA-OAEP"}"#,
            r#"{"kty":"rsa"}"#,
        ] {
            assert_eq!(
                kind(jwk(json).algorithm(Wanted::Detected)),
                Some(Unsupported)
            );
        }
    }

    #[test]
    fn members_are_unique_strings() {
        for json in [
            r#"{"kty":"RSA","kty":"oct"}"#,
            r#"{"kty":"RSA","k\u0074y":"oct"}"#,
            r#"{"kty":1}"#,
            r#"{"kty":"RSA","n":[]}"#,
            r#"{"key_ops":"sign"}"#,
            r#"{"key_ops":[1]}"#,
            r#"[]"#,
            r#"{}{}"#,
            "",
        ] {
            let error = Jwk::parse(json.as_bytes()).err().map(|error| error.kind());
            assert_eq!(error, Some(KeyErrorKind::Malformed), "{json}");
        }
    }

    #[test]
    fn numbers_have_one_spelling() {
        let jwk = jwk(r#"{"n":"AAE","e":"AQAB","x":"AB","y":"AQ==","k":""}"#);
        assert!(jwk.number("n").is_err());
        assert_eq!(**jwk.number("e").unwrap(), [1, 0, 1]);
        assert!(jwk.bytes("x").is_err());
        assert!(jwk.bytes("y").is_err());
        assert!(jwk.number("k").is_err());
        assert!(jwk.bytes("d").is_err());
        assert!(jwk.fixed("e", 4).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = Jwk::parse(&bytes);
        }
    }
}
