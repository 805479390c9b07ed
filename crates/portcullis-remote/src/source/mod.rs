//! Where keys come from.

mod fetched;

pub use fetched::{Fetched, Source};
