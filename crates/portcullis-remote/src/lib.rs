//! Everything that is fetched from an issuer: its metadata and its keys.

mod discovery;
mod error;
mod freshness;
mod http;
mod introspection;
mod metadata;
mod source;
mod tenant;
mod url_rules;
mod worker;

pub use self::http::{BoxFuture, HttpClient};
#[cfg(feature = "client")]
pub use self::http::{Client, ClientBuilder};
pub use error::{FetchError, FetchErrorKind};
pub use introspection::{ClientAuth, Introspector, IntrospectorBuilder};
pub use metadata::Metadata;
pub use source::{Fetched, LeftOut, Source};
pub use tenant::TenantId;
pub use worker::Worker;

/// Its code is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/introspection.md")]
struct IntrospectionChapter;
