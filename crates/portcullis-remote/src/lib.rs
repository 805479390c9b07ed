//! Everything that is fetched from an issuer: its metadata and its keys.

mod discovery;
mod error;
mod freshness;
mod http;
mod metadata;
mod source;
mod tenant;
mod url_rules;

pub use self::http::{BoxFuture, HttpClient};
#[cfg(feature = "client")]
pub use self::http::{Client, ClientBuilder};
pub use error::{FetchError, FetchErrorKind};
pub use metadata::Metadata;
pub use source::{Fetched, LeftOut, Source};
pub use tenant::TenantId;
