//! An issuer whose keys are fetched.
//!
//! What is decided when is in [`schedule`](crate::schedule); here it is done. The
//! [`Feed`](feed::Feed) stands between requests and worker: requests ask it and
//! wait, the [`drive`](drive::drive) loop on the worker's thread fetches for it.

mod builder;
mod drive;
mod error;
mod feed;
mod handle;
mod health;
mod log;
mod origin;
mod told;

pub use builder::IssuerBuilder;
pub use error::IssuerError;
pub use handle::Issuer;
pub use health::IssuerHealth;
