//! Finding the key of a token's signature.

use super::{
    VerifyError,
    VerifyErrorKind::{BadSignature, KeysUnavailable},
    lease::SharedLease,
    profile::{Profile, of_jws},
};
use crate::{
    jose::{Algorithm, CompactJws, VerifyingKey, uninit},
    time::Clock,
};

/// What verified a signature.
pub(super) struct Signed {
    pub(super) algorithm: Algorithm,
    /// That of the key, where keys change.
    pub(super) lease: Option<SharedLease>,
    /// The key, if it is for the tokens of one issuer only.
    pub(super) limited: Option<VerifyingKey>,
}

impl Signed {
    fn by(key: &VerifyingKey, lease: Option<&SharedLease>) -> Self {
        Self {
            algorithm: key.algorithm(),
            lease: lease.cloned(),
            limited: key.issuer().map(|_| key.clone()),
        }
    }
}

/// The signature, by a key of `profile`; quickly if the header was seen before.
pub(super) fn check_signature(
    token: &CompactJws<'_>,
    profile: &Profile,
) -> Result<Signed, VerifyError> {
    let Some(keys) = profile.keys.current(|| profile.clock.now()) else {
        return Err(VerifyError::new(KeysUnavailable));
    };
    let mut buffer = uninit();
    let signature = token.signature_into(&mut buffer, || profile.keys.longest_signature());
    let signature = &*signature.map_err(of_jws)?;
    if let Some(known) = keys.find(token.header_segment(), profile.typ) {
        if known.key.verify(token.signing_input(), signature).is_ok() {
            return Ok(Signed::by(&known.key, known.lease.as_ref()));
        }
        if known.is_sole {
            return Err(VerifyError::new(BadSignature));
        }
    }
    let mut header = Vec::new();
    let header = token.decode_header(&mut header).map_err(of_jws)?;
    if !profile.typ.accepts(&header) {
        return Err(profile.wrong_type(&header));
    }
    let set = keys.keys();
    let mut candidates = set.placed_candidates(header.kid.as_deref(), &header.alg);
    let mut tried = 0;
    while let Some((place, key)) = candidates.next() {
        tried += 1;
        if key.verify(token.signing_input(), signature).is_ok() {
            let is_sole = tried == 1 && candidates.next().is_none();
            keys.remember(token.header_segment(), profile.typ, (place, key), is_sole);
            return Ok(Signed::by(key, keys.lease(place)));
        }
    }
    Err(match tried {
        0 => profile.unknown_key(&header),
        _ => VerifyError::new(BadSignature),
    })
}
