//! Where keys come from.

mod discovered;
mod document;
mod fetched;
mod files;
mod fixed;
mod key_file;
mod left_out;
mod reader;

pub(crate) use discovered::Discovered;
pub(crate) use document::JwksUrl;
pub use fetched::{Fetched, Source};
pub(crate) use files::KeyFiles;
pub use left_out::LeftOut;
pub(crate) use reader::Reader;
