//! What a token says: registered claims, audience, scope, dates.
//!
//! The registered claims (RFC 7519 section 4.1) are read by the family itself,
//! from borrowed bytes, before a user's type is built: a user's type cannot
//! lie about `exp`.

mod numeric_date;
mod path;
mod registered;
mod scope;
mod shape;

pub(crate) use numeric_date::NumericDate;
pub(crate) use path::text_at;
pub(crate) use registered::{ClaimNames, RegisteredClaims, Texts};
pub(crate) use scope::is_canonical;
pub use scope::{ScopeError, ScopeSet, is_scope_token};
pub use shape::{AudienceForm, TokenShape};
pub(crate) use shape::{RESERVED, Typ, check_names};
