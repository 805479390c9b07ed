//! A policy behind an authentication: layer and service.

mod layer;
mod service;

pub use layer::RequireLayer;
pub use service::Require;
