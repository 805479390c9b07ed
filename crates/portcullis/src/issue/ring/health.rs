//! How a ring is, as one node sees it.

use std::fmt;

use super::record::{KeyRecord, RingRecord};
use crate::time::Timestamp;

/// How a [`KeyRing`](super::KeyRing) is, as one node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingHealth {
    /// The name of this node in the ring.
    pub node: String,
    /// The id of the key that this node signs with now.
    pub signing: Option<String>,
    /// All keys that the store knows of, the newest last.
    pub keys: Vec<RingKey>,
    /// What is wrong.
    pub problems: Vec<RingProblem>,
}

impl RingHealth {
    /// Whether this node can issue and verify all tokens: for a readiness probe.
    pub fn is_ready(&self) -> bool {
        self.signing.is_some() && !self.problems.iter().any(RingProblem::is_serious)
    }
}

/// A key of a ring, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingKey {
    /// Its id, the `kid` of its tokens.
    pub id: String,
    /// How far it has come.
    pub stage: RingStage,
}

/// How far a key has come. Times are the store's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingStage {
    /// It waits for nodes that have not loaded it; these.
    Waiting(Vec<String>),
    /// Every node has had it since then.
    Announced(Timestamp),
    /// It has signed since then.
    Signing(Timestamp),
    /// A newer one has signed since then; tokens of this one are still good.
    Verifying(Timestamp),
    /// Its last token has expired. Its file can go.
    Retired(Timestamp),
    /// Somebody [withdrew](super::KeyRing::withdraw) it.
    Withdrawn(Timestamp),
}

impl RingStage {
    pub(super) fn of(record: &RingRecord, key: &KeyRecord) -> Self {
        let KeyRecord {
            announced_at,
            signs_from,
            ended_at,
            retired_at,
            withdrawn_at,
            ..
        } = key;
        match (withdrawn_at, retired_at, ended_at, signs_from, announced_at) {
            (Some(at), ..) => Self::Withdrawn(at.0),
            (_, Some(at), ..) => Self::Retired(at.0),
            (_, _, Some(at), ..) => Self::Verifying(at.0),
            (_, _, _, Some(at), _) => Self::Signing(at.0),
            (.., Some(at)) => Self::Announced(at.0),
            (.., None) => Self::Waiting(record.lacking(&key.id).map(str::to_owned).collect()),
        }
    }
}

/// Something that is wrong with a ring on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingProblem {
    /// The store has never been read, or not for as long as a lease.
    Silent,
    /// No key signs: there is none, or its file is missing here, or the store
    /// has not been read for too long.
    NothingSigns,
    /// A key that tokens are signed with is not among this node's files. Tokens
    /// of an unknown key are answered 503 here rather than refused.
    Missing {
        /// Its id.
        key: String,
    },
    /// This node has another key than the ring's under one id.
    Conflict {
        /// The id.
        key: String,
    },
    /// The file of a key that is in use is gone or has another key in it now. The
    /// key is used on until it is retired, but not after a restart.
    FileGone {
        /// Its id.
        key: String,
    },
    /// The directory cannot be read, and why; what was read before is kept.
    Directory(String),
    /// A file is no key that could be used.
    File {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl RingProblem {
    /// Whether tokens cannot be issued or verified for it.
    pub fn is_serious(&self) -> bool {
        match self {
            Self::Silent | Self::NothingSigns | Self::Missing { .. } | Self::Conflict { .. } => {
                true
            }
            Self::FileGone { .. } | Self::Directory(_) | Self::File { .. } => false,
        }
    }
}

impl fmt::Display for RingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("the store has not been read for too long"),
            Self::NothingSigns => {
                f.write_str("no key signs: put a key file into the directory of every node")
            }
            Self::Missing { key } => write!(
                f,
                "the key `{key}`, which tokens are signed with, is missing here: put its file into the directory"
            ),
            Self::Conflict { key } => write!(
                f,
                "the key `{key}` is another one here than on other nodes: give every node the same file, and a new key a new id"
            ),
            Self::FileGone { key } => write!(
                f,
                "the file of the key `{key}`, which is in use, is gone: put it back until the key is retired, or withdraw the key"
            ),
            Self::Directory(reason) => f.write_str(reason),
            Self::File { name, reason } => write!(f, "the file `{name}` is left out: {reason}"),
        }
    }
}
