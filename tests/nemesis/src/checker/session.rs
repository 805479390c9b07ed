//! One session's part of a history.

use std::{collections::BTreeMap, time::Duration};

use super::{Report, Rules, Verdict, Violation};
use crate::history::{Actor, History, Moment, Operation, Outcome, Token, What};

/// How long an answer of a store may be on its way: no store waits longer. By so much may
/// the time be earlier, as a node knows it, at which a refresh sets out, and what was
/// forgiven then is forgiven.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// Times are kept in milliseconds by nodes and stores.
const ROUNDING: Duration = Duration::from_millis(5);

/// What was done in one session, in the order in which it was asked.
pub(super) struct Session<'a> {
    pub(super) number: u64,
    pub(super) operations: Vec<&'a Operation>,
    pub(super) history: &'a History,
    pub(super) rules: &'a Rules,
}

/// A refresh that gave a token.
#[derive(Clone, Copy)]
struct Refreshed<'a> {
    operation: &'a Operation,
    presented: Token,
    given: Token,
}

impl Session<'_> {
    pub(super) fn check(&self, report: &mut Report) {
        self.check_successors(report);
        self.check_honest(report);
        self.check_answers(report);
        if let Some(acknowledged) = self.logged_out() {
            report.log_outs += 1;
            self.check_ended(acknowledged, Verdict::CameBack, report);
        }
        if let Some(refused) = self.check_reuse(report) {
            let stolen = self.operations.iter().any(|one| one.what == What::Steal);
            report.found_out += u64::from(stolen);
            self.check_ended(refused, Verdict::StillThere, report);
        }
    }

    /// All that one token led to is the same, and one generation on, or itself.
    fn check_successors(&self, report: &mut Report) {
        let mut successors: BTreeMap<u64, Refreshed<'_>> = BTreeMap::new();
        for refreshed in self.refreshed() {
            let Refreshed {
                operation,
                presented,
                given,
            } = refreshed;
            if given == presented {
                report.rested += 1;
                continue;
            }
            if given.generation == presented.generation {
                let before = self.given(presented);
                let seen = format!("generation {} came back as another", given.generation);
                self.blame(Verdict::Forked, operation, before, seen, report);
                continue;
            }
            if given.generation != presented.generation + 1 {
                let seen = format!("{} led to {}", presented.generation, given.generation);
                self.accuse(Verdict::Forked, operation, seen, report);
                continue;
            }
            match successors.get(&presented.generation) {
                None => {
                    report.advanced += 1;
                    successors.insert(presented.generation, refreshed);
                }
                Some(first) if first.given == given => report.repeated += 1,
                Some(first) => {
                    let first = first.operation;
                    let seen = format!(
                        "generation {} led to two, at {:.3} s and now",
                        presented.generation,
                        first.completed.as_secs_f64()
                    );
                    self.blame(Verdict::Forked, operation, Some(first), seen, report);
                }
            }
        }
    }

    /// Nobody is refused who did nothing.
    fn check_honest(&self, report: &mut Report) {
        let ended = self
            .operations
            .iter()
            .filter(|one| matches!(one.what, What::Steal | What::LogOut))
            .map(|one| one.invoked)
            .min();
        let refused = self.operations.iter().filter(|one| {
            one.outcome == Outcome::Refused && matches!(one.what, What::Refresh(_) | What::Call)
        });
        // What is refused after the first time is no news.
        let Some(first) = refused.min_by_key(|one| one.completed) else {
            return;
        };
        if ended.is_some_and(|ended| ended <= first.completed) {
            return;
        }
        if let What::Refresh(token) = first.what
            && first.completed >= self.first_presented(token.generation) + self.rules.grace
        {
            report.lapsed += 1;
            return;
        }
        let seen = format!("{:?} was refused by node {}", first.what, first.node);
        let login =
            self.first(|one| matches!((one.what, one.outcome), (What::LogIn, Outcome::Gave(_))));
        self.blame(Verdict::LoggedOut, first, login, seen, report);
    }

    /// Only what may be answered is, and in the end everybody is answered.
    fn check_answers(&self, report: &mut Report) {
        for &operation in &self.operations {
            let is_odd = match (operation.what, operation.outcome) {
                (_, Outcome::Odd(_)) => true,
                // The password is right, and logging out twice is no mistake.
                (What::LogIn | What::LogOut, Outcome::Refused) => true,
                _ => false,
            };
            if is_odd {
                let Operation {
                    what,
                    outcome,
                    node,
                    ..
                } = operation;
                let seen = format!("{what:?}: {outcome:?}, from node {node}");
                self.accuse(Verdict::Odd, operation, seen, report);
            }
        }
        let mut asked = self.operations.iter().filter(|one| {
            one.actor == Actor::Owner
                && matches!(one.what, What::Refresh(_))
                && one.invoked >= self.history.quiet_from
        });
        let is_open =
            |one: &Operation| matches!(one.outcome, Outcome::Unavailable | Outcome::Broken);
        if let Some(last) = asked.clone().next_back()
            && asked.all(|one| is_open(one))
        {
            let seen = format!("{:?} when all was well again", last.outcome);
            self.accuse(Verdict::Unanswered, last, seen, report);
        }
    }

    /// A token that was exchanged more than a window ago is refused; when it first was.
    fn check_reuse(&self, report: &mut Report) -> Option<&Operation> {
        let mut exchanged: BTreeMap<u64, &Operation> = BTreeMap::new();
        // In the order in which they were answered.
        for one in self.refreshed() {
            if one.given.generation > one.presented.generation {
                let generation = one.presented.generation;
                exchanged.entry(generation).or_insert(one.operation);
            }
        }
        let window = self.rules.grace + ON_ITS_WAY + ROUNDING;
        let mut refused: Option<&Operation> = None;
        for &operation in &self.operations {
            let What::Refresh(presented) = operation.what else {
                continue;
            };
            let Some(&first) = exchanged.get(&presented.generation) else {
                continue;
            };
            if operation.invoked < first.completed + window {
                continue;
            }
            match operation.outcome {
                Outcome::Gave(_) => {
                    let seen = format!("generation {} was exchanged again", presented.generation);
                    self.blame(Verdict::ReuseAccepted, operation, Some(first), seen, report);
                }
                Outcome::Refused
                    if refused.is_none_or(|first| operation.completed < first.completed) =>
                {
                    refused = Some(operation);
                }
                _ => {}
            }
        }
        refused
    }

    /// After a session has ended nothing of it is accepted.
    fn check_ended(&self, by: &Operation, came_back: Verdict, report: &mut Report) {
        let ended = by.completed;
        let bound = ended + self.rules.max_silence + ROUNDING;
        let since = ended.as_secs_f64();
        for &operation in &self.operations {
            match (operation.what, operation.outcome) {
                (What::Refresh(_), Outcome::Gave(_)) if operation.invoked >= ended => {
                    let seen = format!("refreshed by {}, ended at {since:.3} s", operation.node);
                    self.blame(came_back, operation, Some(by), seen, report);
                }
                (What::Call, Outcome::Granted) if operation.invoked >= bound => {
                    let seen = format!("let through by {}, ended at {since:.3} s", operation.node);
                    self.blame(Verdict::StillAccepted, operation, Some(by), seen, report);
                }
                _ => {}
            }
        }
    }

    fn refreshed(&self) -> Vec<Refreshed<'_>> {
        let refreshed = self.operations.iter();
        let mut refreshed: Vec<_> = refreshed
            .filter_map(|operation| match (operation.what, operation.outcome) {
                (What::Refresh(presented), Outcome::Gave(given)) => Some(Refreshed {
                    operation,
                    presented,
                    given,
                }),
                _ => None,
            })
            .collect();
        refreshed.sort_by_key(|one| one.operation.completed);
        refreshed
    }

    /// What first gave a token to anybody.
    fn given(&self, token: Token) -> Option<&Operation> {
        self.first(|one| one.outcome == Outcome::Gave(token))
    }

    /// The log-out that was acknowledged first.
    fn logged_out(&self) -> Option<&Operation> {
        self.first(|one| one.what == What::LogOut && one.outcome == Outcome::Granted)
    }

    /// Of some operations the one that was answered first.
    fn first(&self, is_one: impl Fn(&Operation) -> bool) -> Option<&Operation> {
        let found = self.operations.iter().copied();
        let found = found.filter(|&one| is_one(one));
        found.min_by_key(|one| one.completed)
    }

    /// Since when the store may have exchanged the token of a generation.
    fn first_presented(&self, generation: u64) -> Moment {
        let presented = self
            .operations
            .iter()
            .find(|one| matches!(one.what, What::Refresh(token) if token.generation == generation));
        presented.map_or(Moment::MAX / 2, |one| one.invoked)
    }

    /// A violation, unless it undoes what another operation did, and the store may have
    /// lost that.
    fn blame(
        &self,
        verdict: Verdict,
        operation: &Operation,
        undone: Option<&Operation>,
        seen: String,
        report: &mut Report,
    ) {
        if undone.is_some_and(|undone| self.history.may_be_lost(undone)) {
            *report.lost.entry(verdict).or_default() += 1;
        } else {
            self.accuse(verdict, operation, seen, report);
        }
    }

    fn accuse(&self, verdict: Verdict, operation: &Operation, seen: String, report: &mut Report) {
        report.violations.push(Violation {
            verdict,
            session: Some(self.number),
            at: operation.completed,
            seen,
        });
    }
}
