//! What is logged of an issuer's keys.

use portcullis::jose::KeySet;

use crate::{FetchError, schedule::Report};

/// How many key ids a line shows.
const MOST_SHOWN: usize = 16;

/// Other keys than before.
pub(super) fn keys(issuer: &str, keys: &KeySet) {
    let ids: Vec<_> = keys
        .iter()
        .take(MOST_SHOWN)
        .map(|key| key.key_id().unwrap_or_default())
        .collect();
    let count = keys.len();
    tracing::info!(issuer, count, key_ids = ?ids, "the issuer's keys have changed");
}

/// Failures and recoveries, once for several in a row.
pub(super) fn report(issuer: &str, report: Report, error: Option<&FetchError>) {
    match report {
        Report::Failing => {
            let error = error.map(tracing::field::display);
            tracing::warn!(
                issuer,
                error,
                "the issuer's keys cannot be fetched; those at hand, if any, go on until they are stale"
            );
        }
        Report::Recovered { failures, lasted } => {
            let secs = lasted.as_secs();
            tracing::info!(
                issuer,
                failures,
                secs,
                "the issuer's keys can be fetched again"
            );
        }
        Report::Stale => {
            let error = error.map(tracing::field::display);
            tracing::error!(
                issuer,
                error,
                "the issuer's keys are stale: its tokens cannot be verified"
            );
        }
    }
}
