//! Headers that were seen before.

use std::sync::OnceLock;

use crate::jose::VerifyingKey;

/// How many headers are remembered: an issuer writes one for each of its keys.
const SLOTS: usize = 16;

/// A small table from header segments to the key that verified a token with
/// that header, so that the same bytes are not decoded and read again.
///
/// It is filled after a good signature only, so only those who hold a key can
/// fill it; once full it stays as it is. A verifier's keys never change, so
/// nothing in it grows old.
#[derive(Debug, Default)]
pub(super) struct KnownHeaders([OnceLock<KnownHeader>; SLOTS]);

#[derive(Debug)]
pub(super) struct KnownHeader {
    segment: Box<[u8]>,
    profile: usize,
    pub(super) key: VerifyingKey,
    /// Whether no other key comes into question for this header.
    pub(super) is_sole: bool,
}

impl KnownHeaders {
    /// What is known about a header, as far as the profile at this index is
    /// concerned.
    pub(super) fn find(&self, segment: &[u8], profile: usize) -> Option<&KnownHeader> {
        self.0
            .iter()
            .map_while(OnceLock::get)
            .find(|known| known.profile == profile && *known.segment == *segment)
    }

    /// Remembers the header of a token whose signature `key` verified.
    pub(super) fn remember(
        &self,
        segment: &[u8],
        profile: usize,
        key: &VerifyingKey,
        is_sole: bool,
    ) {
        let mut known = KnownHeader {
            segment: segment.into(),
            profile,
            key: key.clone(),
            is_sole,
        };
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
        self.profile == other.profile && self.segment == other.segment
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::Algorithm;

    #[test]
    fn the_table_is_bounded_and_keeps_what_it_has() {
        let key = VerifyingKey::from_secret(Algorithm::HS256, &[1; 32]).unwrap();
        let table = KnownHeaders::default();
        for header in 0..2 * SLOTS as u8 {
            table.remember(&[header], 0, &key, true);
            table.remember(&[header], 0, &key, true);
        }
        assert!(table.find(&[0], 0).is_some());
        assert!(table.find(&[0], 1).is_none());
        assert!(table.find(&[SLOTS as u8 - 1], 0).is_some());
        assert!(table.find(&[SLOTS as u8], 0).is_none());
    }
}
