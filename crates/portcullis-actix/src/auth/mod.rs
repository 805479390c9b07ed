//! The middleware, its transform and its future.

mod future;
mod service;
mod transform;

pub use future::ResponseFuture;
pub use service::AuthMiddleware;
pub use transform::Auth;
