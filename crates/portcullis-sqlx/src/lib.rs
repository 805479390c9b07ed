//! Sessions of [`portcullis`] in an SQL database.
//!
//! [`SqliteStore`] keeps them in an SQLite file: nothing to install, nothing to
//! run, and every session survives a restart and a crash. `PostgresStore` keeps
//! them on a PostgreSQL server, for any number of nodes.
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
//! | `aws-lc` (default), `rust-crypto`, `ml-dsa` | the core's features of those names: which library does the cryptography |
//! | `sqlite` (default) | [`SqliteStore`]; SQLite itself is compiled in |
//! | `postgres` | `PostgresStore` |
//! | `tls-rustls` | encrypted connections to PostgreSQL, by rustls with aws-lc-rs |
//!
//! Without `tls-rustls`, or one of the TLS features of `sqlx` itself, a connection
//! URL with `sslmode=require` is refused, and one that does not say is not
//! encrypted: over a network, switch it on and say `sslmode=verify-full`.

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
compile_error!("there is no store without a feature: switch on `sqlite` or `postgres`");

mod cut_off;
mod log_out;
mod migrations;
mod poll;
#[cfg(feature = "postgres")]
pub mod postgres;
mod revocations;
mod rotation;
mod row;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod to_the_end;

pub use migrations::Migration;
pub use poll::poll;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
