//! Headers that were seen before.

use std::sync::OnceLock;

use super::{lease::SharedLease, typ::TypRule};
use crate::jose::VerifyingKey;

/// How many headers are remembered: an issuer writes one for each of its keys.
const SLOTS: usize = 16;

/// A small table from header segments to the key that verified a token with
/// that header, so that the same bytes are not decoded and read again.
///
/// It is filled after a good signature only, so only those who hold a key can
/// fill it; once full it stays as it is. It belongs to a set of keys, and goes
/// with it, so nothing in it grows old.
#[derive(Debug, Default)]
pub(super) struct KnownHeaders([OnceLock<KnownHeader>; SLOTS]);

#[derive(Debug)]
pub(super) struct KnownHeader {
    pub(super) segment: Box<[u8]>,
    /// By which rule its `typ` was found good.
    pub(super) typ: TypRule,
    pub(super) key: VerifyingKey,
    pub(super) lease: Option<SharedLease>,
    /// Whether no other key comes into question for this header.
    pub(super) is_sole: bool,
}

impl KnownHeaders {
    /// What is known about a header of a token of this type.
    pub(super) fn find(&self, segment: &[u8], typ: TypRule) -> Option<&KnownHeader> {
        self.0
            .iter()
            .map_while(OnceLock::get)
            .find(|known| known.typ == typ && *known.segment == *segment)
    }

    pub(super) fn remember(&self, mut known: KnownHeader) {
        for slot in &self.0 {
            match slot.set(known) {
                Ok(()) => return,
                Err(back) => known = back,
            }
            // Another thread may have been quicker with the same header.
            if slot.get().is_some_and(|own| own.is_same(&known)) {
                return;
            }
        }
    }
}

impl KnownHeader {
    fn is_same(&self, other: &Self) -> bool {
        self.typ == other.typ && self.segment == other.segment
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::Algorithm;

    #[test]
    fn the_table_is_bounded_and_keeps_what_it_has() {
        let key = VerifyingKey::from_secret(Algorithm::HS256, &[1; 32]).unwrap();
        let known = |header: u8| KnownHeader {
            segment: [header].into(),
            typ: TypRule::Jwt,
            key: key.clone(),
            lease: None,
            is_sole: true,
        };
        let table = KnownHeaders::default();
        for header in 0..2 * SLOTS as u8 {
            table.remember(known(header));
            table.remember(known(header));
        }
        assert!(table.find(&[0], TypRule::Jwt).is_some());
        assert!(table.find(&[0], TypRule::AtJwt).is_none());
        assert!(table.find(&[SLOTS as u8 - 1], TypRule::Jwt).is_some());
        assert!(table.find(&[SLOTS as u8], TypRule::Jwt).is_none());
    }
}
