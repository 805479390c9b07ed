//! Sessions of [`portcullis`] in an SQL database.
//!
//! [`SqliteStore`] keeps them in an SQLite file: nothing to install, nothing to
//! run, and every session survives a restart and a crash.
//!
//! ```
//! use portcullis::{session::SessionStore, time::SharedClock};
//! use portcullis_sqlx::SqliteStore;
//!
//! # async fn example(path: &std::path::Path) -> Result<(), portcullis::session::StoreError> {
//! let store = SqliteStore::open(path, SharedClock::default()).await?;
//! let ticket = store.login_ticket().await?;
//! # let _ = ticket;
//! # Ok(())
//! # }
//! ```
//!
//! | Feature | What it adds |
//! |---|---|
//! | `sqlite` (default) | [`SqliteStore`]; SQLite itself is compiled in |

mod migrations;
mod rotation;
mod row;
#[cfg(feature = "sqlite")]
pub mod sqlite;

#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
