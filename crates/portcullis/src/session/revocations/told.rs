//! What is told of the snapshot to whoever counts.

use std::time::Duration;

use super::{doubts::Doubts, live::LiveTokens, name::Kind, state::State};
use crate::{metrics, session::StoreError, time::Timestamp};

/// How a reading of the store ended.
pub(super) fn reading<T>(read: &Result<T, StoreError>) {
    let outcome = match read {
        Ok(_) => "ok",
        Err(error) => error.kind().as_str(),
    };
    metrics::SNAPSHOT_READS.count([outcome]);
}

/// When the store was asked for what is in the snapshot now. A point in time and no
/// age: who looks at it says how old it is, and nobody need tell it anew.
pub(super) fn heard(at: Timestamp, max_silence: Option<Duration>) {
    metrics::SNAPSHOT_TIMESTAMP.set(at.as_millis() as f64 / 1000.0, []);
    let max_age = max_silence.map_or(f64::INFINITY, |max| max.as_secs_f64());
    metrics::SNAPSHOT_MAX_AGE.set(max_age, []);
}

/// How much is in the snapshot, if anybody wants to know.
pub(super) fn size(state: &State, live: &LiveTokens, doubts: &Doubts) {
    if !metrics::ARE_ON {
        return;
    }
    let tell = |kind, number: usize| metrics::SNAPSHOT_ENTRIES.set(number as f64, [kind]);
    let count = |kind| state.count(kind);
    tell("session", count(Kind::Session));
    let tokens = count(Kind::Token) + count(Kind::SessionElsewhere);
    tell("token", tokens);
    tell("subject", count(Kind::Subject));
    tell("application_token", live.len());
    tell("hint", state.hint_count());
    tell("doubt", doubts.len());
}
