//! The token endpoints as services: on their own, or in front of another one.

mod layer;
mod service;
mod with;

pub use layer::EndpointLayer;
pub use service::EndpointService;
pub use with::WithEndpoints;
