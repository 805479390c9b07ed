//! Keeps a node's snapshot of revocations up to date.

use std::{convert::Infallible, future::Future, time::Duration};

use futures_util::StreamExt;
use portcullis::session::{Revocations, StoreError};
use redis::{
    Client, Msg,
    aio::{PubSubSink, PubSubStream},
};
use tokio::time::sleep;

use crate::{RedisStore, entry};

/// How long after a lost connection the first attempt at a new one is made, and
/// how long at most after further ones.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

impl RedisStore {
    /// Keeps `revocations`, a snapshot of this store, up to date: a task to
    /// spawn once per process. It ends only when it is dropped.
    ///
    /// What another node revokes is published and taken in at once. Behind that
    /// the store is read every few seconds
    /// ([`poll_interval`](crate::RedisStoreBuilder::poll_interval)), and after
    /// each new connection, so that a lost message only delays. While the server
    /// does not answer, the snapshot grows old, and what then happens is its own
    /// decision: see [`Revocations::with_max_silence`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use portcullis::{
    ///     session::{DynSessionStore, Revocations, StoreError},
    ///     time::SharedClock,
    /// };
    /// use portcullis_redis::RedisStore;
    ///
    /// # async fn example() -> Result<(), StoreError> {
    /// let store = RedisStore::connect("redis://127.0.0.1:6379/").await?;
    /// let revocations = Revocations::new(
    ///     DynSessionStore::new(store.clone()),
    ///     SharedClock::default(),
    ///     Duration::from_secs(3600),
    /// );
    /// revocations.sync().await?;
    /// tokio::spawn(store.watch(revocations.clone()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(
        &self,
        revocations: Revocations,
    ) -> impl Future<Output = Infallible> + Send + 'static + use<> {
        let store = self.clone();
        store.keep_for(revocations.keep());
        async move {
            let polling = async {
                let _ = store.agree_on_keep().await;
                let pause = || async {
                    sleep(store.0.poll_interval).await;
                    // Some node may need more by now. If this fails, so will the reading.
                    let _ = store.agree_on_keep().await;
                };
                revocations.follow(pause).await
            };
            let (never, _) = tokio::join!(polling, store.listen(&revocations));
            never
        }
    }

    /// Listens to what is published, on one node after the other.
    async fn listen(&self, revocations: &Revocations) -> Infallible {
        let (shortest, longest) = PAUSES;
        let mut pause = shortest;
        loop {
            let nodes = self.0.link.feeds().await.unwrap_or_default();
            for node in &nodes {
                match self.subscribe(node).await {
                    Ok(subscription) => {
                        pause = shortest;
                        self.hear(subscription, revocations).await;
                        tracing::info!("lost the feed of revocations; polling goes on");
                    }
                    Err(error) => {
                        tracing::debug!(error = error.cause(), "no feed of revocations");
                    }
                }
                sleep(pause).await;
                pause = (pause * 2).min(longest);
            }
            if nodes.is_empty() {
                tracing::debug!("nobody says where the feed of revocations is");
                sleep(pause).await;
                pause = (pause * 2).min(longest);
            }
        }
    }

    async fn subscribe(&self, node: &Client) -> Result<(PubSubSink, PubSubStream), StoreError> {
        let subscribe = async {
            let mut subscription = node.get_async_pubsub().await?;
            subscription.subscribe(&self.0.channel).await?;
            Ok(subscription.split())
        };
        self.0.link.within(subscribe).await
    }

    /// Takes in what is published until the connection is lost.
    async fn hear(
        &self,
        (mut sink, mut messages): (PubSubSink, PubSubStream),
        revocations: &Revocations,
    ) {
        // What was published before now went unheard. If this fails, polling
        // makes up for it.
        let _ = revocations.sync_thoroughly().await;
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => take_in(&message, revocations).await,
                    None => return,
                },
                () = sleep(self.0.poll_interval) => {
                    let ping = self.0.link.within(sink.ping::<redis::Value>());
                    if ping.await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

async fn take_in(message: &Msg, revocations: &Revocations) {
    let revocation = message
        .get_payload::<String>()
        .map_err(StoreError::corrupt)
        .and_then(|message| entry::parse_message(&message));
    match revocation {
        Ok(revocation) => revocation
            .into_iter()
            .for_each(|found| revocations.apply(found)),
        // Something was revoked, or somebody else publishes here.
        Err(_) => {
            let _ = revocations.sync().await;
        }
    }
}
