//! One JSON Web Key (RFC 7517 section 4), as text; what its numbers mean is
//! for others to check.

use std::collections::HashSet;

use serde::de::MapAccess;
use serde_json::{Deserializer, value::RawValue};
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, KeyErrorKind, algorithm::Family, base64url::decode_segment,
    header::MAX_KEY_ID,
};
use crate::{
    crypto::Curve,
    json::{Member, Members, Name, ObjectError, StrictJsonError, check_unique_value, read_object},
};

type Text<'a> = Option<Name<'a>>;

/// The members of a key that mean something here.
#[derive(Default)]
pub(super) struct Jwk<'a> {
    kty: Text<'a>,
    key_use: Text<'a>,
    key_ops: Option<Vec<Name<'a>>>,
    alg: Text<'a>,
    kid: Text<'a>,
    issuer: Text<'a>,
    crv: Text<'a>,
    public: [Text<'a>; PUBLIC.len()],
    secret: [Option<&'a RawValue>; SECRET.len()],
    other_primes: Option<&'a RawValue>,
}

/// The members that hold numbers or bytes in base64url.
const PUBLIC: [&str; 5] = ["n", "e", "x", "y", "pub"];

/// Those that only the owner of the key may know. They stay where they are:
/// reading a text with escapes would leave a copy behind.
const SECRET: [&str; 8] = ["k", "d", "p", "q", "dp", "dq", "qi", "priv"];

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
        let mut jwk = Self::default();
        read_object(Deserializer::from_slice(json), &mut jwk).map_err(|error| match error {
            ObjectError::Duplicate => twice(),
            ObjectError::Member(()) => wrong_type_of_member(),
            ObjectError::Syntax => no_object(),
        })?;
        jwk.check_secrets()?;
        Ok(jwk)
    }

    fn check_secrets(&self) -> Result<(), KeyError> {
        let secrets = self.secret.iter().flatten();
        if secrets
            .clone()
            .chain(&self.other_primes)
            .any(|json| json.get().contains('\\'))
        {
            return Err(KeyError::malformed(
                "a private member of the JWK is written with escapes (`\\u...`), which base64url \
                 never needs: write it as it is",
            ));
        }
        if !secrets.clone().all(|json| json.get().starts_with('"')) {
            return Err(wrong_type_of_member());
        }
        match self.other_primes {
            Some(primes) => check_unique_value(primes).map_err(|error| match error {
                StrictJsonError::Duplicate => twice(),
                StrictJsonError::Syntax => no_object(),
            }),
            None => Ok(()),
        }
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

    /// The issuer whose tokens the key is for, by its own word (Microsoft Entra).
    pub(super) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Whether `alg` is `Ed25519`, the newer name (RFC 9864).
    pub(super) fn says_ed25519(&self) -> bool {
        self.alg.as_deref() == Some(Algorithm::Ed25519.name())
    }

    pub(super) fn is_private(&self) -> bool {
        self.get("d").or_else(|| self.get("priv")).is_some()
    }

    /// Whether there is anything that only the owner of the key may know.
    pub(super) fn has_secret(&self) -> bool {
        self.secret.iter().any(Option::is_some) || self.has_other_primes()
    }

    pub(super) fn has_other_primes(&self) -> bool {
        self.other_primes.is_some()
    }

    /// What `kty` and `crv` say.
    pub(super) fn family(&self) -> Result<Family, KeyError> {
        match (self.kty.as_deref(), self.crv.as_deref()) {
            (None, _) => Err(KeyError::malformed(
                "the JWK has no `kty`; if it is a set of keys, read it by `KeySet`",
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
            #[cfg(feature = "ml-dsa")]
            (Some("AKP"), _) => self.algorithm_key_pair(),
            (Some(_), _) => Err(KeyError::unsupported(
                "`kty` of the JWK is not one of RSA, EC, OKP and oct",
            )),
        }
    }

    /// What `alg` says, which alone tells these keys apart (RFC 9964 section 3).
    #[cfg(feature = "ml-dsa")]
    fn algorithm_key_pair(&self) -> Result<Family, KeyError> {
        let algorithm = self.alg.as_deref().ok_or_else(|| {
            KeyError::malformed("the JWK has no `alg`, which `kty` AKP needs (RFC 9964 section 3)")
        })?;
        match Algorithm::from_name(algorithm).map(Algorithm::family) {
            Some(family @ Family::MlDsa(_)) => Ok(family),
            _ => Err(KeyError::unsupported(
                "`alg` of the JWK is not one of ML-DSA-44, ML-DSA-65 and ML-DSA-87, which are \
                 supported for `kty` AKP",
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
        let mut seen = HashSet::new();
        if !key_ops.iter().all(|operation| seen.insert(&**operation)) {
            return wrong("`key_ops` of the JWK names an operation twice");
        }
        let needed = match purpose {
            Purpose::Verify => "verify",
            Purpose::Sign => "sign",
        };
        if !seen.contains(needed) {
            return wrong(match purpose {
                Purpose::Verify => "`key_ops` of the JWK lacks `verify`",
                Purpose::Sign => "`key_ops` of the JWK lacks `sign`",
            });
        }
        if self.key_use.is_some() && OTHER_USES.iter().any(|other| seen.contains(other)) {
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
        if let Some(index) = PUBLIC.iter().position(|member| *member == name) {
            return self.public.get(index)?.as_deref();
        }
        let index = SECRET.iter().position(|member| *member == name)?;
        let json = self.secret.get(index).copied().flatten()?.get();
        json.strip_prefix('"')?.strip_suffix('"')
    }
}

impl<'de> Members<'de> for Jwk<'de> {
    type Fault = ();

    fn read<'m, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        member: Member<'m, A, ()>,
    ) -> Result<Option<Member<'m, A, ()>>, A::Error> {
        let place = match name {
            "kty" => &mut self.kty,
            "use" => &mut self.key_use,
            "alg" => &mut self.alg,
            "kid" => &mut self.kid,
            "issuer" => &mut self.issuer,
            "crv" => &mut self.crv,
            "key_ops" => return member.into(&mut self.key_ops, ()),
            "oth" => return member.into(&mut self.other_primes, ()),
            _ => match (
                place(PUBLIC, &mut self.public, name),
                place(SECRET, &mut self.secret, name),
            ) {
                (Some(place), _) => place,
                (None, Some(place)) => return member.into(place, ()),
                (None, None) => return Ok(Some(member)),
            },
        };
        member.into(place, ())
    }
}

/// The place of the member of this name, if it is one of `names`.
fn place<'p, T, const N: usize>(
    names: [&str; N],
    places: &'p mut [T; N],
    name: &str,
) -> Option<&'p mut T> {
    let named = names.into_iter().zip(places);
    named
        .filter(|(member, _)| *member == name)
        .map(|(_, place)| place)
        .next()
}

/// The operations of RFC 7517 section 4.3 that go with no signature.
const OTHER_USES: [&str; 6] = [
    "encrypt",
    "decrypt",
    "wrapKey",
    "unwrapKey",
    "deriveKey",
    "deriveBits",
];

fn no_object() -> KeyError {
    KeyError::malformed("the JWK is not exactly one JSON object in UTF-8")
}

fn twice() -> KeyError {
    KeyError::malformed("a member name occurs twice in the JWK")
}

fn wrong_type_of_member() -> KeyError {
    KeyError::malformed("a member of the JWK is not of the type that it must be")
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

#[cfg(test)]
mod tests;
