//! What can happen next, and what it changes.

use super::{Action, Judged, Message, Outcome, Place, State, Who, World, state::Waiting};
use crate::{
    promise::Promise,
    row::{ABSOLUTE, Answer, Attempt, IDLE, Kind, Row, Token},
    setting::{Cast, Fault, JUMP},
};

impl World {
    pub(super) fn those_of_people(&self, state: &State, actions: &mut Vec<Action>) {
        if self.cast == Cast::Theft && !state.stolen && state.jar.is_some() {
            actions.push(Action::Steal);
        }
        if self.cast == Cast::Client && !state.logged_out && state.row.revoked.is_none() {
            actions.push(Action::LogOut);
        }
        let has_room = state.wire.len() < self.bounds.wire;
        if state.attempts == self.bounds.attempts || !has_room {
            return;
        }
        let people: &[Who] = match self.cast {
            Cast::Client => &[Who::Tab(0)],
            Cast::Tabs => &[Who::Tab(0), Who::Tab(1)],
            Cast::Theft => &[Who::Tab(0), Who::Thief],
        };
        for who in people {
            if self.may_present(state, *who) {
                actions.extend((0..self.fault.nodes()).map(|node| Action::Present(*who, node)));
            }
        }
        if self.fault == Fault::None && self.cast == Cast::Client {
            actions.extend([Action::Authorize, Action::Forge]);
        }
    }

    /// Whoever waits asks again only if something may go wrong, or has.
    fn may_present(&self, state: &State, who: Who) -> bool {
        let waiting = state.client(who).waiting;
        let is_on_its_way = waiting.is_some_and(|waiting| {
            let mut wire = state.wire.iter();
            wire.any(|message| message.attempt.id == waiting.attempt)
        });
        state.token(who).is_some() && (self.fault != Fault::None || !is_on_its_way)
    }

    pub(super) fn those_of_the_wire(&self, state: &State, actions: &mut Vec<Action>) {
        let may_lose = matches!(self.fault, Fault::Lost | Fault::Silence | Fault::Storm)
            && state.lost < self.bounds.faults;
        let may_double = matches!(self.fault, Fault::Duplicated | Fault::Storm)
            && state.doubled < self.bounds.faults;
        let has_room = state.wire.len() < self.bounds.wire;
        for (at, message) in state.wire.iter().enumerate() {
            if at == 0 || self.fault.reorders() {
                actions.push(Action::Deliver(at));
            }
            if may_lose {
                actions.push(Action::Lose(at));
            }
            if may_double && has_room && message.to == Place::Store {
                actions.push(Action::Double(at));
            }
            if has_room && self.may_ask_again(state, message) {
                actions.push(Action::AskAgain(at));
            }
        }
    }

    /// A node asks twice, unless it has waited for more than a third of the time there is.
    fn may_ask_again(&self, state: &State, message: &Message) -> bool {
        let waited = state.real - message.since;
        !matches!(
            self.fault,
            Fault::None | Fault::Duplicated | Fault::Reordered | Fault::Storm
        ) && !message.again
            && message.to != Place::Node
            && message.attempt.kind == Kind::Refresh
            && message.who != Who::Nobody
            && 3 * waited <= self.limit()
    }

    fn limit(&self) -> u8 {
        self.setting.limit().unsigned_abs()
    }

    /// Time passes unless something is due: what is asked in time is answered in time.
    pub(super) fn may_pass(&self, state: &State) -> bool {
        let in_time = |since: u8| state.real + 1 - since < self.limit();
        let on_the_wire = state.wire.iter().all(|message| match message.to {
            Place::Node => true,
            Place::Store | Place::Client(_) => self.fault.delays() || in_time(message.since),
        });
        let waiting = state.tabs.iter().filter_map(|tab| tab.waiting);
        let mut waiting = waiting.map(|waiting| waiting.since);
        let patient = self.fault == Fault::Silence || waiting.all(in_time);
        state.real < self.ticks() && on_the_wire && patient
    }

    /// How long it is looked: a tick less without a window, and where nodes do not know the
    /// time a tick more, in which there is room for three turns.
    fn ticks(&self) -> u8 {
        let has_window = self.setting.window() > 0;
        let is_longer = self.fault.nodes() > 1 && self.cast == Cast::Theft;
        match (has_window, is_longer) {
            (false, _) => self.bounds.ticks - 1,
            (true, false) => self.bounds.ticks,
            (true, true) => self.bounds.ticks + 1,
        }
    }

