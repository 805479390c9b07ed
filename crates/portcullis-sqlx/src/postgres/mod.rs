//! Sessions on a PostgreSQL server.
//!
//! Any number of nodes share them. Each refresh is one `UPDATE` in which the
//! server decides by its own clock and which is on its disk before it is
//! answered. What must be ordered (a login and a log-out everywhere of the same
//! subject) waits for the row of its subject, on every node.
//!
//! # Faults
//!
//! A call ends within [`timeout`](PostgresStoreBuilder::timeout), whatever
//! happens: a server that is down, slow or cut off, a full disk, a pool with no
//! connection to spare. It then fails with
//! [`Unavailable`](portcullis::session::StoreErrorKind::Unavailable), which is
//! answered 503 and refuses nothing. A connection that breaks in the middle of
//! a call is replaced and the call repeated: all calls can be.
//!
//! # A primary that was replaced
//!
//! A server that was cut off goes on answering whoever still reaches it.
//! [`confirm`](portcullis::session::SessionStore::confirm) is the time of the last
//! commit of a row that is written for it, `portcullis_heartbeat`, by one node at a time and no more often than
//! it is asked for. With synchronous standbys (`synchronous_standby_names`) each commit
//! waits for them, so that it proves the primary. Without them it proves only that the
//! server can be written to.
//!
//! # Proxies
//!
//! Statements are prepared, and the feed listens, so a proxy such as PgBouncer must
//! pool sessions (`pool_mode = session`), not transactions: the store looks whether
//! its connections stay the same, and refuses a proxy that exchanges them. PgBouncer
//! also has to let pass what it knows nothing of:
//! `ignore_startup_parameters = extra_float_digits`; choose the schema by
//! [`schema`](PostgresStoreBuilder::schema) then, not by `options` in the URL.

mod announce;
mod at_hand;
mod beforehand;
mod builder;
mod clock;
mod error;
mod heartbeat;
mod key_rings;
mod lists;
mod one_use;
mod pool;
mod purge;
mod rotation;
mod schema;
mod sessions;
mod settings;
mod store;
mod subjects;
mod watch;

pub use self::{builder::PostgresStoreBuilder, store::PostgresStore};
