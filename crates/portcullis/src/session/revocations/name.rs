//! Names of what can be revoked, as short hashes.
//!
//! A hash of 128 bits under a random key: of a billion names no two share theirs, and
//! nobody outside can make two that do. The kind stands in its lowest bits.

use std::hash::{BuildHasher, RandomState};

use crate::{
    subject::{NO_REALM, Subject},
    verify::Verified,
};

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// A session of ours.
    Session,
    /// A session of another issuer.
    SessionElsewhere,
    /// An access token, by realm and `jti`, which is unique within its issuer only
    /// (RFC 7519 section 4.1.7).
    Token,
    /// A subject.
    Subject,
    /// An application token.
    ApplicationToken,
    /// A realm.
    Realm,
}

impl Kind {
    /// How many kinds there are.
    pub(super) const COUNT: usize = 6;

    const ALL: [Self; Self::COUNT] = [
        Self::Session,
        Self::SessionElsewhere,
        Self::Token,
        Self::Subject,
        Self::ApplicationToken,
        Self::Realm,
    ];

    const MASK: u64 = 7;
}

/// The hash of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name([u64; 2]);

impl Name {
    pub(super) fn kind(self) -> Kind {
        let index = (self.0[1] & Kind::MASK) as usize;
        Kind::ALL.get(index).copied().unwrap_or(Kind::Realm)
    }

    /// One of [256](super::shards::SHARDS), by the first byte.
    #[inline]
    pub(super) fn shard(self) -> usize {
        (self.0[0] >> 56) as usize
    }

    /// What decides the order, but for names that begin the same.
    #[inline]
    pub(super) fn rank(self) -> u64 {
        self.0[0]
    }

    /// The three bytes behind the first.
    pub(super) fn hint(self) -> u32 {
        ((self.0[0] >> 32) & 0xff_ffff) as u32
    }
}

/// Makes names. Copies make the same.
#[derive(Clone, Copy)]
pub(super) struct Names {
    key: [u64; 2],
}

impl Default for Names {
    fn default() -> Self {
        let key = [(); 2].map(|()| RandomState::new().hash_one(0_u8));
        Self { key }
    }
}

impl Names {
    pub(super) fn session(&self, id: &str) -> Name {
        self.of_one(Kind::Session, id)
    }

    pub(super) fn session_elsewhere(&self, issuer: &str, id: &str) -> Name {
        self.of_two(Kind::SessionElsewhere, issuer, id)
    }

    pub(super) fn token(&self, realm: &str, id: &str) -> Name {
        self.of_two(Kind::Token, realm, id)
    }

    /// Of what is kept as a token: what is of no realm is a session of the issuer that
    /// is named instead, by its `sid`.
    pub(super) fn kept_token(&self, subject: &Subject, id: &str) -> Name {
        match subject.realm().strip_prefix(NO_REALM) {
            Some(issuer) => self.session_elsewhere(issuer, id),
            None => self.token(subject.realm(), id),
        }
    }

    pub(super) fn subject(&self, realm: &str, name: &str) -> Name {
        self.of_two(Kind::Subject, realm, name)
    }

    pub(super) fn application_token(&self, id: &str) -> Name {
        self.of_one(Kind::ApplicationToken, id)
    }

    pub(super) fn realm(&self, realm: &str) -> Name {
        self.of_one(Kind::Realm, realm)
    }

    /// Everything that `token` can be revoked by.
    pub(super) fn of_token<'a>(&'a self, token: &'a Verified) -> TokenNames<'a> {
        TokenNames { names: self, token }
    }

    fn of_one(&self, kind: Kind, text: &str) -> Name {
        let mut sip = Sip::<1, 3>::new(self.key);
        sip.absorb_text(text.as_bytes(), 0);
        sip.name(kind)
    }

    /// The length in front tells where the first text ends.
    fn of_two(&self, kind: Kind, one: &str, other: &str) -> Name {
        let mut sip = Sip::<1, 3>::new(self.key);
        sip.absorb(one.len() as u64);
        sip.absorb_text(one.as_bytes(), 0);
        sip.absorb_text(other.as_bytes(), one.len());
        sip.name(kind)
    }
}

/// The names of a token, each made when it is asked for.
#[derive(Clone, Copy)]
pub(super) struct TokenNames<'a> {
    names: &'a Names,
    pub(super) token: &'a Verified,
}

impl TokenNames<'_> {
    /// Its session, whoever issued it.
    pub(super) fn session(&self) -> Option<Name> {
        self.token.session_id().map(|id| self.names.session(id))
    }

    /// Its session at another issuer. An own issuer's sessions are ours.
    pub(super) fn session_elsewhere(&self) -> Option<Name> {
        let token = self.token;
        let named = token.issuer().zip(token.session_id());
        let (issuer, id) = named.filter(|_| !token.is_of_own_issuer())?;
        Some(self.names.session_elsewhere(issuer, id))
    }

    /// The token itself.
    pub(super) fn token(&self) -> Option<Name> {
        let id = self.token.token_id()?;
        Some(self.names.token(self.token.subject_realm(), id))
    }

    /// The token itself, if it never expires.
    pub(super) fn application_token(&self) -> Option<Name> {
        let id = self.token.token_id()?;
        let named = self.token.is_application();
        named.then(|| self.names.application_token(id))
    }

    /// Its subject.
    pub(super) fn subject(&self) -> Option<Name> {
        let name = self.token.subject_name()?;
        Some(self.names.subject(self.token.subject_realm(), name))
    }

    /// Its realm.
    pub(super) fn realm(&self) -> Name {
        self.names.realm(self.token.subject_realm())
    }
}

