//! Finding the key of a token's signature.

use super::{
    VerifyError,
    VerifyErrorKind::{BadSignature, KeysUnavailable},
    header::{shown_header, shown_key},
    lease::SharedLease,
    observer::{Check, Observer, Seen},
    profile::{Profile, check_of, of_jws},
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
    /// The key, if it is for the tokens of one issuer only, or until a date.
    pub(super) limited: Option<VerifyingKey>,
}

impl Signed {
    fn by(key: &VerifyingKey, lease: Option<&SharedLease>) -> Self {
        Self {
            algorithm: key.algorithm(),
            lease: lease.cloned(),
            limited: key.is_limited().then(|| key.clone()),
        }
    }
}

/// The signature, by a key of `profile`; quickly if the header was seen before.
pub(super) fn check_signature<O: Observer>(
    token: &CompactJws<'_>,
    profile: &Profile,
    observer: &mut O,
) -> Result<Signed, VerifyError> {
    let Some(keys) = profile.keys.current(|| profile.clock.now()) else {
        let error = VerifyError::new(KeysUnavailable);
        return Err(observer.failed(Check::Key, error, Seen::nothing));
    };
    let mut buffer = uninit();
    let signature = &*token
        .signature_into(&mut buffer, || profile.keys.longest_signature())
        .map_err(|error| observer.failed(check_of(error), of_jws(error), Seen::nothing))?;
    if !O::LOOKS
        && let Some(known) = keys.find(token.header_segment(), profile.typ)
    {
        if known.key.verify(token.signing_input(), signature).is_ok() {
            return Ok(Signed::by(&known.key, known.lease.as_ref()));
        }
        if known.is_sole {
            return Err(VerifyError::new(BadSignature));
        }
    }
    let mut header = Vec::new();
    let header = token
        .decode_header(&mut header)
        .map_err(|error| observer.failed(check_of(error), of_jws(error), Seen::nothing))?;
    observer.observe(Check::Header, Ok(()), || Seen::found(shown_header(&header)))?;
    observer.observe(Check::Type, profile.check_type(&header), || {
        profile.seen_type(&header)
    })?;
    let set = keys.keys();
    let mut candidates = set.placed_candidates(header.kid.as_deref(), &header.alg);
    let mut tried = 0;
    while let Some((place, key)) = candidates.next() {
        tried += 1;
        if key.verify(token.signing_input(), signature).is_ok() {
            let is_sole = tried == 1 && candidates.next().is_none();
            observer.observe(Check::Key, Ok(()), || profile.seen_key(&header))?;
            observer.observe(Check::Signature, Ok(()), || Seen::found(shown_key(key)))?;
            if !O::LOOKS {
                keys.remember(token.header_segment(), profile.typ, (place, key), is_sole);
            }
            return Ok(Signed::by(key, keys.lease(place)));
        }
    }
    Err(match tried {
        0 => observer.failed(Check::Key, profile.unknown_key(&header), || {
            profile.seen_key(&header)
        }),
        _ => {
            observer.observe(Check::Key, Ok(()), || profile.seen_key(&header))?;
            let seen = || Seen::found(format!("none of the {tried} keys that come into question"));
            observer.failed(Check::Signature, VerifyError::new(BadSignature), seen)
        }
    })
}
