//! A store of your own: sessions in [`redb`], a key-value database in one file, for one
//! process.
//!
//! Every method of the contract is one transaction. Those that write come one after the
//! other, so that each reads, decides and writes as if it were alone; what a refresh does
//! to a session is what [`rules::decide`](portcullis::session::rules::decide) says.
//!
//! | file | what |
//! |---|---|
//! | `store.rs` | the promises, one method each |
//! | `order.rs` | the order of logins and log-outs: tickets, cut-offs |
//! | `sessions.rs`, `application_tokens.rs` | who has which, and what has ended |
//! | `feed.rs` | what was revoked, by its time |
//! | `purge.rs` | what is forgotten |
//! | `rows.rs` | what is kept, and how it is read back in full |
//! | `table.rs` | the one table: JSON by a kind and two names |

mod application_tokens;
mod feed;
mod order;
mod purge;
mod rows;
mod sessions;
mod store;
mod table;

use std::{path::Path, sync::Arc};

use portcullis::{
    session::StoreError,
    time::{Clock, SharedClock, Timestamp},
};
use redb::{Database, ReadableDatabase, backends::InMemoryBackend};
use table::{ReadRows, Rows, TABLE, unavailable};

/// Sessions in a file. Cheap to clone; clones are the same store.
#[derive(Clone)]
pub struct OwnStore {
    database: Arc<Database>,
    clock: SharedClock,
}

impl OwnStore {
    /// The store in the file at `path`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, be it because another process has it open.
    pub fn open(path: impl AsRef<Path>, clock: SharedClock) -> Result<Self, StoreError> {
        let database = Database::create(path).map_err(unavailable)?;
        Self::over(database, clock)
    }

    /// An empty store that is lost with the process, for tests.
    ///
    /// # Errors
    ///
    /// When there is no memory for it.
    pub fn in_memory(clock: SharedClock) -> Result<Self, StoreError> {
        let database = Database::builder().create_with_backend(InMemoryBackend::new());
        Self::over(database.map_err(unavailable)?, clock)
    }

    fn over(database: Database, clock: SharedClock) -> Result<Self, StoreError> {
        // A table is there once it was opened for writing.
        let transaction = database.begin_write().map_err(unavailable)?;
        transaction.open_table(TABLE).map_err(unavailable)?;
        transaction.commit().map_err(unavailable)?;
        Ok(Self {
            database: Arc::new(database),
            clock,
        })
    }

    /// Reads one state of the store, which others may change meanwhile.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadRows, Timestamp) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Self { database, clock } = self.clone();
        on_thread(move || {
            let transaction = database.begin_read().map_err(unavailable)?;
            let rows = transaction.open_table(TABLE).map_err(unavailable)?;
            work(&rows, clock.now())
        })
        .await
    }

    /// Reads and writes while nobody else writes; on the disk when it returns. Nothing is
    /// written when `work` fails. The time is that of the turn, not of the call.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Rows<'_>, Timestamp) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Self { database, clock } = self.clone();
        on_thread(move || {
            let transaction = database.begin_write().map_err(unavailable)?;
            let answer = {
                let mut rows = transaction.open_table(TABLE).map_err(unavailable)?;
                work(&mut rows, clock.now())?
            };
            transaction.commit().map_err(unavailable)?;
            Ok(answer)
        })
        .await
    }
}

/// Waits for the disk where no request waits for it.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(StoreError::unavailable)?
}
