//! Identity providers as data: what each writes into its tokens, and where its keys
//! are.
//!
//! A [`Provider`] has no network. It says which issuer, metadata, algorithms and
//! claims belong together; a verifier takes the claims from it
//! ([`Provider::apply`]), and whoever fetches keys the rest.
//!
//! ```
//! use portcullis::{jose::KeySet, verify::{Verifier, providers::Provider}};
//!
//! # let document = portcullis::jose::KeySet::from(
//! #     portcullis::jose::SigningKey::generate(portcullis::jose::Algorithm::ES256)?.verifying_key()).public_jwks();
//! # let document = document.as_bytes();
//! let keycloak = Provider::keycloak("https://login.example.com", "main")?;
//! let (keys, skipped) = KeySet::from_public_jwks(document, Some(keycloak.algorithms()))?;
//! let verifier = keycloak
//!     .apply(Verifier::builder().keys(keys))
//!     .audience("https://api.example.com")
//!     .build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What each checks, and how far it was tried, is in `docs/providers.md`.

mod auth0;
mod cognito;
mod entra;
mod github;
mod google;
mod keycloak;
mod kubernetes;
mod names;
mod okta;
mod provider;
mod settings;

pub use provider::Provider;
