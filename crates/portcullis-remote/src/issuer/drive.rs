//! What the worker does for one issuer.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use portcullis::metrics::family::{KEY_FETCHES, Stopwatch};
use tokio::{sync::Notify, task::JoinSet, time};

use super::feed::Feed;
use crate::{FetchError, FetchErrorKind, Fetched, Source};

/// Looks after a feed for as long as somebody else holds it.
pub(super) async fn drive(
    feed: Weak<Feed>,
    wake: Arc<Notify>,
    source: Arc<dyn Source>,
    seed: Option<Arc<dyn Source>>,
) {
    // One at most in each; of its own, in case the source panics.
    let (mut seeding, mut flight) = (JoinSet::new(), JoinSet::new());
    if let Some(seed) = seed {
        seeding.spawn(fetch(seed));
    }
    let mut wants_fetch = false;
    loop {
        let Some(next) = feed.upgrade().map(|feed| feed.next()) else {
            return;
        };
        wants_fetch |= next.fetch;
        // The seed comes first; meanwhile nobody waits longer than otherwise.
        if wants_fetch && seeding.is_empty() {
            flight.spawn(timed(source.clone()));
            wants_fetch = false;
        }
        tokio::select! {
            Some(ended) = seeding.join_next() => {
                plant(&feed, ended.unwrap_or_else(|_| Err(panicked())));
            }
            Some(ended) = flight.join_next() => {
                if let Some(feed) = feed.upgrade() {
                    feed.land(ended.unwrap_or_else(|_| Err(panicked())));
                }
            }
            () = wake.notified() => {}
            () = time::sleep(next.sleep) => {}
        }
    }
}

/// What came of the source that is asked once, before the first fetch.
fn plant(feed: &Weak<Feed>, seed: Result<Fetched, FetchError>) {
    let Some(feed) = feed.upgrade() else {
        return;
    };
    match seed {
        Ok(fetched) if !fetched.keys().is_empty() => feed.seed(fetched.keys().clone()),
        Ok(_) => {
            tracing::warn!(issuer = %feed.issuer(), "the seed of the keys has none");
        }
        Err(error) => {
            tracing::warn!(issuer = %feed.issuer(), %error, "the seed of the keys cannot be used");
        }
    }
}

/// Metadata in each of its places, and then the keys, are given up by themselves
/// before that.
const LONGEST: Duration = Duration::from_secs(30);

async fn timed(source: Arc<dyn Source>) -> Result<Fetched, FetchError> {
    let time = Stopwatch::start();
    let fetched = fetch(source).await;
    let outcome = match &fetched {
        Ok(fetched) if fetched.keys().is_empty() => FetchErrorKind::EmptySet.as_str(),
        Ok(_) => "ok",
        Err(error) => error.kind().as_str(),
    };
    KEY_FETCHES.record(time, [outcome]);
    fetched
}

async fn fetch(source: Arc<dyn Source>) -> Result<Fetched, FetchError> {
    time::timeout(LONGEST, source.fetch())
        .await
        .unwrap_or_else(|_| {
            Err(FetchError::new(
                FetchErrorKind::Timeout,
                format!("the source of the keys did not answer within {LONGEST:?}"),
            ))
        })
}

fn panicked() -> FetchError {
    FetchError::new(
        FetchErrorKind::Unreachable,
        "the source of the keys panicked",
    )
}
