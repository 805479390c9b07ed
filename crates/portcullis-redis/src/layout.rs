//! Which keys there are.

use portcullis::{
    session::{SecretDigest, StoreError},
    subject::Subject,
};

/// The names of all keys of a store.
///
/// Everything about a subject is in one shard, and everything in a shard carries
/// the same hash tag, so that one script can touch it in a cluster, too.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    prefix: String,
    shards: u16,
}

impl Layout {
    /// Braces would end the hash tag early.
    pub(crate) fn new(prefix: &str, shards: u16) -> Self {
        Self {
            prefix: prefix.replace(['{', '}'], "_"),
            shards: shards.max(1),
        }
    }

    /// What all nodes of a service must agree on.
    pub(crate) fn version(&self) -> String {
        format!("1/{}", self.shards)
    }

    pub(crate) fn version_key(&self) -> String {
        format!("{{{}}}:layout", self.prefix)
    }

    /// How long what is over is kept.
    pub(crate) fn keep_key(&self) -> String {
        format!("{{{}}}:keep", self.prefix)
    }

    /// When the server of a shard was confirmed last; of the keys without one, if there
    /// is none.
    pub(crate) fn proof_key(&self, shard: Option<u16>) -> String {
        self.key_at(shard, "proof")
    }

    /// What is written behind a log-out in a shard, by a name of its own.
    pub(crate) fn mark_of(&self, shard: u16, name: &str) -> String {
        self.key_at(Some(shard), &format!("mark:{name}"))
    }

    /// What is written there behind something else, to wait for both.
    pub(crate) fn mark_key(&self, shard: Option<u16>) -> String {
        self.key_at(shard, "mark")
    }

    fn key_at(&self, shard: Option<u16>, name: &str) -> String {
        match shard {
            None => format!("{{{}}}:{name}", self.prefix),
            Some(shard) => format!("{{{}:{shard}}}:{name}", self.prefix),
        }
    }

    /// The last place in the order of logins and log-outs.
    pub(crate) fn order_key(&self) -> String {
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

    pub(crate) fn shards(&self) -> impl Iterator<Item = u16> + use<> {
        0..self.shards
    }

    /// The shard of a subject. Fixed for ever by what is stored.
    pub(crate) fn shard_of(&self, subject: &Subject) -> u16 {
        self.shard_at(fnv_1a(subject_text(subject).as_bytes()))
    }

    /// The shard of something that may be used once; as fixed.
    pub(crate) fn shard_of_value(&self, value: &SecretDigest) -> u16 {
        self.shard_at(fnv_1a(value.as_bytes()))
    }

    fn shard_at(&self, hash: u64) -> u16 {
        u16::try_from(hash % u64::from(self.shards)).unwrap_or(0)
    }

    /// The feed of a shard, from which scripts make its other keys.
    pub(crate) fn feed_key(&self, shard: u16) -> String {
        format!("{{{}:{shard}}}:feed", self.prefix)
    }
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
    fn the_feed_of_a_shard_has_its_hash_tag() {
        let layout = Layout::new("my{app}", 16);
        let subject = Subject::new("users", "alice");
        let shard = layout.shard_of(&subject);
        let feed = format!("{{my_app_:{shard}}}:feed");
        assert_eq!(layout.feed_key(shard), feed);
    }
}
