//! The layer, its service and its future.

mod body;
mod future;
mod layer;
mod service;

pub use body::{AnswerBody, AnyBody, ResponseBody, SameBody};
pub use future::ResponseFuture;
pub use layer::AuthLayer;
pub use service::Auth;
