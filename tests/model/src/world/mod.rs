//! Everything that can happen to a session: who sends what, and what becomes of it.

mod judge;
mod state;
mod steps;

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use stateright::{Model, Property};

pub use self::{
    judge::{Decide, Judge, Judged, Outcome},
    state::{Message, Place, State, Who},
};
use crate::{
    promise::Promise,
    setting::{Bounds, Cast, Fault, Setting},
};

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Somebody presents the token that they have, by this node.
    Present(Who, u8),
    /// A client shows its token for something else than a refresh.
    Authorize,
    /// Somebody who has a refresh key guesses a secret.
    Forge,
    /// The thief copies the owner's token.
    Steal,
    /// The owner logs out.
    LogOut,
    /// A message comes to where it goes.
    Deliver(usize),
    /// A message is lost.
    Lose(usize),
    /// A message is doubled.
    Double(usize),
    /// The node of this message has heard nothing, and asks again under the same name.
    AskAgain(usize),
    /// The store falls back to how it was before its last write, or any.
    FallBack {
        /// Whether it loses them all.
        all: bool,
    },
    /// The store's clock jumps.
    Jump,
    /// Time passes.
    Tick,
}

/// A session and those around it.
pub struct World {
    /// The rules.
    pub judge: Arc<Judge>,
    /// Which rules.
    pub setting: Setting,
    /// What may go wrong.
    pub fault: Fault,
    /// Who takes part.
    pub cast: Cast,
    /// How far it is looked.
    pub bounds: Bounds,
    /// The one promise to look at, or all of them.
    pub promise: Option<Promise>,
    /// The promises that were put to the test, as bits.
    pub tested: AtomicU16,
}

impl World {
    /// Whether something happened in which `promise` could have been broken.
    pub fn has_tested(&self, promise: Promise) -> bool {
        self.tested.load(Ordering::Relaxed) & promise.bit() != 0
    }

    fn test(&self, is_tested: bool, promise: Promise) {
        if is_tested {
            self.tested.fetch_or(promise.bit(), Ordering::Relaxed);
        }
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::first()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.those_of_people(state, actions);
        self.those_of_the_wire(state, actions);
        if self.fault == Fault::LostWrites && !state.struck {
            actions.push(Action::FallBack { all: false });
            actions.push(Action::FallBack { all: true });
        }
        if matches!(self.fault, Fault::Forward | Fault::Back) && !state.struck {
            actions.push(Action::Jump);
        }
        if self.may_pass(state) {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        next.broken = Default::default();
        self.take(&mut next, action);
        if self.fault.reorders() {
            // Where order does not matter, it tells no states apart.
            next.wire.sort_unstable();
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        macro_rules! properties {
            ($($promise:ident),* $(,)?) => {
                [$((
                    Promise::$promise,
                    Property::<Self>::always(
                        Promise::$promise.name(),
                        |_, state: &State| !state.broken.has(Promise::$promise),
                    ),
                )),*]
            };
        }
        let properties = properties!(
            ClientStays,
            TabsStay,
            TheftIsFound,
            EndedStaysEnded,
            AdvancesOnce,
            OneSuccessor,
            SameAnswer,
            NeverBack,
            ElseUnchanged,
            WithinSession,
            LateOnce,
        );
        let wanted = properties.into_iter().filter(|(promise, _)| {
            promise.concerns(self.setting, self.cast)
                && self.promise.is_none_or(|only| only == *promise)
        });
        wanted.map(|(_, property)| property).collect()
    }
}
