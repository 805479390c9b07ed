//! What the nodes of a ring tell each other through the store: ids and times.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::time::Timestamp;

/// The form of the record. A node does not write over what a newer version
/// wrote, whose members it would lose.
const FORMAT: u32 = 1;

/// All that a store keeps of a ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RingRecord {
    pub(super) format: u32,
    /// The newest is the last.
    pub(super) keys: Vec<KeyRecord>,
    pub(super) nodes: Vec<NodeRecord>,
}

/// What is known of a key; its material is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    pub(super) id: String,
    /// Tells keys of one id apart, and knows one again under another id.
    pub(super) check: String,
    /// Since when every node has had it, while it waits to sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) announced_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signs_from: Option<Time>,
    /// When a newer key began to sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended_at: Option<Time>,
    /// For how long after that, in milliseconds, its tokens are good.
    #[serde(default)]
    pub(super) lasts: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retired_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) withdrawn_at: Option<Time>,
}

/// A node that has a part in the ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NodeRecord {
    pub(super) name: String,
    /// Until when it is taken to live.
    pub(super) until: Time,
    /// For how long a key must have been announced, in milliseconds.
    pub(super) wait: u64,
    pub(super) loaded: Vec<String>,
}

/// A time of the store's, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_millis().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(|millis| Self(Timestamp::from_millis(millis)))
    }
}

impl Default for RingRecord {
    fn default() -> Self {
        Self {
            format: FORMAT,
            keys: Vec::new(),
            nodes: Vec::new(),
        }
    }
}

impl RingRecord {
    pub(super) fn parse(json: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let Form { format } = serde_json::from_str(json)?;
        if format != FORMAT {
            return Err(serde_json::Error::custom(
                "the key ring was written by a newer version of portcullis",
            ));
        }
        serde_json::from_str(json)
    }

    pub(super) fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    pub(super) fn key(&self, id: &str) -> Option<&KeyRecord> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Whether a key of this check value was withdrawn, whatever its id.
    pub(super) fn has_withdrawn(&self, check: &str) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|key| key.check == check && key.withdrawn_at.is_some())
    }

    /// The place of the key that signs.
    pub(super) fn signing(&self) -> Option<usize> {
        self.keys.iter().rposition(KeyRecord::signs)
    }

    /// The nodes that have not loaded the key of this id.
    pub(super) fn lacking<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a str> {
        let lacks = move |node: &&NodeRecord| !node.loaded.iter().any(|loaded| loaded == id);
        let nodes = self.nodes.iter().filter(lacks);
        nodes.map(|node| node.name.as_str())
    }
}

impl KeyRecord {
    pub(super) fn new(id: &str, check: &str) -> Self {
        Self {
            id: id.to_owned(),
            check: check.to_owned(),
            announced_at: None,
            signs_from: None,
            ended_at: None,
            lasts: 0,
            retired_at: None,
            withdrawn_at: None,
        }
    }

    /// Whether it is over: its tokens are refused.
    pub(super) fn is_over(&self) -> bool {
        self.retired_at.is_some() || self.withdrawn_at.is_some()
    }

    pub(super) fn signs(&self) -> bool {
        self.signs_from.is_some() && self.ended_at.is_none() && !self.is_over()
    }

    /// Whether it has yet to sign, and may.
    pub(super) fn is_new(&self) -> bool {
        self.signs_from.is_none() && self.ended_at.is_none() && !self.is_over()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_and_a_newer_one_is_left_alone() {
        let record = RingRecord {
            keys: vec![KeyRecord {
                announced_at: Some(Time(Timestamp::from_millis(7))),
                ..KeyRecord::new("a", "check")
            }],
            nodes: vec![NodeRecord {
                name: "n".to_owned(),
                until: Time(Timestamp::from_millis(i64::MAX)),
                wait: u64::MAX,
                loaded: vec!["a".to_owned()],
            }],
            ..RingRecord::default()
        };
        let json = record.to_json().unwrap();
        assert_eq!(RingRecord::parse(&json).unwrap(), record);
        let newer = json.replace(r#""format":1"#, r#""format":2"#);
        assert!(RingRecord::parse(&newer).is_err());
        assert!(RingRecord::parse("{}").is_err());
    }
}
