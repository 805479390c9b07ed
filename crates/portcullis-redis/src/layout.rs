//! Which keys there are.

use std::{collections::HashSet, sync::Arc};

use portcullis::{
    session::{SecretDigest, StoreError},
    subject::Subject,
};

/// How many shards there are. Fixed for ever by what is stored.
const SHARDS: usize = 256;

/// The slots of a cluster.
const SLOTS: u16 = 16_384;

/// The names of all keys of a store.
///
/// Everything about a subject is in one shard, and everything in a shard carries
/// the same hash tag, so that one script can touch it in a cluster, too. There is a shard
/// for each 64 slots, so that however many primaries share the slots, each gets as much
/// as it has slots.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    prefix: String,
    tags: Arc<[String]>,
}

impl Layout {
    /// Braces would end the hash tag early.
    pub(crate) fn new(prefix: &str) -> Self {
        let prefix = prefix.replace(['{', '}'], "_");
        let tags = tags(&prefix);
        Self { prefix, tags }
    }

    /// Which layout it is, and what may be left of an older one.
    pub(crate) fn version_key(&self) -> String {
        format!("{{{}}}:layout", self.prefix)
    }

    /// How long what is over is kept.
    pub(crate) fn keep_key(&self) -> String {
        format!("{{{}}}:keep", self.prefix)
    }

    /// When the server of a shard was confirmed last; of the keys without one, if there
    /// is none.
    pub(crate) fn proof_key(&self, shard: Option<&Shard>) -> String {
        self.key_at(shard, "proof")
    }

    /// What is written there behind something else, to wait for both.
    pub(crate) fn mark_key(&self, shard: Option<&Shard>) -> String {
        self.key_at(shard, "mark")
    }

    fn key_at(&self, shard: Option<&Shard>, name: &str) -> String {
        match shard {
            None => format!("{{{}}}:{name}", self.prefix),
            Some(shard) => format!("{}:{name}", shard.0),
        }
    }

    /// The last place in the order of logins and log-outs.
    pub(crate) fn order_key(&self) -> String {
        format!("{{{}}}:order:2", self.prefix)
    }

    /// The same in the older layout.
    pub(crate) fn old_order_key(&self) -> String {
        format!("{{{}}}:order", self.prefix)
    }

    /// What is kept of a key ring.
    pub(crate) fn key_ring_key(&self, name: &str) -> String {
        format!("{{{}}}:ring:{name}", self.prefix)
    }

    /// Where revocations are published. Channels are common to all databases of
    /// a server, so it names the database, too.
    pub(crate) fn channel(&self, database: i64) -> String {
        format!("{}:{database}:revoked", self.prefix)
    }

    /// What the keys of all sessions match, in shards of the older layout, too. A prefix
    /// may have what is special in a pattern.
    pub(crate) fn session_pattern(&self) -> String {
        let mut pattern = "{".to_owned();
        for letter in self.prefix.chars() {
            if matches!(letter, '*' | '?' | '[' | ']' | '\\' | '^') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.push_str(":*}:s:*");
        pattern
    }

    pub(crate) fn shards(&self) -> impl Iterator<Item = Shard> + '_ {
        self.tags.iter().map(|tag| Shard(tag.clone()))
    }

    /// The hash tags of all shards, and of so many of the layout before this one.
    pub(crate) fn tags(&self, old: u16) -> HashSet<String> {
        let shards = self.shards().chain(self.old_shards(old));
        shards.map(|shard| shard.0).collect()
    }

    /// The shard of a subject.
    pub(crate) fn of(&self, subject: &Subject) -> Shard {
        self.of_text(&subject_text(subject))
    }

    /// The same, by the subject's text.
    pub(crate) fn of_text(&self, subject: &str) -> Shard {
        self.shard_at(fnv_1a(subject.as_bytes()))
    }

    /// The shard of something that may be used once.
    pub(crate) fn of_value(&self, value: &SecretDigest) -> Shard {
        self.shard_at(fnv_1a(value.as_bytes()))
    }

