//! The demos in a real Chromium.
//!
//! A [`Stage`](stage::Stage) is what a test gets: a demo as a process, a server
//! with TLS in front of it ([`front`]) that also serves the pages of the
//! documentation and of attackers, and a browser with a profile of its own
//! ([`browser`]). The front remembers every request that the browser sent, and can
//! hold answers up, lose them or put another in their place.
//!
//! Where Chromium or its driver is missing, one line says that the tests were left
//! out and they pass, unless `PORTCULLIS_TEST_REQUIRE_BROWSER` is set.

// A test suite fails by panicking.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

pub mod axios;
pub mod browser;
pub mod demo;
mod driver;
pub mod front;
mod installed;
pub mod interceptors;
mod patience;
pub mod stage;
pub mod token;
