//! The service and its future.

mod future;
mod service;

pub use future::ResponseFuture;
pub use service::Auth;
