//! The token endpoints as services: on their own, or in front of another one.

mod future;
mod layer;
mod service;
mod with;

pub use future::{EndpointFuture, WithEndpointsFuture};
pub use layer::EndpointLayer;
pub use service::EndpointService;
pub use with::WithEndpoints;
