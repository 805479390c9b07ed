//! Every store decides as [`rules::decide`](portcullis::session::rules::decide) does, over
//! the whole bounded domain of the rules: the same outcome, and the same row afterwards.
//!
//! Rows are put into each store by hand, as copies of one that the store made itself, and
//! read back by hand, so that neither the store's writing nor its reading can hide what its
//! statement or script does.

#![allow(clippy::unwrap_used, clippy::panic)]

mod memory;
mod postgres;
mod redis;
mod rows;
mod sqlite;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, resume_unwind},
};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use model::domain::{Case, cases};
use portcullis::session::{RotationOutcome, SessionRecord, SessionStore};
use serde_json::{Map, Value};

/// How many rows are put into a store and read back at once.
const BATCH: usize = 1000;

/// How many attempts are made at once.
const AT_ONCE: usize = 16;

/// A row as a store keeps it, by column or member.
pub(crate) type Kept = Map<String, Value>;

/// Where a store keeps its rows.
pub(crate) trait Place {
    /// The row as it is kept, without what is the same for all of them.
    fn kept(&self, row: &SessionRecord) -> Kept;

    /// Puts rows where the store finds them.
    async fn put(&mut self, rows: &[Kept]);

    /// Reads them back, in the same order.
    async fn read(&mut self, rows: &[Kept]) -> Vec<Kept>;
}

/// Asks the store about every case, and compares.
pub(crate) async fn follows_the_rules(store: &impl SessionStore, place: &mut impl Place) {
    let cases = cases();
    for batch in cases.chunks(BATCH) {
        let rows: Vec<_> = batch.iter().map(|case| place.kept(&case.row)).collect();
        place.put(&rows).await;
        let outcomes: Vec<_> = stream::iter(batch)
            .map(|case| async { store.rotate(&case.attempt).await })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let kept = place.read(&rows).await;
        let mut wrong = Vec::new();
        for ((case, outcome), kept) in batch.iter().zip(outcomes).zip(kept) {
            let outcome = outcome.map_err(|error| error.cause().to_string());
            let (expected, next) = case.decided();
            wrong.extend(differs(case, outcome, expected));
            for (name, value) in place.kept(&next) {
                if kept.get(&name).unwrap_or(&Value::Null) != &value {
                    let found = &kept.get(&name);
                    wrong.push(format!("{name}: {found:?}, not {value}\n{case:?}"));
                }
            }
        }
        let few = wrong.len().min(3);
        assert!(
            wrong.is_empty(),
            "{} differ:\n{}",
            wrong.len(),
            wrong[..few].join("\n\n")
        );
    }
}

/// What is wrong with an outcome.
pub(crate) fn differs(
    case: &Case,
    found: Result<RotationOutcome, String>,
    expected: RotationOutcome,
) -> Option<String> {
    let is_same = found.as_ref() == Ok(&expected);
    (!is_same).then(|| format!("{found:?}, not {expected:?}\n{case:?}"))
}

/// Compares, then tidies up on the server whatever came of it.
pub(crate) async fn tidied(compared: impl Future<Output = ()>, tidy: impl AsyncFnOnce()) {
    let compared: Result<(), Box<dyn Any + Send>> = AssertUnwindSafe(compared).catch_unwind().await;
    tidy().await;
    compared.unwrap_or_else(|panic| resume_unwind(panic));
}