    pub(super) fn take(&self, state: &mut State, action: Action) {
        match action {
            Action::Present(who, node) => self.present(state, who, node),
            Action::Authorize => self.send(state, Who::Nobody, 0, Kind::Authorize),
            Action::Forge => self.send(state, Who::Nobody, 0, Kind::Forged),
            Action::Steal => {
                state.loot = state.jar;
                state.stolen = true;
            }
            Action::LogOut => {
                state.before = self.may_lose(state.row);
                state.row.revoked = Some((state.now(), None));
                state.history.ended = true;
                state.logged_out = true;
            }
            Action::Deliver(at) => {
                let message = state.wire.remove(at);
                match message.to {
                    Place::Node => self.set_out(state, message),
                    Place::Store => self.decide(state, message),
                    Place::Client(answer) => hear(state, &message, answer),
                }
            }
            Action::Lose(at) => {
                state.wire.remove(at);
                state.lost += 1;
            }
            Action::Double(at) => {
                state.wire.push(state.wire[at]);
                state.doubled += 1;
            }
            Action::AskAgain(at) => self.ask_again(state, at),
            Action::FallBack { all } => {
                let row = if all { None } else { state.before };
                state.row = row.unwrap_or_else(Row::first);
                state.struck = true;
            }
            Action::Jump => {
                state.ahead = match self.fault {
                    Fault::Back => -JUMP,
                    _ => JUMP,
                };
                state.struck = true;
            }
            Action::Tick => state.real += 1,
        }
    }

    fn may_lose(&self, row: Row) -> Option<Row> {
        (self.fault == Fault::LostWrites).then_some(row)
    }

    /// When an attempt that this node makes now is over. What the second node knows of the
    /// store's time is of a tick ago.
    fn deadline(&self, state: &State, node: u8) -> i8 {
        let lag = i8::from(node == 1);
        state.now() - lag + self.setting.limit()
    }

    fn present(&self, state: &mut State, who: Who, node: u8) {
        let (attempt, waiting) = (state.attempts, state.client(who).waiting);
        let since = waiting.map_or(state.real, |waiting| waiting.since);
        state.waits(who, Some(Waiting { since, attempt }));
        self.send(state, who, node, Kind::Refresh);
    }

    fn send(&self, state: &mut State, who: Who, node: u8, kind: Kind) {
        let Some(token) = state.token(who) else {
            return;
        };
        let attempt = Attempt {
            id: state.attempts,
            generation: token.generation,
            deadline: self.deadline(state, node),
            node,
            thiefs: who == Who::Thief,
            kind,
        };
        state.attempts += 1;
        state.wire.push(Message {
            to: match self.fault {
                Fault::Held => Place::Node,
                _ => Place::Store,
            },
            attempt,
            who,
            since: state.real,
            again: false,
        });
    }

    /// A node has given up an attempt, whether it comes to the store or not, and makes it
    /// once more, with what is left of its time. Nobody hears what became of the first.
    fn ask_again(&self, state: &mut State, at: usize) {
        let mut message = state.wire[at];
        match message.to {
            Place::Client(_) => drop(state.wire.remove(at)),
            Place::Node | Place::Store => state.wire[at].who = Who::Nobody,
        }
        let waited = i8::try_from(state.real - message.since).unwrap_or(i8::MAX);
        message.to = Place::Store;
        message.attempt.deadline = self.deadline(state, message.attempt.node) - waited;
        message.again = true;
        state.wire.push(message);
    }

    /// A request has come to its node.
    fn set_out(&self, state: &mut State, mut message: Message) {
        message.to = Place::Store;
        message.since = state.real;
        message.attempt.deadline = self.deadline(state, message.attempt.node);
        state.wire.push(message);
    }

    /// An attempt has come to the store.
    fn decide(&self, state: &mut State, message: Message) {
        let row = state.row;
        let judged = self.judge.judge(&row, &message.attempt, state.now());
        self.look_at(state, &message, &judged);
        if let Some(next) = judged.row {
            state.before = self.may_lose(row);
            state.row = next;
            state.history.ended |= next.revoked.is_some();
        }
        if message.who != Who::Nobody {
            state.wire.push(Message {
                to: Place::Client(judged.answer),
                ..message
            });
        }
    }

    /// What the promises say about what the store is about to do.
    fn look_at(&self, state: &mut State, message: &Message, judged: &Judged) {
        let attempt = &message.attempt;
        let token = match judged.answer {
            Answer::Token(token) => Some(token),
            _ => None,
        };
        if attempt.kind == Kind::Refresh {
            match self.cast {
                Cast::Theft => self.take_turn(state, message, judged, token.is_some()),
                Cast::Client | Cast::Tabs => self.look_at_honest(state, judged),
            }
        }
        self.look_at_end(state, judged, token);
        self.look_at_attempt(state, attempt, judged);
        if let Some(token) = token {
            self.look_at_token(state, attempt, judged.outcome, token);
        }
        self.look_at_change(state, attempt, judged, token);
    }

    fn look_at_honest(&self, state: &mut State, judged: &Judged) {
        let is_refused = judged.answer == Answer::Refused && !judged.outcome.is_expiry();
        for promise in [Promise::ClientStays, Promise::TabsStay] {
            self.test(state.row.generation > 0, promise);
            state
                .broken
                .unless(!is_refused || state.history.ended, promise);
        }
    }