    fn shard_at(&self, hash: u64) -> Shard {
        let shard = usize::try_from(hash % SHARDS as u64).unwrap_or(0);
        Shard(self.tags[shard].clone())
    }

    /// The shards of the layout before this one, as many as there were.
    pub(crate) fn old_shards(&self, count: u16) -> impl Iterator<Item = Shard> + '_ {
        (0..count).map(|shard| self.old_shard(shard))
    }

    /// The shard of a subject in the layout before this one.
    pub(crate) fn old_shard_of(&self, subject: &Subject, count: u16) -> Shard {
        let hash = fnv_1a(subject_text(subject).as_bytes());
        self.old_shard(u16::try_from(hash % u64::from(count)).unwrap_or(0))
    }

    /// The shard of what may be used once in the layout before this one.
    pub(crate) fn old_shard_of_value(&self, value: &SecretDigest, count: u16) -> Shard {
        let hash = fnv_1a(value.as_bytes());
        self.old_shard(u16::try_from(hash % u64::from(count)).unwrap_or(0))
    }

    fn old_shard(&self, shard: u16) -> Shard {
        Shard(format!("{{{}:{shard}}}", self.prefix))
    }
}

/// A shard, by its hash tag: what its keys are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shard(String);

impl Shard {
    /// What was revoked lately, by time.
    pub(crate) fn feed(&self) -> String {
        format!("{}:feed", self.0)
    }

    /// The last log-out of everybody of each realm.
    pub(crate) fn cut_offs(&self) -> String {
        format!("{}:cut", self.0)
    }

    /// What is known of a subject beside the rows.
    pub(crate) fn subject(&self, subject: &str) -> String {
        format!("{}:u:{subject}", self.0)
    }

    /// A session.
    pub(crate) fn session(&self, id: &str) -> String {
        format!("{}:s:{id}", self.0)
    }

    /// An application token.
    pub(crate) fn token(&self, id: &str) -> String {
        format!("{}:a:{id}", self.0)
    }

    /// The live application tokens of a subject.
    pub(crate) fn tokens(&self, subject: &str) -> String {
        format!("{}:l:{subject}", self.0)
    }

    /// A revoked access token.
    pub(crate) fn revoked_token(&self, token: &str) -> String {
        format!("{}:t:{token}", self.0)
    }

    /// What may be used once.
    pub(crate) fn once(&self, value: &str) -> String {
        format!("{}:once:{value}", self.0)
    }

    /// A key of the older layout: of a subject's sessions (`i`), of its last log-out
    /// (`o`), of a realm's (`c`).
    pub(crate) fn old(&self, kind: char, of: &str) -> String {
        format!("{}:{kind}:{of}", self.0)
    }

    /// The name of a row of this kind that has this key.
    pub(crate) fn name_of<'a>(&self, kind: char, key: &'a str) -> Option<&'a str> {
        let rest = key.strip_prefix(self.0.as_str())?.strip_prefix(':')?;
        rest.strip_prefix(kind)?.strip_prefix(':')
    }
}

/// The hash tags of the shards, each in the slots that are its own: for each the one with
/// the least number.
fn tags(prefix: &str) -> Arc<[String]> {
    let mut tags = vec![String::new(); SHARDS];
    let mut missing = SHARDS;
    let mut number = 0_u32;
    while missing > 0 {
        let tag = format!("{prefix}:s{number}");
        let shard = usize::from(slot_of(tag.as_bytes())) * SHARDS / usize::from(SLOTS);
        if tags[shard].is_empty() {
            tags[shard] = format!("{{{tag}}}");
            missing -= 1;
        }
        number += 1;
    }
    tags.into()
}

/// The slot of a hash tag: CRC-16/XMODEM, as Redis Cluster has it.
pub(crate) fn slot_of(tag: &[u8]) -> u16 {
    let crc = tag.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| match crc >> 15 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    });
    crc % SLOTS
}

