//! Everything that is fetched from an issuer: its metadata and its keys.

mod discovery;
mod error;
mod freshness;
mod http;
mod issuer;
mod issuers;
mod metadata;
mod schedule;
mod source;
mod tenant;
#[cfg(test)]
mod tests;
mod url_rules;
mod worker;

pub use self::http::{BoxFuture, HttpClient};
#[cfg(feature = "client")]
pub use self::http::{Client, ClientBuilder};
pub use error::{FetchError, FetchErrorKind};
pub use issuer::{Issuer, IssuerBuilder, IssuerError, IssuerHealth};
pub use issuers::{Issuers, IssuersBuilder, Tenant};
pub use metadata::Metadata;
pub use source::{Fetched, LeftOut, Source};
pub use tenant::TenantId;
pub use worker::Worker;
