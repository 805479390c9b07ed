//! Bearer-token authentication for any Rust HTTP service.

pub mod challenge;
pub mod claims;
pub mod credentials;
pub mod endpoint;
mod error;
pub mod guard;
pub mod issue;
pub mod jose;
pub mod policy;
pub mod secret;
pub mod session;
pub mod subject;
pub mod time;
pub mod verify;

pub use error::ConfigError;
