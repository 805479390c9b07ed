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
//! Subjects are spread over 256 shards, one for each 64 slots of a cluster. All keys of a
//! shard have a hash tag `{prefix:s…}` of its own, so a step that concerns a subject stays
//! in one slot:
//!
//! | Key | Content | Goes |
//! |---|---|---|
//! | `…:s:<id>` | a session, as JSON | some time after its deadline or its end |
//! | `…:u:<subject>` | its subject's last log-out, and its sessions in two orders | with the last of them |
//! | `…:a:<id>` | an application token | some time after it was removed |
//! | `…:l:<subject>` | its subject's live ones | with the last of them |
//! | `…:t:<id>` | a revoked access token | when the token expires |
//! | `…:once:<digest>` | who used first what may be used once | when that expires |
//! | `…:cut` | the last log-out of everybody of each realm, and which log-outs are waiting for replicas | never |
//! | `…:feed` | what was revoked lately, by time | never; its entries some time later |
//! | `…:proof` | when its server was confirmed last | never |
//! | `…:mark` | nothing: it is written to wait for replicas | soon |
//!
//! "Some time" is [`keep`](RedisStoreBuilder::keep): the server forgets by itself,
//! and `purge` only trims the feeds. A revocation and its entry in the feed are
//! written by one script, so neither is ever there without the other.
//!
//! Keys that belong to no shard: `{prefix}:order:2` is the last place given in the
//! order of logins and log-outs: microseconds that never repeat nor go back, so
//! that even the loss of the key does not disturb the order. A ticket is good for
//! an hour, and the mark of a log-out is kept for two at least, so no ticket
//! outlives a mark that concerns it. `{prefix}:layout` says which layout this is, and
//! `{prefix}:ring:<name>` holds a key ring. `{prefix}:keep` is how long what is over is
//! kept, for all nodes to agree on; `{prefix}:proof` and `{prefix}:mark` are those of a
//! server alone.
//!
//! # Many sessions of one subject
//!
//! Everybody waits while a script runs, so each looks at a few hundred sessions at most.
//! A list is read in pages of up to 200. A log-out everywhere first writes a mark with its
//! place in the order and its time: whoever reads a session from then on takes it for
//! ended, so that nothing can be refreshed any more. Application tokens, which never expire,
//! are taken off the list in the same step. Then the rows are written and told in
//! batches of 200. If the caller goes away in between, the mark stays for as long as there
//! is a session that it has ended; made again, the log-out writes the rest. A login beyond
//! the limit of its subject ends up to 400 sessions; if there are more, as when a limit is
//! new, the next logins go on.
//!
//! # While a cluster is resharded
//!
//! Scripts declare every key that they touch; which rows a list or a log-out is about, they
//! say first, and are asked again. So in a slot that moves they run where all their keys
//! are, or not at all: what is then answered is waited for within
//! [`timeout`](RedisStoreBuilder::timeout), and after that it is a 503. Nobody is refused.
//! A session is unavailable from when the first of its keys moves until the last
//! has, which is the feed of the shard as a rule; logins of new sessions for as long as the
//! slot takes. Of the slots 256 have keys, so a slot has the sessions of 0.4 % of
//! the subjects.
//!
//! # From the layout before
//!
//! Up to version 0.3 there were 16 shards, unless set. What is in them is found and brought
//! over, subject by subject, when a node of this version first has to do with it: nobody is
//! logged out. The first node of this version that connects takes the order of logins and
//! log-outs over, so that older nodes can neither log in nor log out everywhere any more;
//! those that still run refresh and end sessions that have not been brought over, which
//! counts, and fail at the others. There is no way back. The feeds of both are read.
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

mod agree;
mod ask;
mod attempt;
mod builder;
mod confirm;
mod connection;
mod devices;
mod entry;
mod error;
mod feed;
mod keep;
mod keys;
mod layout;
mod log_out;
mod moving;
mod old;
mod revoked;
mod rotation;
mod row;
mod run;
mod script;
#[cfg(feature = "sentinel")]
mod sentinel;
mod server;
mod sessions;
mod settings;
mod slots;
mod store;
mod watch;

pub use builder::RedisStoreBuilder;
pub use store::RedisStore;
