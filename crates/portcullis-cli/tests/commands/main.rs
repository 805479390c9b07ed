//! The program as it is run: arguments, standard input and files in; text, JSON,
//! files and exit codes out.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod config;
mod explain;
mod guide;
mod inspect;
mod issuer;
mod keys;
mod mint;
mod openssl;
mod program;
mod streams;