    /// Thief and owner take turns when one gets a token more than a window after the other
    /// did, and has not asked before that.
    fn take_turn(&self, state: &mut State, message: &Message, judged: &Judged, is_given: bool) {
        let is_thief = message.attempt.thiefs;
        // What a node does not know of the store's time adds to the window.
        let lag = self.fault.nodes() - 1;
        let window = self.setting.window().unsigned_abs().max(1) + lag;
        let last = state.history.last_turn;
        let is_other = last.is_some_and(|(last, _)| last != is_thief);
        let is_apart = last.is_some_and(|(_, at)| message.since >= at + window);
        let is_open = judged.outcome == Outcome::Overdue || judged.outcome.is_expiry();
        if is_other && is_apart && state.history.turns >= 2 && !is_open {
            let found = judged.row.unwrap_or(state.row).revoked.is_some();
            self.test(true, Promise::TheftIsFound);
            state.broken.unless(found, Promise::TheftIsFound);
        }
        if is_given {
            let history = &mut state.history;
            history.turns = match (is_other, is_apart) {
                (false, _) => history.turns.max(1),
                (true, true) => (history.turns + 1).min(3),
                (true, false) => 1,
            };
            history.last_turn = Some((is_thief, state.real));
        }
    }

    fn look_at_end(&self, state: &mut State, judged: &Judged, token: Option<Token>) {
        let next = judged.row.unwrap_or(state.row);
        let is_same = state.row.revoked.is_none() || next.revoked == state.row.revoked;
        let ended = state.history.ended;
        self.test(ended, Promise::EndedStaysEnded);
        let stays = !ended || (is_same && token.is_none());
        state.broken.unless(stays, Promise::EndedStaysEnded);
    }

    fn look_at_attempt(&self, state: &mut State, attempt: &Attempt, judged: &Judged) {
        let has_advanced = judged
            .row
            .is_some_and(|next| next.generation != state.row.generation);
        let is_open = state.row.revoked.is_none()
            && judged.outcome != Outcome::Overdue
            && !judged.outcome.is_expiry();
        let before = &mut state.history.rotated[usize::from(attempt.id)];
        if let Some(before) = before {
            self.test(true, Promise::AdvancesOnce);
            state.broken.unless(!has_advanced, Promise::AdvancesOnce);
            self.test(is_open, Promise::SameAnswer);
            let is_same = !is_open || *before == judged.answer;
            state.broken.unless(is_same, Promise::SameAnswer);
        } else if has_advanced {
            *before = Some(judged.answer);
        }
    }

    fn look_at_token(&self, state: &mut State, attempt: &Attempt, outcome: Outcome, token: Token) {
        let generation = usize::from(token.generation);
        let given = &mut state.history.given[generation];
        self.test(given.is_some(), Promise::OneSuccessor);
        let is_same = *given.get_or_insert(token) == token;
        state.broken.unless(is_same, Promise::OneSuccessor);

        self.test(token.rotated + IDLE > ABSOLUTE, Promise::WithinSession);
        let is_within = token.idle == (token.rotated + IDLE).min(ABSOLUTE);
        state.broken.unless(is_within, Promise::WithinSession);

        if outcome == Outcome::ReplayedLate {
            let late = state.history.late[generation].get_or_insert(attempt.id);
            let is_first = *late == attempt.id;
            state.broken.unless(is_first, Promise::LateOnce);
        }
    }

    fn look_at_change(
        &self,
        state: &mut State,
        attempt: &Attempt,
        judged: &Judged,
        token: Option<Token>,
    ) {
        let row = state.row;
        let is_late_again = row.late.is_some_and(|late| late != attempt.id)
            && attempt.generation + 1 == row.generation;
        self.test(is_late_again, Promise::LateOnce);
        self.test(judged.row.is_none(), Promise::ElseUnchanged);
        let Some(next) = judged.row else {
            return;
        };
        self.test(true, Promise::NeverBack);
        let goes_on = next.generation >= row.generation && next.rotated >= row.rotated;
        state.broken.unless(goes_on, Promise::NeverBack);
        let is_allowed = attempt.kind == Kind::Refresh
            && state.now() < attempt.deadline
            && is_change_of(judged.outcome, &row, &next, token);
        state.broken.unless(is_allowed, Promise::ElseUnchanged);
    }
}

/// Whether a change of the row is what an outcome may change.
fn is_change_of(outcome: Outcome, row: &Row, next: &Row, token: Option<Token>) -> bool {
    match outcome {
        Outcome::Rotated | Outcome::RolledBack => {
            token == Some(Token::of(next)) && next.revoked == row.revoked && next.late.is_none()
        }
        Outcome::ReplayedLate => {
            *next
                == Row {
                    late: next.late,
                    ..*row
                }
        }
        Outcome::Reused => {
            *next
                == Row {
                    revoked: next.revoked,
                    ..*row
                }
        }
        _ => false,
    }
}

/// A client hears of its attempt; of one that it has given up it hears nothing.
fn hear(state: &mut State, message: &Message, answer: Answer) {
    let who = message.who;
    let waits_for = state.client(who).waiting.map(|waiting| waiting.attempt);
    if waits_for != Some(message.attempt.id) {
        return;
    }
    match answer {
        // It asks again, as it was told to.
        Answer::Undecided => return,
        // Not by whoever was logged out meanwhile.
        Answer::Token(token) if state.token(who).is_some() => state.keeps(who, Some(token)),
        Answer::Refused => state.keeps(who, None),
        Answer::Token(_) | Answer::Valid => {}
    }
    state.waits(who, None);
}
