//! Very many sessions that are over are forgotten, while others are refreshed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use portcullis::session::{PurgeRules, SessionStore as _};

use crate::{
    Result,
    load::{Rate, choose, drive_until, settle},
    places::Place,
    rows::{self, Rows},
};

/// How many sessions live on.
const LIVE: u64 = 1000;

/// What came of it.
pub(crate) struct Purged {
    /// The refreshes before it began.
    pub(crate) before: Rate,
    /// The refreshes meanwhile.
    pub(crate) meanwhile: Rate,
    /// How many rows went.
    pub(crate) rows: u64,
    /// How long that took.
    pub(crate) took: Duration,
    /// The longest batch.
    pub(crate) longest: Duration,
}

/// Forgets so many, batch by batch without a pause. `None` where they go by themselves.
pub(crate) async fn purge(
    place: &Place,
    count: u64,
    clients: u64,
    span: Duration,
) -> Result<Option<Purged>> {
    if matches!(place, Place::Memory(_) | Place::Redis { .. }) {
        return Ok(None);
    }
    let live = Arc::new(Rows::fill(place, LIVE).await?);
    rows::fill(place, LIVE + 1, count, Duration::from_millis(1)).await?;
    settle().await;
    let begun = Instant::now();
    let is_over = move || begun.elapsed() >= span;
    let before = refresh(place, &live, clients, 0, is_over).await?;
    let store = place.store(2).await?;
    let done = Arc::new(AtomicBool::new(false));
    let seen = done.clone();
    let purging = tokio::spawn(async move {
        let rules = PurgeRules::new(Duration::ZERO);
        let (begun, mut rows, mut longest) = (Instant::now(), 0, Duration::ZERO);
        let outcome = loop {
            let asked = Instant::now();
            let batch = match store.purge_batch(&rules).await {
                Ok(batch) => batch,
                Err(error) => break Err(error),
            };
            longest = longest.max(asked.elapsed());
            rows += batch;
            if batch < u64::from(rules.limit) {
                break Ok((rows, begun.elapsed(), longest));
            }
        };
        done.store(true, Ordering::Relaxed);
        outcome
    });
    let is_over = move || seen.load(Ordering::Relaxed);
    let meanwhile = refresh(place, &live, clients, 1 << 40, is_over).await?;
    let (rows, took, longest) = purging.await??;
    Ok(Some(Purged {
        before,
        meanwhile,
        rows,
        took,
        longest,
    }))
}

/// Refreshes until it is over, in an order that begins at `first`.
async fn refresh(
    place: &Place,
    live: &Arc<Rows>,
    clients: u64,
    first: u64,
    is_over: impl Fn() -> bool + Clone + Send + 'static,
) -> Result<Rate> {
    let store = place.store(u32::try_from(clients)?).await?;
    let live = live.clone();
    drive_until(clients, is_over, move |client, turn| {
        let (store, live) = (store.clone(), live.clone());
        async move {
            let number = choose(client, clients, first + turn, live.count());
            live.advance(&store, number).await
        }
    })
    .await
}