/// A subject as text.
pub(crate) fn subject_text(subject: &Subject) -> String {
    in_realm(subject.realm(), subject.name())
}

/// A name within a realm as text, so that no two are the same: the realm with
/// its length, then the name.
pub(crate) fn in_realm(realm: &str, name: &str) -> String {
    format!("{}:{realm}:{name}", realm.len())
}

/// Reads what [`subject_text`] made.
pub(crate) fn parse_subject(text: &str) -> Result<Subject, StoreError> {
    parse(text).ok_or_else(|| StoreError::corrupt("not a subject"))
}

fn parse(text: &str) -> Option<Subject> {
    let (realm, rest) = split_counted(text)?;
    Some(Subject::new(realm, rest.strip_prefix(':')?))
}

/// Splits `<length>:<so many bytes><rest>`.
pub(crate) fn split_counted(text: &str) -> Option<(&str, &str)> {
    let (length, rest) = text.split_once(':')?;
    rest.split_at_checked(length.parse().ok()?)
}

/// FNV-1a, 64 bits (RFC 9923).
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_come_back_and_never_coincide() {
        let odd = [("a", "b:c"), ("a:b", "c"), ("", ""), ("é{}", "\0|😀")];
        let texts = odd.map(|(realm, name)| subject_text(&Subject::new(realm, name)));
        for ((realm, name), text) in odd.iter().zip(&texts) {
            assert_eq!(parse(text), Some(Subject::new(*realm, *name)));
            assert_eq!(texts.iter().filter(|other| *other == text).count(), 1);
        }
        for text in ["", "1", "9:a:b", "-1:a:b", "1:é:b", "1:ab"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_hash_is_the_one_of_the_standard() {
        // RFC 9923: the offset basis, and the hash of "a".
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn the_slot_is_the_one_of_the_standard() {
        // The check value of CRC-16/XMODEM, and two of Redis' own documentation.
        assert_eq!(slot_of(b"123456789"), 0x31c3);
        assert_eq!(slot_of(b"foo"), 12_182);
        assert_eq!(slot_of(b"somekey"), 11_058);
    }

    #[test]
    fn every_shard_is_in_slots_of_its_own() {
        for prefix in ["portcullis", "", "my{app}", "é".repeat(100).as_str()] {
            let layout = Layout::new(prefix);
            for (shard, tag) in layout.tags.iter().enumerate() {
                let tag = tag.trim_start_matches('{').trim_end_matches('}');
                assert_eq!(usize::from(slot_of(tag.as_bytes())) / 64, shard, "{tag}");
            }
        }
    }

    /// They must never change: they are where the sessions are.
    #[test]
    fn the_tags_are_the_same_for_ever() {
        let layout = Layout::new("portcullis");
        let shards: Vec<_> = layout.shards().map(|shard| shard.feed()).collect();
        let some = [0, 1, 128, 255].map(|shard| shards[shard].as_str());
        let expected = ["s317", "s28", "s420", "s347"];
        assert_eq!(
            some,
            expected.map(|tag| format!("{{portcullis:{tag}}}:feed"))
        );
        let alice = Subject::new("users", "alice");
        assert_eq!(layout.of(&alice).feed(), "{portcullis:s363}:feed");
    }

    #[test]
    fn a_key_has_the_tag_of_its_shard() {
        let layout = Layout::new("my{app}");
        let shard = layout.old_shard_of(&Subject::new("users", "alice"), 1);
        assert_eq!(shard.feed(), "{my_app_:0}:feed");
        assert_eq!(shard.name_of('s', &shard.session("id")), Some("id"));
        assert_eq!(shard.name_of('a', &shard.session("id")), None);
        assert_eq!(layout.session_pattern(), "{my_app_:*}:s:*");
        assert_eq!(Layout::new("a*b").session_pattern(), "{a\\*b:*}:s:*");
    }
}
