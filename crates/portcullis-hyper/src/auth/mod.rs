//! The service and its future.

mod service;

pub use service::{Auth, ResponseFuture, Waiting};
