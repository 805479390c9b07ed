//! Fetching from real servers on this machine, and from files.

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod discovery;
#[cfg(feature = "client")]
mod documents;
mod fetcher;
mod files;
mod logs;
#[cfg(feature = "client")]
mod server;
#[cfg(feature = "client")]
mod tls;
#[cfg(feature = "client")]
mod turned_clock;
