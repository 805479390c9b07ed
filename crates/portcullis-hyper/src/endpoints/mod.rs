//! The token endpoints as services: on their own, or in front of another one.

mod service;
mod with;

pub use service::EndpointService;
pub use with::WithEndpoints;

/// An error of a request's body, of whatever type.
type BoxError = Box<dyn std::error::Error + Send + Sync>;
