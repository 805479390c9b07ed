//! The token endpoints as services: on their own, or in front of another one.

mod future;
mod service;
mod with;

pub use future::{EndpointFuture, WithEndpointsFuture};
pub use service::EndpointService;
pub use with::WithEndpoints;
