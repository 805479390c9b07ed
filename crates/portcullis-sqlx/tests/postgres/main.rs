//! The store on PostgreSQL, on a real server.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod confirm;
mod contract;
mod cut_off;
mod faults;
mod node;
mod odd_rows;
mod one_use;
mod pools;
mod schema;
mod server;
mod start;
mod store;
#[cfg(feature = "tls-rustls")]
mod tls;
mod watch;
