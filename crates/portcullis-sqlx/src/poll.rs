//! Reading what was revoked, at intervals.

use std::{convert::Infallible, time::Duration};

use portcullis::session::Revocations;
use tokio::time::sleep;

/// Keeps `revocations` up to date by reading its store every `interval`: a task
/// to spawn once per process, where the store has no feed. It ends only when it
/// is dropped.
///
/// A revocation on another node, or in another process on the same SQLite file,
/// is in force here after an interval at most. Where no other process writes,
/// [`Revocations::sole_writer`] needs no task at all.
///
/// ```
/// use std::time::Duration;
/// use portcullis::session::Revocations;
///
/// # fn example(revocations: Revocations) {
/// tokio::spawn(portcullis_sqlx::poll(revocations, Duration::from_secs(5)));
/// # }
/// ```
pub async fn poll(revocations: Revocations, interval: Duration) -> Infallible {
    let interval = interval.max(Duration::from_millis(1));
    revocations.follow(|| sleep(interval)).await
}
