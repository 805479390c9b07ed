//! Everything that is fetched from an issuer: its metadata and its keys.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use portcullis_axum::{AuthLayer, Token};
//! use portcullis_remote::Issuer;
//!
//! async fn hello(token: Token) -> String {
//!     format!("hello, {}", token.subject_name().unwrap_or("stranger"))
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let issuer = Issuer::discover("https://login.example.com/realms/main").await?;
//! let verifier = issuer.verifier().audience("https://api.example").build()?;
//! let app: Router = Router::new()
//!     .route("/hello", get(hello))
//!     .layer(AuthLayer::new(verifier));
//! # Ok(())
//! # }
//! ```
//!
//! # How keys come
//!
//! ```text
//! token -> Verifier -> key is known ----------------------------------> accepted
//!              |                                  ^
//!              +-- key is missing -> Issuer: wait | (2 s at most)
//!                                       |         |
//! Worker, a thread of its own ----------+-> Source: metadata, key set, file
//! ```
//!
//! * A known key never waits. Keys are fetched ahead of their expiry, and when a
//!   token needs one that is not there: by one fetch for all who need it, which
//!   nobody's leaving ends.
//! * While the issuer is down its keys go on for an hour, then there is a 503 with
//!   `Retry-After`; as there is about a key of which nobody can say anything. A 401
//!   is given only by keys that were fetched after the token came, or are not five
//!   seconds old.
//! * Random key ids cost a fetch every five seconds at most, and only in tokens that
//!   would otherwise be accepted.
//!
//! | to | use |
//! |---|---|
//! | start only with keys | [`Issuer::discover`], [`IssuerBuilder::connect`] |
//! | start whether the issuer is up or not | [`Issuer::lazy`], [`IssuerBuilder::build`] |
//! | start with the keys of yesterday | [`IssuerBuilder::seed_file`] |
//! | have keys from elsewhere | [`IssuerBuilder::keys_url`], [`keys_file`](IssuerBuilder::keys_file), [`keys_from`](IssuerBuilder::keys_from) |
//! | build what a configuration says | [`VerifierLoader`] |
//! | trust several issuers | [`Verifier::combine`](portcullis::verify::Verifier::combine) |
//! | trust tenants that come and go | [`Issuers::resolve`] |
//! | tell whether tokens can be verified | [`Issuer::health`], [`Issuer::ready`] |
//! | send the requests yourself | [`HttpClient`] |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `aws-lc` (default), `rust-crypto`, `ml-dsa` | the core's features of those names: which library does the cryptography |
//! | `client` (default) | `Client`: HTTP on rustls, with the system's roots and the environment's proxies |
//! | `metrics` | how keys and answers of issuers are, for the recorder of the facade [metrics](https://docs.rs/metrics) |

mod discovery;
mod error;
mod freshness;
mod http;
mod introspection;
mod issuer;
mod issuers;
mod loader;
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
pub use introspection::{ClientAuth, Introspector, IntrospectorBuilder};
pub use issuer::{Issuer, IssuerBuilder, IssuerError, IssuerHealth};
pub use issuers::{Issuers, IssuersBuilder, Tenant};
pub use loader::{LoadError, VerifierLoader};
pub use metadata::Metadata;
pub use source::{Fetched, LeftOut, Source};
pub use tenant::TenantId;
pub use worker::Worker;

/// Its code is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/introspection.md")]
struct IntrospectionChapter;
