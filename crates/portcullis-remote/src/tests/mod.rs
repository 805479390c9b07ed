//! Fetching from real servers on this machine, and from files.

mod client;
mod discovery;
mod documents;
mod fetcher;
mod files;
mod logs;
mod server;
#[cfg(feature = "client")]
mod tls;
mod turned_clock;
