//! Settings from files and environment variables.
//!
//! [`VerifierConfig`] and [`IssuerConfig`] are what an application's own loader reads,
//! beside its other settings; they read nothing but the files of keys that they name.
//! What is mandatory on the builders is mandatory here, what is `dangerous` there is
//! `dangerous` here, and a setting that nobody knows is an error.
//!
//! ```
//! use portcullis::config::VerifierConfig;
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Settings {
//!     listen: String,
//!     verifier: VerifierConfig,
//! }
//!
//! # let key = portcullis::jose::SigningKey::generate(portcullis::jose::Algorithm::ES256)?;
//! # let keys = portcullis::jose::KeySet::from(key.verifying_key()).public_jwks();
//! # let settings = serde_json::json!({ "listen": "127.0.0.1:8080", "verifier": {
//! #     "issuer": "https://login.example.com", "audience": "https://api.example",
//! #     "keys": keys, "algorithms": "ES256", "leeway": "30s" } }).to_string();
//! // [verifier]
//! // issuer = "https://login.example.com"
//! // audience = "https://api.example"
//! // keys_file = "/etc/service/issuer-keys.json"
//! // algorithms = "ES256"
//! // leeway = "30s"
//! let settings: Settings = serde_json::from_str(&settings)?;
//! let verifier = settings.verifier.build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Keys that are fetched, and issuers that are asked about each token, are built from
//! the same configuration by `portcullis_remote::VerifierLoader`.
//!
//! Every setting is in `docs/configuration.md`; the JSON Schemas beside it are made from
//! these types, which implement `schemars::JsonSchema` with the feature `schema`.

mod introspection;
mod issuer;
mod key_ring;
mod key_text;
mod keys;
mod named;
mod problems;
mod provider;
mod rules;
#[cfg(feature = "schema")]
mod schema;
mod trusted_issuer;
mod values;
mod verifier;

pub use introspection::{ClientCredentials, IntrospectionConfig};
pub use issuer::{IssuerConfig, ShapeName};
pub use key_ring::KeyRingConfig;
pub use named::{CacheConfig, DangerousConfig, KindClaim};
pub use problems::{ConfigProblem, ConfigProblems};
pub use provider::ProviderConfig;
pub use trusted_issuer::{KeyOrigin, TrustedIssuer};
pub use values::{OneOrMany, TimeSpan};
pub use verifier::VerifierConfig;

#[cfg(test)]
mod tests;
