//! Forged histories: each verdict, and what excuses it.

use std::time::Duration;

use super::{Report, Rules, Verdict, check};
use crate::history::{Actor, History, Injected, Operation, Outcome, Token, What};

const RULES: Rules = Rules {
    grace: Duration::from_secs(10),
    max_silence: Duration::from_secs(30),
};

/// The one token of a generation, or another one.
fn token(generation: u64) -> Token {
    Token::new(generation, &format!("token {generation}"))
}

fn other(generation: u64) -> Token {
    Token::new(generation, &format!("other token {generation}"))
}

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

/// A history of one session, written down step by step.
struct Forged(History);

impl Forged {
    /// Somebody logs in at 0 s.
    fn new() -> Self {
        let history = History {
            quiet_from: secs(1000.0),
            ..History::default()
        };
        Self(history).owner(What::LogIn, 0.0, Outcome::Gave(token(0)))
    }

    fn owner(self, what: What, at: f64, outcome: Outcome) -> Self {
        self.step(Actor::Owner, what, at, outcome)
    }

    fn thief(self, what: What, at: f64, outcome: Outcome) -> Self {
        self.step(Actor::Thief, what, at, outcome)
    }

    /// Asked at a moment, and answered a tenth of a second later.
    fn step(mut self, actor: Actor, what: What, at: f64, outcome: Outcome) -> Self {
        self.0.operations.push(Operation {
            session: 7,
            actor,
            node: 0,
            what,
            invoked: secs(at),
            completed: secs(at + 0.1),
            outcome,
        });
        self
    }

    /// A refresh that goes as it should.
    fn refreshed(self, generation: u64, at: f64) -> Self {
        let given = Outcome::Gave(token(generation + 1));
        self.owner(What::Refresh(token(generation)), at, given)
    }

    /// A fail-over that may lose what was acknowledged in a span.
    fn may_lose(mut self, from: f64, until: f64) -> Self {
        self.0.faults.push(Injected {
            fault: "fail-over".into(),
            began: secs(from),
            ended: secs(until),
            may_lose: Some((secs(from), secs(until))),
            doubled: Vec::new(),
        });
        self
    }

    fn report(&self) -> Report {
        check(&self.0, &RULES)
    }

    /// Nothing is wrong.
    fn assert_good(self) -> Report {
        let report = self.report();
        assert_eq!(report.violations, []);
        assert!(report.lost.is_empty(), "{report:?}");
        report
    }

    /// One thing is wrong.
    fn assert_blamed(self, verdict: Verdict) {
        let report = self.report();
        let found: Vec<_> = report.violations.iter().map(|one| one.verdict).collect();
        assert_eq!(found, [verdict], "{report:?}");
        assert!(report.lost.is_empty(), "{report:?}");
    }

    /// It would be wrong, but the store may have lost what it rests on.
    fn assert_lost(self, verdict: Verdict) {
        let report = self.report();
        assert_eq!(report.violations, []);
        assert_eq!(report.lost.get(&verdict), Some(&1), "{report:?}");
    }
}

#[test]
fn a_good_history_is_good() {
    let report = Forged::new()
        .refreshed(0, 1.0)
        // It rests, and its predecessor is forgiven.
        .owner(What::Refresh(token(1)), 2.0, Outcome::Gave(token(1)))
        .owner(What::Refresh(token(0)), 3.0, Outcome::Gave(token(1)))
        .owner(What::Call, 4.0, Outcome::Granted)
        .owner(What::Refresh(token(1)), 12.0, Outcome::Unavailable)
        .owner(What::Refresh(token(1)), 13.0, Outcome::Broken)
        .refreshed(1, 14.0)
        .owner(What::LogOut, 30.0, Outcome::Broken)
        .owner(What::LogOut, 31.0, Outcome::Granted)
        .owner(What::Call, 32.0, Outcome::Granted)
        .owner(What::Refresh(token(2)), 33.0, Outcome::Refused)
        .owner(What::Call, 62.0, Outcome::Refused)
        .assert_good();
    let counted = (report.advanced, report.rested, report.repeated);
    assert_eq!(counted, (2, 1, 1));
    assert_eq!((report.log_outs, report.lapsed), (1, 0));
}

#[test]
fn one_token_leads_to_one_other() {
    let forked = || {
        let given = Outcome::Gave(other(1));
        Forged::new()
            .refreshed(0, 1.0)
            .owner(What::Refresh(token(0)), 2.0, given)
    };
    forked().assert_blamed(Verdict::Forked);
    forked().may_lose(1.0, 1.5).assert_lost(Verdict::Forked);
    forked().may_lose(1.5, 3.0).assert_blamed(Verdict::Forked);
}

#[test]
fn generations_are_not_skipped() {
    let given = Outcome::Gave(token(2));
    let skipped = Forged::new().owner(What::Refresh(token(0)), 1.0, given);
    skipped.assert_blamed(Verdict::Forked);
    // As itself, but not the same.
    let another = || {
        let given = Outcome::Gave(other(1));
        let refreshed = Forged::new().refreshed(0, 1.0);
        refreshed.owner(What::Refresh(token(1)), 2.0, given)
    };
    another().assert_blamed(Verdict::Forked);
    another().may_lose(1.0, 1.5).assert_lost(Verdict::Forked);
}

