//! What the rules promise.

use crate::{
    row::{Answer, Token},
    setting::{Cast, Setting},
};

/// Something that the rules promise, of everything that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Promise {
    /// A client that asks again within the window until it is answered stays logged in.
    ClientStays,
    /// So do two tabs that share the token.
    TabsStay,
    /// Where thief and owner take turns, each more than a window after the other, the
    /// third turn at the latest ends the session.
    TheftIsFound,
    /// Where the session has ended, no token of it gives another, whatever happens.
    EndedStaysEnded,
    /// One attempt rotates once at most, however often it arrives.
    AdvancesOnce,
    /// All tokens of one generation are the same, byte for byte.
    OneSuccessor,
    /// An attempt that rotated and is asked again gives the token it gave.
    SameAnswer,
    /// Neither generation nor rotation time goes back.
    NeverBack,
    /// Only an exchange, a late retry and a reuse change the row: nothing that is refused,
    /// rests, is given again or comes too late, and no guessed secret.
    ElseUnchanged,
    /// No token outlives the session, and none expires early.
    WithinSession,
    /// One late retry is forgiven for each generation.
    LateOnce,
}

impl Promise {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::ClientStays,
        Self::TabsStay,
        Self::TheftIsFound,
        Self::EndedStaysEnded,
        Self::AdvancesOnce,
        Self::OneSuccessor,
        Self::SameAnswer,
        Self::NeverBack,
        Self::ElseUnchanged,
        Self::WithinSession,
        Self::LateOnce,
    ];

    /// What it is called by the checker and in tables of the sources.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientStays => "client stays",
            Self::TabsStay => "tabs stay",
            Self::TheftIsFound => "theft is found",
            Self::EndedStaysEnded => "ended stays ended",
            Self::AdvancesOnce => "advances once",
            Self::OneSuccessor => "one successor",
            Self::SameAnswer => "same answer",
            Self::NeverBack => "never back",
            Self::ElseUnchanged => "else unchanged",
            Self::WithinSession => "within session",
            Self::LateOnce => "late once",
        }
    }

    /// Its place among bits.
    pub const fn bit(self) -> u16 {
        1 << self as u8
    }

    /// Whether it can be broken at all by these, under this setting.
    pub fn concerns(self, setting: Setting, cast: Cast) -> bool {
        match self {
            Self::ClientStays => cast == Cast::Client,
            Self::TabsStay => cast == Cast::Tabs,
            Self::TheftIsFound => cast == Cast::Theft,
            Self::LateOnce => setting == Setting::UntilUsed,
            _ => true,
        }
    }
}

/// Promises that a step has broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broken(u16);

impl Broken {
    /// Notes that `promise` is broken, unless it is kept.
    pub fn unless(&mut self, kept: bool, promise: Promise) {
        if !kept {
            self.0 |= promise.bit();
        }
    }

    /// Whether `promise` is broken.
    pub const fn has(self, promise: Promise) -> bool {
        self.0 & promise.bit() != 0
    }
}

/// What of the past the promises speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// Whether the session has ended.
    pub ended: bool,
    /// Which attempts have rotated, and what they gave.
    pub rotated: [Option<Answer>; 8],
    /// The token that was given of each generation.
    pub given: [Option<Token>; 10],
    /// The late retry that was forgiven of each generation.
    pub late: [Option<u8>; 10],
    /// Whether a thief's turn was last, and when in real time.
    pub last_turn: Option<(bool, u8)>,
    /// How many turns thief and owner have taken.
    pub turns: u8,
}
