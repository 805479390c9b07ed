//! A policy behind an authentication: transform and middleware.

mod service;
mod transform;

pub use service::RequireMiddleware;
pub use transform::Require;