/// SipHash (Aumasson, Bernstein) with an output of 128 bits, of `C` rounds for each word
/// and `D` at the end.
struct Sip<const C: usize, const D: usize>([u64; 4]);

impl<const C: usize, const D: usize> Sip<C, D> {
    fn new([one, other]: [u64; 2]) -> Self {
        Self([
            one ^ 0x736f_6d65_7073_6575,
            other ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            one ^ 0x6c79_6765_6e65_7261,
            other ^ 0x7465_6462_7974_6573,
        ])
    }

    /// Takes in a text and its end: the last word has what is left of the text, and in
    /// its highest byte the length, to which `before` is added.
    #[inline]
    fn absorb_text(&mut self, text: &[u8], before: usize) {
        let (words, rest) = text.as_chunks::<8>();
        for word in words {
            self.absorb(u64::from_le_bytes(*word));
        }
        let rest = match (text.last_chunk::<8>(), text.first_chunk::<4>()) {
            // What is left stands at the end of the last eight bytes.
            (Some(last), _) if !rest.is_empty() => {
                u64::from_le_bytes(*last) >> (64 - 8 * rest.len())
            }
            (None, Some(first)) => {
                let last = text.last_chunk::<4>().copied().unwrap_or_default();
                let [first, last] = [*first, last].map(|it| u64::from(u32::from_le_bytes(it)));
                first | last << (8 * (text.len() - 4))
            }
            _ => rest
                .iter()
                .rev()
                .fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        let length = before.wrapping_add(text.len()) as u64;
        self.absorb(rest | length << 56);
    }

    #[inline]
    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.rounds(C);
        self.0[0] ^= word;
    }

    #[inline]
    fn rounds(&mut self, count: usize) {
        let [mut a, mut b, mut c, mut d] = self.0;
        for _ in 0..count {
            a = a.wrapping_add(b);
            c = c.wrapping_add(d);
            b = b.rotate_left(13) ^ a;
            d = d.rotate_left(16) ^ c;
            a = a.rotate_left(32);
            c = c.wrapping_add(b);
            a = a.wrapping_add(d);
            b = b.rotate_left(17) ^ c;
            d = d.rotate_left(21) ^ a;
            c = c.rotate_left(32);
        }
        self.0 = [a, b, c, d];
    }

    #[inline]
    fn finish(mut self) -> [u64; 2] {
        let all = |[a, b, c, d]: [u64; 4]| a ^ b ^ c ^ d;
        self.0[2] ^= 0xee;
        self.rounds(D);
        let one = all(self.0);
        self.0[1] ^= 0xdd;
        self.rounds(D);
        [one, all(self.0)]
    }

    fn name(self, kind: Kind) -> Name {
        let [one, other] = self.finish();
        Name([one, other & !Kind::MASK | kind as u64])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the reference implementation, with the key 0, 1, 2, …, 15, of the
    /// texts that are empty, 0, and 0, 1, 2, …, 14.
    #[test]
    fn it_is_siphash() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let of = |length: u8| {
            let text: Vec<u8> = (0..length).collect();
            let mut sip = Sip::<2, 4>::new(key);
            sip.absorb_text(&text, 0);
            sip.finish().map(u64::swap_bytes)
        };
        assert_eq!(of(0), [0xa381_7f04_ba25_a8e6, 0x6df6_7214_c755_0293]);
        assert_eq!(of(1), [0xda87_c1d8_6b99_af44, 0x3476_5911_9b22_fc45]);
        assert_eq!(of(15), [0x5493_e999_33b0_a811, 0x7e08_ec0f_97cf_c3d9]);
    }

    #[test]
    fn names_are_told_apart() {
        let names = Names::default();
        let all = [
            names.session("ab"),
            names.application_token("ab"),
            names.realm("ab"),
            names.realm(""),
            names.token("a", "b"),
            names.token("ab", ""),
            names.token("", "ab"),
            names.session_elsewhere("a", "b"),
            names.subject("a", "b"),
            names.subject("a", "b\0"),
            names.subject("aaaaaaa\u{8}", "b"),
            Names::default().session("ab"),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
        assert_eq!(all[0].kind(), Kind::Session);
        assert_eq!(all[3].kind(), Kind::Realm);
        assert_eq!(all[8].kind(), Kind::Subject);
        let elsewhere = Subject::new("\u{1}a", "b");
        assert_eq!(names.kept_token(&elsewhere, "b"), all[7]);
        assert_eq!(names.kept_token(&Subject::new("a", "c"), "b"), all[4]);
    }
}
