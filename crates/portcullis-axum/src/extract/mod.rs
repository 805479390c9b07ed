//! Extractors: what a layer left, a verification of its own, the raw token.

mod authenticated;
mod claims;
mod raw;
mod scoped;
mod source;
mod token;

pub use authenticated::Authenticated;
pub use claims::Claims;
pub use raw::{Bearer, Refresh};
pub use scoped::{Scoped, ScopedIfPresent};
pub use token::Token;
