//! Sessions of [`portcullis`] in Redis or Valkey, for services of many nodes.
//!
//! ```
//! use portcullis::{
//!     session::{DynSessionStore, Revocations, StoreError},
//!     time::SharedClock,
//! };
//! use portcullis_redis::RedisStore;
//! use std::time::Duration;
//!
//! # async fn example() -> Result<(), StoreError> {
//! let store = RedisStore::connect("redis://127.0.0.1:6379/").await?;
//!
//! // What this node knows about revoked tokens, and the task that keeps it up to date.
//! let sessions = DynSessionStore::new(store.clone());
//! let longest_access_token = Duration::from_secs(3600);
//! let revocations = Revocations::new(sessions, SharedClock::default(), longest_access_token);
//! revocations.sync().await?;
//! tokio::spawn(store.watch(revocations.clone()));
//! # Ok(())
//! # }
//! ```
//!
//! | Feature | What it adds |
//! |---|---|
//! | `aws-lc` (default), `rust-crypto`, `ml-dsa` | the core's features of those names: which library does the cryptography |
//! | `cluster` | `RedisStore::cluster` |
//! | `sentinel` | `RedisStore::sentinel` |
//! | `tls` | `rediss://` URLs, with rustls; the application installs its crypto provider |
//!
//! # How it works
//!
//! Every step is one Lua script, so that nothing comes between its parts, and the
//! time is the server's (`TIME`). A refresh is one round trip. The scripts follow
//! [`portcullis::session::rules`], and the outcome is read off the row that they
//! leave by the very same rules. A server that has lost the scripts is sent them
//! again. Redis 6 or newer; Valkey is the same.
//!
//! Subjects are spread over a fixed number of
//! [shards](RedisStoreBuilder::shards). All keys of a shard have the hash tag
//! `{prefix:shard}`, so a step that concerns a subject stays in one slot of a
//! cluster:
//!
//! | Key | Content | Goes |
//! |---|---|---|
//! | `…:s:<id>` | a session, as JSON | some time after its deadline or its end |
//! | `…:i:<subject>` | its subject's sessions | with the last of them |
//! | `…:a:<id>` | an application token | some time after it was removed |
//! | `…:l:<subject>` | its subject's live ones | with the last of them |
//! | `…:o:<subject>` | the last log-out everywhere | some time later |
//! | `…:t:<id>` | a revoked access token | when the token expires |
//! | `…:feed` | what was revoked lately, by time | some time after the last entry |
//!
//! | `…:proof` | when its server was confirmed last | never |
//! | `…:mark` | nothing: it is written to wait for replicas | soon |
//! | `…:mark:<name>` | nothing: where it is, a log-out is | soon |
//!
//! "Some time" is [`keep`](RedisStoreBuilder::keep): the server forgets by itself,
//! and `purge` only trims the feeds. A revocation and its entry in the feed are
//! written by one script, so neither is ever there without the other. A call
//! that names a session or an application token without its subject asks all
//! shards at once; there is no second index that a crash could leave behind.
//!
//! Some keys belong to no shard. `{prefix}:order` is the last place given in the
//! order of logins and log-outs: microseconds that never repeat nor go back, so
//! that even the loss of the key does not disturb the order. A ticket is good for
//! an hour, and the mark of a log-out is kept for two at least, so no ticket
//! outlives a mark that concerns it. `{prefix}:layout` is the number of shards, and
//! `{prefix}:keep` how long what is over is kept, for all nodes to agree on.
//! `{prefix}:proof` and `{prefix}:mark` are those of a server alone.
//!
//! # What can be lost
//!
//! A call that fails has refused nothing: the answer is 503, within
//! [`timeout`](RedisStoreBuilder::timeout) (twice that where a server has lost
//! the scripts), and the same token works again. A command whose connection broke
//! is sent once more, so that a restart goes unnoticed; every step can be
//! repeated, but of two identical log-outs only the first says that it ended
//! something.
//!
//! With `appendonly yes`, `appendfsync always` and `maxmemory-policy noeviction`
//! nothing that was answered is lost by a crash. [`RedisStoreBuilder::connect`]
//! warns about other settings. With `appendfsync everysec` a crash of the machine
//! loses about a second; a fail-over to a replica loses what had not been
//! replicated, as replication is asynchronous (`min-replicas-to-write` bounds it, with
//! Redis 6 for no step but the proofs, as it does not look at scripts).
//! Of what is lost,
//!
//! * a refresh costs nothing: its token is newer than the row, which the rules
//!   know and forgive;
//! * a login has to be made again;
//! * a **log-out or detected theft is undone**: the session can be refreshed
//!   again by whoever has its token. Nodes that had heard of it go on refusing its
//!   access tokens.
//!
//! A log-out that is answered only once
//! [replicas have it](RedisStoreBuilder::log_outs_reach_replicas) is not among them if
//! one of those is promoted. Where none must be, use PostgreSQL.
//!
//! # A primary that was replaced
//!
//! One that was cut off from the others goes on answering whoever still reaches it.
//! [`confirm`](portcullis::session::SessionStore::confirm) proves that it has not been:
//! one node at a time, for all, and no more often than it is asked for, writes to it and
//! waits until [so many replicas](RedisStoreBuilder::confirmed_by_replicas) have that, on a
//! connection of its own, since `WAIT` blocks the connection. In a cluster this goes for each
//! primary that has a shard, and the oldest proof counts. What is read proves nothing,
//! nor does a write where no replica is asked for more than that the server takes it. A
//! server that has become a replica fails, whatever it has proven.
//!
//! # While the feed is down
//!
//! See [`RedisStore::watch`]. A message that is lost only delays, by
//! [`poll_interval`](RedisStoreBuilder::poll_interval). When the store cannot be
//! read either, the snapshot says so after
//! [`max_silence`](portcullis::session::Revocations::with_max_silence), and access
//! tokens are answered 503.

mod ask;
mod builder;
mod confirm;
mod connection;
mod devices;
mod entry;
mod error;
mod feed;
mod keep;
mod layout;
mod log_out;
mod old;
mod revoked;
mod row;
mod run;
mod script;
mod server;
mod sessions;
mod settings;
mod slots;
mod store;
mod watch;

pub use builder::RedisStoreBuilder;
pub use store::RedisStore;
