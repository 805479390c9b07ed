//! What happens to a schedule, and what it wants done.

use std::time::Duration;

/// A request that waits. Later ones have higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

/// What happens. Jitter is a number of up to [`JITTER`](super::rules::JITTER).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A request has a token whose key is not among those at hand.
    Asked(Ticket),
    /// It has gone away.
    Left(Ticket),
    /// The application wants keys, though no request does yet.
    Wanted,
    /// Where the keys come from they are others now.
    Changed,
    /// Keys from elsewhere were published, to begin with.
    Seeded,
    /// The fetch brought a set that can be used, or found that it is the same.
    Fetched {
        /// For how long it is fresh.
        fresh_for: Duration,
        jitter: u32,
    },
    /// The fetch brought nothing that can be used.
    Failed {
        retry_after: Option<Duration>,
        jitter: u32,
    },
    /// Time has passed.
    Tick,
}

/// What is to be done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Begin a fetch. It ends with [`Event::Fetched`] or [`Event::Failed`].
    Fetch,
    /// The keys are good on the schedule's terms: tell those who verify.
    Announce,
    /// Let a request go on.
    Answer(Ticket, Answer),
    /// Write a line.
    Report(Report),
}

/// What a waiting request is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The set at hand is new enough: what is not in it is none.
    Look,
    /// Nothing can be said about its key.
    Unavailable { retry_after: Duration },
}

/// What the log should say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// The first of several attempts failed.
    Failing,
    /// One succeeded, so long after the first that failed.
    Recovered { failures: u32, lasted: Duration },
    /// The keys at hand were not seen for too long: none of them is good.
    Stale,
}
