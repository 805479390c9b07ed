//! What a service publishes about itself: documents that are the same for
//! everybody, and may be kept for a while.

mod discovery;
mod document;
mod entity_tag;
mod key_set;
mod place;
mod published;
mod resource;

pub use discovery::Discovery;
pub(super) use document::{Document, Lifetime};
pub(super) use key_set::key_set;
pub(super) use place::{Mount, Place};
pub(super) use published::Published;
pub use resource::ResourceMetadata;
