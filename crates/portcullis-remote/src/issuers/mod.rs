//! Issuers that come and go.

mod builder;
mod registry;
mod table;
mod tenant;

pub use builder::IssuersBuilder;
pub use registry::Issuers;
pub use tenant::Tenant;
