//! Sessions of [`portcullis`] in Redis (or Valkey), for services of many nodes.
//!
//! ```
//! use portcullis::session::SessionStore;
//! use portcullis_redis::RedisStore;
//!
//! # async fn example() -> Result<(), portcullis::session::StoreError> {
//! let store = RedisStore::connect("redis://127.0.0.1:6379/").await?;
//! let ticket = store.login_ticket().await?;
//! # let _ = ticket;
//! # Ok(())
//! # }
//! ```
mod builder;
mod connection;
mod error;
mod feed;
mod layout;
mod row;
mod script;
mod settings;
mod store;
mod watch;

pub use builder::RedisStoreBuilder;
pub use store::RedisStore;
