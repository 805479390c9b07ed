//! What the header of an acceptable token says: its type and its key.

use super::{
    VerifyError,
    VerifyErrorKind::{UnknownKey, WrongType},
    observer::Seen,
    profile::Profile,
    shown::{Shown, list},
    typ::TypRule,
};
use crate::jose::{Algorithm, Header, VerifyingKey};

impl Profile {
    pub(super) fn check_type(&self, header: &Header<'_>) -> Result<(), VerifyError> {
        match self.typ.accepts(header) {
            true => Ok(()),
            false => Err(self.wrong_type(header)),
        }
    }

    #[cold]
    fn wrong_type(&self, header: &Header<'_>) -> VerifyError {
        let found = shown(header.typ.as_deref(), "none");
        let detail = format!("{found}, and {} is accepted", self.typ.shown());
        VerifyError::with_detail(WrongType, detail)
    }

    pub(super) fn seen_type(&self, header: &Header<'_>) -> Seen {
        let seen = Seen::of(shown(header.typ.as_deref(), "none"), self.typ.shown());
        let is_plain = header.typ.is_none() || header.typ_is("JWT");
        seen.advise(if self.typ == TypRule::AtJwt && is_plain {
            Some("if the issuer's access tokens are not those of RFC 9068, do not demand it")
        } else if header.typ_is("logout+jwt") {
            Some("this is a log-out token: those go to the log-out endpoint")
        } else if header.typ_is("dpop+jwt") {
            Some("this is a proof of DPoP: send the access token that goes with it")
        } else {
            None
        })
    }

    /// That none of the keys comes into question for this header.
    #[cold]
    pub(super) fn unknown_key(&self, header: &Header<'_>) -> VerifyError {
        let (found, keys) = (shown_header(header), self.shown_keys());
        VerifyError::with_detail(UnknownKey, format!("{found}, and the keys are {keys}"))
    }

    pub(super) fn seen_key(&self, header: &Header<'_>) -> Seen {
        let seen = Seen::of(shown_header(header), self.shown_keys());
        let algorithm = Algorithm::from_name(&header.alg);
        seen.advise(if self.keys.any(|own| Some(own) == algorithm) {
            None
        } else if header.alg.eq_ignore_ascii_case("none") {
            Some("it is not signed, and nobody has to believe it")
        } else if header.alg.starts_with("HS") && !self.keys.any(Algorithm::is_symmetric) {
            Some(
                "it is signed with a shared secret, and the keys are public ones: it is of \
                 another service, or forged",
            )
        } else {
            Some("none of the keys is for this `alg`: configure those that the issuer signs with")
        })
    }

    fn shown_keys(&self) -> String {
        list(self.keys.keys().iter(), shown_key)
    }
}

/// The key that a header names.
pub(super) fn shown_header(header: &Header<'_>) -> String {
    format!(
        "`kid` is {}, `alg` is {}",
        shown(header.kid.as_deref(), "none"),
        Shown(&header.alg)
    )
}

pub(super) fn shown_key(key: &VerifyingKey) -> String {
    let name = shown(key.key_id(), "without an id");
    format!("{} ({name})", key.algorithm().name())
}

fn shown(text: Option<&str>, none: &str) -> String {
    text.map_or_else(|| none.to_owned(), |text| Shown(text).to_string())
}
