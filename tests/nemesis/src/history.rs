//! What happened: every operation of every client, and every fault.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// A moment: how long after the run began, by the clock of the clients.
pub type Moment = Duration;

/// Everything that a run has seen.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What clients did, in the order in which it was over.
    pub operations: Vec<Operation>,
    /// What was done to nodes and stores.
    pub faults: Vec<Injected>,
    /// When nothing was done any more, and all was to be well again.
    pub quiet_from: Moment,
}

/// Something that a client asked of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Which session, by the number of its login.
    pub session: u64,
    /// Who asked.
    pub actor: Actor,
    /// Which node.
    pub node: usize,
    /// For what.
    pub what: What,
    /// When it was asked.
    pub invoked: Moment,
    /// When there was an answer, or the client gave up.
    pub completed: Moment,
    /// What came of it.
    pub outcome: Outcome,
}

/// Who holds a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Actor {
    /// Whoever logged in.
    Owner,
    /// Whoever copied the tokens.
    Thief,
}

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// With name and password.
    LogIn,
    /// With this refresh token.
    Refresh(Token),
    /// With an access token, at a protected route.
    Call,
    /// With a refresh token.
    LogOut,
    /// The thief copies what the owner has, without asking anybody.
    Steal,
}

/// What came of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Logged in, or refreshed: this is the refresh token to go on with.
    Gave(Token),
    /// Let through, or logged out.
    Granted,
    /// The token is good no more: 400 or 401.
    Refused,
    /// Come back later: 503, or 429 at a login.
    Unavailable,
    /// No answer: the connection broke, or the client gave up waiting or cut it.
    Broken,
    /// A status that has no place here.
    Odd(u16),
}

/// A refresh token, as far as a history may show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Token {
    /// Its generation.
    pub generation: u64,
    /// Tells it from others; the token cannot be made from it.
    pub digest: u64,
}

impl Token {
    /// The token with this text.
    pub fn new(generation: u64, text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self {
            generation,
            digest: hasher.finish(),
        }
    }
}

/// A fault, while it lasted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// What was done.
    pub fault: Cow<'static, str>,
    /// When it began.
    pub began: Moment,
    /// When it was over: the process runs again, the slot has moved.
    pub ended: Moment,
    /// What was acknowledged in this span the store may have lost, by what is documented
    /// of it.
    pub may_lose: Option<(Moment, Moment)>,
    /// Keys that were on two primaries of a cluster when their slot was moved.
    pub doubled: Vec<String>,
}

impl History {
    /// Whether the store may have lost what an operation did: it was answered at some
    /// moment between its beginning and its end.
    pub fn may_be_lost(&self, operation: &Operation) -> bool {
        let mut spans = self.faults.iter().filter_map(|fault| fault.may_lose);
        spans.any(|(from, until)| from <= operation.completed && operation.invoked <= until)
    }
}
