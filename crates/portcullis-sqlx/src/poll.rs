//! Reading what was revoked, at intervals.

use std::{convert::Infallible, error::Error, time::Duration};

use portcullis::session::{Revocations, StoreError};
use tokio::time::sleep;

/// After how many intervals everything that still matters is read again, not
/// only what is new: a transaction that was hidden for long is found then.
const THOROUGH: u8 = 12;

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
    let mut failing = false;
    let mut until_thorough = 0;
    loop {
        let result = match until_thorough {
            0 => revocations.sync_thoroughly().await,
            _ => revocations.sync().await,
        };
        match &result {
            Err(error) if !failing => {
                tracing::warn!(error = source(error), "cannot read what was revoked");
            }
            Ok(()) if failing => tracing::info!("can read again what was revoked"),
            _ => {}
        }
        failing = result.is_err();
        // A gap may have been longer than the next reading looks back.
        until_thorough = match until_thorough {
            _ if failing => 0,
            0 => THOROUGH,
            left => left - 1,
        };
        sleep(interval).await;
    }
}

/// What the database said, for the log.
pub(crate) fn source(error: &StoreError) -> &(dyn Error + 'static) {
    Error::source(error).unwrap_or(error)
}
