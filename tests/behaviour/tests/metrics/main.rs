//! What is counted is what was sent, whatever the adapter; and nothing of what was
//! sent is in a label.
//!
//! The recorder is the process's own, so this is a program of its own, whose tests go
//! one after the other.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod docs;
mod recorded;
mod requests;
mod sessions;
