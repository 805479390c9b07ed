//! One table of real requests and expected answers, run against every adapter.
//!
//! A [`Site`](site::Site) describes an application once: routes, what protects
//! them, and the token endpoints. Each adapter builds it ([`apps`]) and serves
//! it on a socket of its own. [`Case`](case::Case)s are requests to the byte
//! and what must come back; [`run`] sends every case to every adapter, looks at
//! the answers, and demands that they be the same.
//!
//! A behaviour is judged against the specifications, which the cases cite.

// A test suite fails by panicking.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

pub mod answer;
pub mod apps;
pub mod backend;
pub mod case;
pub mod challenge;
pub mod client;
pub mod invariants;
pub mod run;
pub mod site;

/// What the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}

/// What the page about adapters shows compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/writing-an-adapter.md")]
mod writing_an_adapter {}

/// The code of `docs/publishing.md` compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/publishing.md")]
mod publishing {}

/// What the page about keys that roll over shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/keys.md")]
mod keys {}

/// What the page about identity providers shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers.md")]
mod providers {}

/// What the page about CORS shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/cors.md")]
mod cors {}

/// What the page about WebSockets and streams shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/websockets.md")]
mod websockets {}

/// What the page about refusals shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/refusals.md")]
mod refusals {}

/// What the page about a 401 shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/explain.md")]
mod explain {}

/// What the page about browsers shows compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/browsers.md")]
mod browsers {}

/// What the page about policies shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/policies.md")]
mod policies {}

/// The code of `docs/configuration.md` compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/configuration.md")]
mod configuration {}

/// What the page about users shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/users.md")]
mod users {}
