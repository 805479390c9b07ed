//! Asking issuers about tokens that only they can read (RFC 7662).

mod answer;
mod builder;
mod client_auth;
mod endpoint;
mod failure;
mod introspector;
mod memory;
mod token;

pub use builder::IntrospectorBuilder;
pub use client_auth::ClientAuth;
pub use introspector::Introspector;
