//! Reads a history and says what was lost or forked.
//!
//! | verdict | what must not be |
//! |---|---|
//! | [`Forked`](Verdict::Forked) | one refresh token that led to two different ones, or skipped a generation |
//! | [`LoggedOut`](Verdict::LoggedOut) | a refusal of somebody whose session nobody stole or ended |
//! | [`CameBack`](Verdict::CameBack) | a refresh after an acknowledged log-out |
//! | [`ReuseAccepted`](Verdict::ReuseAccepted) | a token that was exchanged more than a window ago, exchanged again |
//! | [`StillThere`](Verdict::StillThere) | a refresh in a session that was refused for good |
//! | [`StillAccepted`](Verdict::StillAccepted) | an access token let through, after the bound, though its session has ended |
//! | [`Odd`](Verdict::Odd) | any other answer than the expected ones, 503 and a broken connection |
//! | [`Unanswered`](Verdict::Unanswered) | a client that still gets no answer when all is well again |
//! | [`Doubled`](Verdict::Doubled) | a key on two primaries of a cluster, each with a truth of its own |
//!
//! A node knows the time of its store from the last answer, and may take it for earlier by
//! as much as that was on its way, which the stores limit to two seconds; so much later a
//! predecessor may still be forgiven.
//!
//! Two things excuse. Whoever got no answer for a whole window may be refused
//! ([`Report::lapsed`]): the store may have exchanged the token, and forgives it for a
//! window only. And what was acknowledged while the store may lose writes may be undone
//! ([`Report::lost`]), which only a fail-over to an asynchronous replica does. Both are
//! counted.

mod session;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, time::Duration};

use self::session::Session;
use crate::history::{History, Moment, Operation};

/// How the nodes are set.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The grace window.
    pub grace: Duration,
    /// After which access tokens of a session that has ended are refused everywhere.
    pub max_silence: Duration,
}

/// What was found wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// One refresh token led to two, or skipped a generation.
    Forked,
    /// An honest client was refused.
    LoggedOut,
    /// A session was refreshed after its log-out had been acknowledged.
    CameBack,
    /// A refresh token that was exchanged more than a window ago was accepted.
    ReuseAccepted,
    /// A session was refreshed after it had been refused for good.
    StillThere,
    /// An access token was let through for longer than the bound.
    StillAccepted,
    /// An answer that has no place here.
    Odd,
    /// No answer, although all is well again.
    Unanswered,
    /// A key was on two primaries.
    Doubled,
}

/// One thing that was found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub verdict: Verdict,
    /// In which session, if in one.
    pub session: Option<u64>,
    /// When.
    pub at: Moment,
    /// What was seen.
    pub seen: String,
}

/// What a checker has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was found wrong.
    pub violations: Vec<Violation>,
    /// Generations that somebody was seen to advance to.
    pub advanced: u64,
    /// Refreshes that gave the presented token again.
    pub rested: u64,
    /// Refreshes that gave a successor which somebody had already.
    pub repeated: u64,
    /// Sessions in which owner and thief were found out.
    pub found_out: u64,
    /// Log-outs that were acknowledged.
    pub log_outs: u64,
    /// Clients that were refused after no answer for longer than the window.
    pub lapsed: u64,
    /// What would be a violation, had the store not been one that may lose what was
    /// acknowledged at that time.
    pub lost: BTreeMap<Verdict, u64>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            verdict,
            session,
            at,
            seen,
        } = self;
        write!(f, "{verdict:?}: ")?;
        if let Some(session) = session {
            write!(f, "session {session}, ")?;
        }
        write!(f, "at {:.3} s: {seen}", at.as_secs_f64())
    }
}

/// Reads a history.
pub fn check(history: &History, rules: &Rules) -> Report {
    let mut sessions: BTreeMap<u64, Vec<&Operation>> = BTreeMap::new();
    for operation in &history.operations {
        let session = sessions.entry(operation.session).or_default();
        session.push(operation);
    }
    let mut report = Report::default();
    for (number, mut operations) in sessions {
        operations.sort_by_key(|operation| operation.invoked);
        Session {
            number,
            operations,
            history,
            rules,
        }
        .check(&mut report);
    }
    for fault in &history.faults {
        for key in &fault.doubled {
            report.violations.push(Violation {
                verdict: Verdict::Doubled,
                session: None,
                at: fault.ended,
                seen: format!("{key} was on two nodes"),
            });
        }
    }
    report.violations.sort_by_key(|violation| violation.at);
    report
}
