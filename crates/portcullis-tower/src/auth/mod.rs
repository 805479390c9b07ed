//! The layer, its service and its future.

mod layer;
mod service;

pub use layer::AuthLayer;
pub use service::{Auth, ResponseFuture, Waiting};
