//! The rules, asked with small rows, and what they were seen to answer.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use portcullis::{
    session::{RefusalReason, RotationAttempt, RotationOutcome, RotationRules, SessionRecord},
    time::Timestamp,
};

use crate::row::{Answer, Attempt, Row, time};

/// The rules: [`decide`](portcullis::session::rules::decide), or what a mutant makes of
/// it.
pub type Decide =
    fn(&SessionRecord, &RotationAttempt, Timestamp) -> (RotationOutcome, Option<SessionRecord>);

/// An outcome without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The current token was exchanged.
    Rotated,
    /// A token newer than the store was.
    RolledBack,
    /// The current token again.
    Rested,
    /// The successor again, within the window.
    Replayed,
    /// The successor again, after it.
    ReplayedLate,
    /// Good for something else than a refresh.
    Valid,
    /// Revoked.
    Reused,
    /// Refused.
    Refused(RefusalReason),
    /// Too late to change anything.
    Overdue,
}

impl Outcome {
    fn of(outcome: &RotationOutcome) -> Self {
        match outcome {
            RotationOutcome::Rotated(_) => Self::Rotated,
            RotationOutcome::RolledBack(_) => Self::RolledBack,
            RotationOutcome::Rested { .. } => Self::Rested,
            RotationOutcome::Replayed { late: false, .. } => Self::Replayed,
            RotationOutcome::Replayed { late: true, .. } => Self::ReplayedLate,
            RotationOutcome::Valid { .. } => Self::Valid,
            RotationOutcome::Reused { .. } => Self::Reused,
            RotationOutcome::Refused(reason) => Self::Refused(*reason),
            RotationOutcome::Overdue { .. } => Self::Overdue,
            other => unreachable!("an outcome that the model does not know: {other:?}"),
        }
    }

    /// Whether it is because a deadline of the session has passed.
    pub const fn is_expiry(self) -> bool {
        matches!(
            self,
            Self::Refused(RefusalReason::IdleDeadline | RefusalReason::AbsoluteDeadline)
        )
    }
}

/// What the rules say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// How the attempt ended.
    pub outcome: Outcome,
    /// What is answered.
    pub answer: Answer,
    /// The row afterwards, if it changes.
    pub row: Option<Row>,
}

/// Asks the rules, once for each question.
pub struct Judge {
    rules: RotationRules,
    decide: Decide,
    known: Mutex<HashMap<(Row, Attempt, i8), Judged>>,
}

impl Judge {
    /// One that asks `decide` under `rules`.
    pub fn new(rules: RotationRules, decide: Decide) -> Self {
        Self {
            rules,
            decide,
            known: Mutex::default(),
        }
    }

    /// What becomes of `attempt` on `row` at this tick of the store's clock.
    pub fn judge(&self, row: &Row, attempt: &Attempt, now: i8) -> Judged {
        let question = (*row, *attempt, now);
        if let Some(judged) = self.known().get(&question) {
            return *judged;
        }
        let (outcome, next) = (self.decide)(&row.record(), &attempt.full(self.rules), time(now));
        let small = next.as_ref().map(Row::of);
        // Nothing of the row is lost on the way.
        assert_eq!(small.map(|row| row.record()), next);
        let judged = Judged {
            outcome: Outcome::of(&outcome),
            answer: Answer::from(&outcome),
            row: small,
        };
        self.known().insert(question, judged);
        judged
    }

    /// The outcomes that there were, and whether the row changed with them.
    pub fn seen(&self) -> BTreeSet<String> {
        let known = self.known();
        let seen = known.values();
        seen.map(|judged| match judged.row {
            Some(_) => format!("{:?}, changed", judged.outcome),
            None => format!("{:?}, unchanged", judged.outcome),
        })
        .collect()
    }

    /// How many questions there were.
    pub fn questions(&self) -> usize {
        self.known().len()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(Row, Attempt, i8), Judged>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
