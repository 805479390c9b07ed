//! Asking issuers by HTTP.

mod client;
mod fetcher;
#[cfg(feature = "client")]
mod reqwest;

#[cfg(feature = "client")]
pub use self::reqwest::{Client, ClientBuilder};
pub use client::{BoxFuture, HttpClient};
pub(crate) use fetcher::Fetcher;
