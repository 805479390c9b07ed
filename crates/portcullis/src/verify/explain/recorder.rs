//! Whoever looks on and takes notes.

use super::{
    advice::{advice, unasked_advice},
    report::{CheckReport, Outcome, Report},
};
use crate::verify::{
    Verification, VerifyError, VerifyErrorKind,
    observer::{Check, Observer, Seen},
    shown::Told,
};

/// Notes what comes of each check, and goes on after those that fail.
pub(super) struct Recorder<'t> {
    token: &'t [u8],
    plan: Vec<Check>,
    notes: Vec<Note>,
    /// What the verdict is.
    first: Option<VerifyError>,
}

struct Note {
    check: Check,
    outcome: Outcome,
    seen: Seen,
}

impl<'t> Recorder<'t> {
    pub(super) fn new(token: &'t [u8]) -> Self {
        Self {
            token,
            plan: Vec::new(),
            notes: Vec::new(),
            first: None,
        }
    }

    /// The report, once there is a verdict.
    pub(super) fn finish(mut self, verdict: Verification) -> Report {
        let error = match verdict {
            // There is no error; but one that there was is never lost.
            Verification::Done(Ok(_)) => self.first.take(),
            Verification::Done(Err(error)) => Some(error),
            Verification::Pending(pending) => Some(VerifyError::new(pending.what_is_unknown())),
        };
        let decides = |note: &Note| matches!(note.outcome, Outcome::Failed | Outcome::Unknown);
        // That it is nobody's, say, is not found by a check of its own.
        if let Some(error) = &error
            && !self.notes.iter().any(decides)
        {
            self.fail(Check::Verifier, error, Seen::nothing());
        }
        let is_noted = |check: &Check| self.notes.iter().any(|note| note.check == *check);
        let missed: Vec<_> = self.plan.into_iter().filter(|it| !is_noted(it)).collect();
        self.notes.extend(missed.into_iter().map(|check| Note {
            check,
            outcome: Outcome::NotReached,
            seen: Seen::nothing(),
        }));
        self.notes.sort_by_key(|note| note.check);
        let checks = self.notes.into_iter().map(|note| CheckReport {
            name: note.check.name(),
            outcome: note.outcome,
            found: note.seen.found,
            configured: note.seen.configured,
            advice: note.seen.advice,
        });
        Report::new(error, checks.collect())
    }

    fn fail(&mut self, check: Check, error: &VerifyError, mut seen: Seen) {
        if seen.found.is_none() && !error.detail().is_empty() {
            seen.found = Some(Told(error.detail()).to_string());
        }
        let usual = || advice(check, error.kind(), self.token);
        seen.advice = seen.advice.or_else(usual);
        self.first.get_or_insert_with(|| error.clone());
        self.note(check, Outcome::Failed, seen);
    }

    /// What fails later, or cannot be known, counts more than what passed.
    fn note(&mut self, check: Check, outcome: Outcome, seen: Seen) {
        let note = Note {
            check,
            outcome,
            seen,
        };
        match self.notes.iter_mut().find(|note| note.check == check) {
            None => self.notes.push(note),
            Some(own) if own.outcome == Outcome::Passed => *own = note,
            Some(_) => {}
        }
    }
}

impl Observer for Recorder<'_> {
    const LOOKS: bool = true;

    fn plan(&mut self, checks: impl FnOnce() -> Vec<Check>) {
        self.plan.extend(checks());
        self.plan.sort();
        self.plan.dedup();
    }

    fn observe(
        &mut self,
        check: Check,
        result: Result<(), VerifyError>,
        seen: impl FnOnce() -> Seen,
    ) -> Result<(), VerifyError> {
        match result {
            Ok(()) => {
                let advice = None;
                let seen = Seen { advice, ..seen() };
                self.note(check, Outcome::Passed, seen);
            }
            Err(error) => self.fail(check, &error, seen()),
        }
        Ok(())
    }

    fn require(
        &mut self,
        check: Check,
        holds: bool,
        kind: VerifyErrorKind,
        seen: impl Fn() -> Seen,
    ) -> Result<(), VerifyError> {
        let result = match holds {
            true => Ok(()),
            false => Err(seen().refuse(kind)),
        };
        self.observe(check, result, seen)
    }

    fn failed(
        &mut self,
        check: Check,
        error: VerifyError,
        seen: impl FnOnce() -> Seen,
    ) -> VerifyError {
        self.fail(check, &error, seen());
        self.first.clone().unwrap_or(error)
    }

    fn go_on<T>(&mut self, found: Result<T, VerifyError>) -> Result<Option<T>, VerifyError> {
        Ok(found.ok())
    }

    fn settle(&mut self) -> Result<(), VerifyError> {
        match &self.first {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn unasked(&mut self, check: Check, seen: impl FnOnce() -> Seen) {
        let found = self.notes.extract_if(.., |note| note.check == check).next();
        let seen = Seen {
            advice: unasked_advice(check).map(str::to_owned),
            ..found.map_or_else(seen, |note| note.seen)
        };
        self.note(check, Outcome::Unknown, seen);
    }

    fn restart(&mut self) {
        *self = Self::new(self.token);
    }
}
