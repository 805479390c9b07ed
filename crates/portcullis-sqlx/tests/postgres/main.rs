//! The store on PostgreSQL, on a real server.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod confirm;
mod contract;
mod cut_off;
mod faults;
mod many_sessions;
mod many_workers;
mod node;
mod odd_rows;
mod one_use;
mod own_pool;
mod pgbouncer;
mod pools;
#[path = "../released/mod.rs"]
mod released;
mod released_tables;
mod schema;
mod server;
mod start;
mod store;
#[cfg(feature = "tls-rustls")]
mod tls;
mod upgrade;
mod versions;
mod watch;
