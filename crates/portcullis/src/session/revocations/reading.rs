//! Reading the store.
//!
//! What is read is paged, and each page is taken in as it comes. How far the readings
//! have come is a time of the store's own clock, whatever that of this node says.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicUsize,
            Ordering::{Relaxed, Release},
        },
    },
    time::Duration,
};

use super::{Revocations, progress::Read, told};
use crate::{
    session::{RevocationQuery, SessionStore, StoreError},
    time::{Clock, Timestamp},
};

/// How far behind its last reading the snapshot reads again: longer than any
/// transaction of a store.
pub(super) const OVERLAP: Duration = Duration::from_secs(60);

/// A reading of everything that still matters, which can be gone on with after a fault.
#[derive(Default)]
pub(super) struct FullReading {
    query: Option<RevocationQuery>,
    begun: Option<Read>,
    /// How many pages have come.
    pub(super) pages: Arc<AtomicUsize>,
}

impl Revocations {
    /// Reads what was revoked since the last reading, by whichever process; everything
    /// that still matters, if there is none.
    ///
    /// # Errors
    ///
    /// When the store fails. What was read until then is in the snapshot, which is as old
    /// as before.
    pub async fn sync(&self) -> Result<(), StoreError> {
        match self.shared.progress.complete() {
            Some(read) => self.read_news(read).await,
            None => self.sync_thoroughly().await,
        }
    }

    /// Reads everything that still matters, as if for the first time. Finds what
    /// [`sync`](Self::sync) cannot: a revocation whose transaction was hidden
    /// for more than a minute, or that bears the time of a clock which is far
    /// behind. To be called after a gap, and now and then.
    ///
    /// # Errors
    ///
    /// When the store fails. What was read until then is in the snapshot, which is as old
    /// as before.
    pub async fn sync_thoroughly(&self) -> Result<(), StoreError> {
        self.read_all(&mut FullReading::default()).await
    }

    /// Reads what is new since a first reading has begun; nothing if none has.
    pub(super) async fn read_beside(&self) -> Result<(), StoreError> {
        match self.shared.progress.begun() {
            Some(read) => self.read_news(read).await,
            None => Ok(()),
        }
    }

    async fn read_news(&self, last: Read) -> Result<(), StoreError> {
        let result = self.try_read_news(last).await;
        told::reading(&result);
        match result? {
            Some(read) => self.has_read(read),
            // The store's clock went back, as after a fail-over: what was revoked since
            // then may bear any time.
            None => self.sync_thoroughly().await?,
        }
        Ok(())
    }

    /// `None` if the store's time is earlier than that of the last reading.
    async fn try_read_news(&self, last: Read) -> Result<Option<Read>, StoreError> {
        let asked_at = self.clock.now();
        let proof = self.proof().await;
        let mut query = RevocationQuery::since(last.now.saturating_sub(OVERLAP));
        let mut page = self.store.revocation_page(&query).await?;
        let read = self.shared.progress.read(page.now, asked_at);
        if page.now.saturating_add(OVERLAP / 2) < last.now {
            return Ok(None);
        }
        self.has_been_away(read);
        loop {
            self.apply_all(page.revocations);
            if page.next.is_none() {
                return Ok(Some(read.proven(proof?)));
            }
            query.after = page.next;
            page = self.store.revocation_page(&query).await?;
        }
    }

    /// Goes on with a reading, to its end.
    pub(super) async fn read_all(&self, reading: &mut FullReading) -> Result<(), StoreError> {
        let result = self.try_read_all(reading).await;
        told::reading(&result);
        self.has_read_all(result?);
        Ok(())
    }

    async fn try_read_all(&self, reading: &mut FullReading) -> Result<Read, StoreError> {
        let query = match &mut reading.query {
            Some(query) => query,
            none => {
                let now = self.store.current_time().await?;
                let since = now.saturating_sub(self.keep()).saturating_sub(OVERLAP);
                none.insert(RevocationQuery::since(since))
            }
        };
        let proof = self.proof().await;
        loop {
            let asked_at = self.clock.now();
            let page = self.store.revocation_page(query).await?;
            let begun = *reading.begun.get_or_insert_with(|| {
                let begun = self.shared.progress.read(page.now, asked_at);
                self.has_begun(begun);
                begun
            });
            self.apply_all(page.revocations);
            reading.pages.fetch_add(1, Relaxed);
            if page.next.is_none() {
                return Ok(begun.proven(proof?));
            }
            query.after = page.next;
        }
    }

    /// When it was last proven that the store keeps what is written to it; none where
    /// nobody else writes. What it has to tell is read without a proof, too, but does not
    /// make the snapshot any younger.
    async fn proof(&self) -> Result<Option<Timestamp>, StoreError> {
        match self.max_silence {
            Some(max_silence) => self.store.confirm(max_silence / 3).await.map(Some),
            None => Ok(None),
        }
    }

    /// What is read beside a first reading goes on from its beginning.
    fn has_begun(&self, read: Read) {
        self.has_been_away(read);
        self.shared.progress.come().until.get_or_insert(read);
    }

    /// What took application tokens off the list while this node was away for long may be
    /// older than what is read.
    fn has_been_away(&self, read: Read) {
        let oldest = read.now.saturating_sub(self.keep());
        let last = self.shared.progress.begun();
        if last.is_some_and(|last| last.now < oldest) {
            self.shared.live.forget();
            self.waiters.wake([], true);
        }
    }

    pub(super) fn has_read(&self, read: Read) {
        self.has_come(read, false);
    }

    fn has_read_all(&self, read: Read) {
        self.has_come(read, true);
    }

    fn has_come(&self, read: Read, all: bool) {
        let shared = &*self.shared;
        let mut come = shared.progress.come();
        // What was read beside it may have come further.
        let until = come.until.filter(|until| until.turn > read.turn);
        let until = until.unwrap_or(read);
        come.until = Some(until);
        come.is_complete |= all;
        let is_complete = come.is_complete;
        if is_complete {
            shared.heard.store(until.asked_at.as_millis(), Release);
        }
        drop(come);
        if is_complete {
            self.has_heard(until);
        }
    }

    fn has_heard(&self, read: Read) {
        let shared = &*self.shared;
        told::heard(read.asked_at, self.max_silence);
        let now = self.clock.now();
        shared.state.sweep(now, &self.settings);
        shared.realms.prune(now, &self.settings);
        shared.doubts.settle(read.asked_at);
        shared.thefts.tell(&self.subscriber);
        self.tell_size();
    }
}
