//! Bearer-token authentication for any Rust HTTP service: the part that knows
//! the protocol, and no framework.
//!
//! Most services want an adapter, which brings this crate along:
//! `portcullis-axum`, `portcullis-actix`, `portcullis-hyper` or
//! `portcullis-tower`. For tokens of an identity provider each has the feature
//! `remote`: keys that are discovered and followed.
//!
//! ```
//! use portcullis::{
//!     guard::{Authenticator, Check},
//!     jose::{Algorithm, VerifyingKey},
//!     policy::Policy,
//!     verify::Verifier,
//! };
//!
//! let key = VerifyingKey::from_secret(Algorithm::HS256, b"a secret of 32 random bytes, or more")?;
//! let verifier = Verifier::builder()
//!     .keys(key)
//!     .issuer("https://issuer.example")
//!     .audience("https://api.example")
//!     .build()?;
//! let authenticator = Authenticator::new(verifier).require(Policy::scope("stations:read")?);
//!
//! // What an adapter does with every request:
//! let request = http::Request::get("/").header("authorization", "Bearer garbage").body(())?;
//! let Check::Ready(Err(rejection)) = authenticator.check(&request) else {
//!     unreachable!("garbage is refused at once");
//! };
//! assert_eq!(rejection.status(), 401);
//! assert_eq!(
//!     rejection.challenge().map(|value| value.as_ref()),
//!     Some(&br#"Bearer realm="api", error="invalid_token""#[..]),
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How a request flows
//!
//! ```text
//! head -> credentials -> verifier -> policy -> Authentication -> handler
//!              |             |          |
//!              +-------------+----------+--> Rejection -> status and challenge
//! ```
//!
//! # Modules
//!
//! | module | what it holds |
//! |---|---|
//! | [`head`] | what is seen of a request, whatever framework it came through |
//! | [`credentials`] | cutting a token out of header values, to the letter of RFC 9110 and RFC 6750; other places where one may be |
//! | [`csrf`] | requests that a browser was made to send |
//! | [`jose`] | algorithms, keys, key sets, compact signed tokens |
//! | [`claims`] | scopes and registered claims |
//! | [`verify`] | the [`Verifier`](verify::Verifier), what it accepts, and why it refuses; [identity providers](verify::providers) by name |
//! | [`policy`] | scopes, roles, freshness; what is empty denies |
//! | [`user`] | the application's own users: who the subject of a token is |
//! | [`challenge`] | refusals: status, `WWW-Authenticate`, body |
//! | [`cookies`] | tokens in cookies, for browsers |
//! | [`guard`] | the whole decision about one request, for adapters |
//! | [`issue`] | access tokens and application tokens in an API's own shape; [keys that roll over](issue::KeyRing) |
//! | [`config`] | settings from files and the environment: what is trusted, what is issued |
//! | [`session`] | refresh-token rotation, stores, revocation |
//! | [`metrics`] | what is counted and timed, and its names |
//! | [`endpoint`] | login, refresh, logout and the like as `Request` -> `Response`; what a service publishes about itself |
//!
//! # Features
//!
//! | feature | adds | costs |
//! |---|---|---|
//! | `aws-lc` (default) | cryptography by [aws-lc-rs](https://docs.rs/aws-lc-rs), which is quicker; it does the work where both are on | a C compiler |
//! | `rust-crypto` | cryptography in pure Rust, for targets such as `wasm32-unknown-unknown` | RSA verifies only |
//! | `ml-dsa` | keys and tokens of ML-DSA (RFC 9964) | turns `aws-lc` on |
//! | `jsonwebtoken` | `from_jsonwebtoken` of keys and key sets, `TryFrom` of its algorithms | a dependency on [jsonwebtoken](https://docs.rs/jsonwebtoken), without a cryptographic backend |
//! | `schema` | `schemars::JsonSchema` of the [configuration](config) | a dependency on [schemars](https://docs.rs/schemars) |
//! | `metrics` | reports what happens to the facade of that name; `metrics::describe` | a dependency on [metrics](https://docs.rs/metrics), and [some nanoseconds a request](https://github.com/portcullis-rs/portcullis/blob/main/docs/performance.md) |
//!
//! One of the first two must be on; [`jose`] says more. The crate runs on any async
//! runtime, or without one.

pub mod challenge;
pub mod claims;
pub mod config;
pub mod cookies;
pub mod credentials;
mod crypto;
pub mod csrf;
pub mod endpoint;
mod error;
pub mod guard;
pub mod head;
pub mod issue;
pub mod jose;
mod json;
pub mod metrics;
pub mod policy;
mod random;
pub mod secret;
pub mod session;
pub mod subject;
pub mod time;
pub mod user;
pub mod verify;

pub use error::ConfigError;

/// Its code is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/crypto.md")]
struct CryptoChapter;
