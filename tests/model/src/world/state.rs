//! What there is at one moment.

use crate::{
    promise::{Broken, History},
    row::{Answer, Attempt, Row, Token},
};

/// Who presents a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// The owner, in this tab.
    Tab(u8),
    /// The thief.
    Thief,
    /// Somebody who waits for no answer.
    Nobody,
}

/// Where a message is on its way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// To a node, from a client.
    Node,
    /// To the store, from a node.
    Store,
    /// Back to whoever asked.
    Client(Answer),
}

/// Something on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    /// Where to.
    pub to: Place,
    /// The attempt that it is or answers.
    pub attempt: Attempt,
    /// Who presented the token.
    pub who: Who,
    /// When it was sent, in real time.
    pub since: u8,
    /// Whether the node has asked twice.
    pub again: bool,
}

/// A client that has presented its token and has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// Since when, in real time, however often it has asked.
    pub since: u8,
    /// The attempt whose answer it waits for.
    pub attempt: u8,
}

/// Somebody who presents tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Client {
    /// What it waits for.
    pub waiting: Option<Waiting>,
}

/// All that there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Ticks that have passed.
    pub real: u8,
    /// How far the store's clock is ahead.
    pub ahead: i8,
    /// The row in the store.
    pub row: Row,
    /// The row before the last write, where the store may lose it.
    pub before: Option<Row>,
    /// The owner's token, in the one place where all tabs keep it. None once refused.
    pub jar: Option<Token>,
    /// The owner's tabs.
    pub tabs: [Client; 2],
    /// The thief's token.
    pub loot: Option<Token>,
    /// The thief.
    pub thief: Client,
    /// Whether there was a theft.
    pub stolen: bool,
    /// What is on its way, the oldest first where that matters.
    pub wire: Vec<Message>,
    /// How many attempts there were.
    pub attempts: u8,
    /// How many messages were lost.
    pub lost: u8,
    /// How many were doubled.
    pub doubled: u8,
    /// Whether the fault that comes once has come.
    pub struck: bool,
    /// Whether the owner has logged out.
    pub logged_out: bool,
    /// What the promises speak of.
    pub history: History,
    /// What the last step broke.
    pub broken: Broken,
}

impl State {
    /// After the login.
    pub fn first() -> Self {
        let row = Row::first();
        let token = Token::of(&row);
        let mut history = History::default();
        history.given[0] = Some(token);
        Self {
            real: 0,
            ahead: 0,
            row,
            before: None,
            jar: Some(token),
            tabs: Default::default(),
            loot: None,
            thief: Client::default(),
            stolen: false,
            wire: Vec::new(),
            attempts: 0,
            lost: 0,
            doubled: 0,
            struck: false,
            logged_out: false,
            history,
            broken: Broken::default(),
        }
    }

    /// The time by the store's clock.
    pub fn now(&self) -> i8 {
        i8::try_from(self.real).unwrap_or(i8::MAX) + self.ahead
    }

    /// The one who presents tokens under this name.
    pub fn client(&self, who: Who) -> Client {
        match who {
            Who::Tab(tab) => self.tabs[usize::from(tab)],
            Who::Thief => self.thief,
            Who::Nobody => Client::default(),
        }
    }

    /// Changes what somebody waits for.
    pub fn waits(&mut self, who: Who, waiting: Option<Waiting>) {
        match who {
            Who::Tab(tab) => self.tabs[usize::from(tab)].waiting = waiting,
            Who::Thief => self.thief.waiting = waiting,
            Who::Nobody => {}
        }
    }

    /// The token that they have.
    pub fn token(&self, who: Who) -> Option<Token> {
        match who {
            Who::Thief => self.loot,
            Who::Tab(_) | Who::Nobody => self.jar,
        }
    }

    /// Changes the token that they have.
    pub fn keeps(&mut self, who: Who, token: Option<Token>) {
        match who {
            Who::Thief => self.loot = token,
            Who::Tab(_) | Who::Nobody => self.jar = token,
        }
    }
}
