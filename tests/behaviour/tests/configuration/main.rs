//! The configuration as files have it: its JSON Schemas, its documentation, and the
//! examples agree with what is read.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod agreement;
mod documentation;
mod schemas;

use std::path::PathBuf;

/// A file of the project.
fn project(path: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    PathBuf::from(root).join(path)
}
