//! The service and its future.

mod future;
mod service;

pub use future::{ResponseFuture, Waiting};
pub use service::Auth;