#[test]
fn the_honest_are_not_refused() {
    let refused = |what| {
        let refreshed = Forged::new().refreshed(0, 1.0);
        refreshed.owner(what, 12.0, Outcome::Refused)
    };
    refused(What::Refresh(token(1))).assert_blamed(Verdict::LoggedOut);
    refused(What::Call).assert_blamed(Verdict::LoggedOut);
    // The login may have been lost, but not a login before.
    refused(What::Call)
        .may_lose(0.0, 1.0)
        .assert_lost(Verdict::LoggedOut);
    refused(What::Call)
        .may_lose(1.0, 12.0)
        .assert_blamed(Verdict::LoggedOut);
}

#[test]
fn a_retry_within_the_window_is_not_refused() {
    let retried = |at| {
        let asked = Forged::new().owner(What::Refresh(token(0)), 1.0, Outcome::Broken);
        asked.owner(What::Refresh(token(0)), at, Outcome::Refused)
    };
    retried(10.8).assert_blamed(Verdict::LoggedOut);
    assert_eq!(retried(11.0).assert_good().lapsed, 1);
}

#[test]
fn a_theft_ends_a_session() {
    let stolen = || {
        Forged::new()
            .refreshed(0, 1.0)
            .thief(What::Steal, 2.0, Outcome::Granted)
            .thief(What::Refresh(token(1)), 20.0, Outcome::Gave(token(2)))
    };
    let found_out = || stolen().owner(What::Refresh(token(1)), 33.0, Outcome::Refused);
    let report = found_out()
        .thief(What::Refresh(token(2)), 34.0, Outcome::Refused)
        .assert_good();
    assert_eq!(report.found_out, 1);
    // Within the window it is forgiven.
    let forgiven = stolen().owner(What::Refresh(token(1)), 29.0, Outcome::Gave(token(2)));
    assert_eq!(forgiven.assert_good().found_out, 0);
    // The owner comes too late and is let in.
    let reused = || stolen().owner(What::Refresh(token(1)), 33.0, Outcome::Gave(token(2)));
    reused().assert_blamed(Verdict::ReuseAccepted);
    reused()
        .may_lose(20.0, 21.0)
        .assert_lost(Verdict::ReuseAccepted);
    // The thief stays in.
    let stays = || found_out().thief(What::Refresh(token(2)), 40.0, Outcome::Gave(token(3)));
    stays().assert_blamed(Verdict::StillThere);
    stays()
        .may_lose(33.0, 34.0)
        .assert_lost(Verdict::StillThere);
    // And so does the access token.
    found_out()
        .thief(What::Call, 64.0, Outcome::Granted)
        .assert_blamed(Verdict::StillAccepted);
}

#[test]
fn a_log_out_holds() {
    let left = || {
        let refreshed = Forged::new().refreshed(0, 1.0);
        refreshed.owner(What::LogOut, 20.0, Outcome::Granted)
    };
    let back = || left().refreshed(1, 20.2);
    back().assert_blamed(Verdict::CameBack);
    back().may_lose(20.0, 21.0).assert_lost(Verdict::CameBack);
    // Asked before it was acknowledged.
    left().refreshed(1, 20.05).assert_good();
    // One that was not acknowledged promises nothing.
    Forged::new()
        .owner(What::LogOut, 20.0, Outcome::Unavailable)
        .refreshed(0, 21.0)
        .assert_good();
    let called = |at| left().owner(What::Call, at, Outcome::Granted);
    called(50.0).assert_good();
    called(50.2).assert_blamed(Verdict::StillAccepted);
}

#[test]
fn answers_are_the_expected_ones() {
    for status in [500, 404, 403] {
        Forged::new()
            .owner(What::Call, 1.0, Outcome::Odd(status))
            .assert_blamed(Verdict::Odd);
    }
    Forged::new()
        .owner(What::LogOut, 1.0, Outcome::Refused)
        .assert_blamed(Verdict::Odd);
    let history = History::default();
    Forged(history)
        .owner(What::LogIn, 1.0, Outcome::Refused)
        .assert_blamed(Verdict::Odd);
}

#[test]
fn everybody_is_answered_in_the_end() {
    for outcome in [Outcome::Unavailable, Outcome::Broken] {
        let asked = Forged::new().owner(What::Refresh(token(0)), 1001.0, outcome);
        asked.assert_blamed(Verdict::Unanswered);
        let asked = Forged::new().owner(What::Refresh(token(0)), 999.0, outcome);
        asked.assert_good();
        let asked = Forged::new().owner(What::Refresh(token(0)), 1001.0, outcome);
        asked.refreshed(0, 1002.0).assert_good();
    }
}

#[test]
fn a_key_is_in_one_place() {
    let mut forged = Forged::new().may_lose(1.0, 2.0);
    forged.0.faults[0].doubled.push("a key".to_owned());
    forged.assert_blamed(Verdict::Doubled);
}

#[test]
fn sessions_are_looked_at_one_by_one() {
    let mut forged = Forged::new()
        .refreshed(0, 1.0)
        .owner(What::LogOut, 2.0, Outcome::Granted)
        .refreshed(0, 3.0);
    for operation in forged.0.operations.split_off(2) {
        let session = 8;
        forged.0.operations.push(Operation {
            session,
            ..operation
        });
    }
    // Session 8 came back, and 7 is as good as ever.
    let report = forged.report();
    assert_eq!(report.violations.len(), 1, "{report:?}");
    assert_eq!(report.violations[0].session, Some(8));
    let told = report.violations[0].to_string();
    assert!(
        told.starts_with("CameBack: session 8, at 3.100 s"),
        "{told}"
    );
}
