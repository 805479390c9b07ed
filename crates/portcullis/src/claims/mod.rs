//! What a token says: registered claims, audience, scope, dates.
//!
//! The registered claims (RFC 7519 section 4.1) are read by the family itself,
//! from borrowed bytes, before a user's type is built: a user's type cannot
//! lie about `exp`.

mod acr;
mod addressee;
mod freshness;
mod further;
mod key_confirmation;
mod names;
mod numeric_date;
mod path;
mod registered;
mod scope;
mod shape;
mod texts;

pub use acr::{AcrError, AcrValues};
pub(crate) use addressee::Addressee;
pub(crate) use freshness::Freshness;
pub(crate) use further::FurtherClaims;
pub use key_confirmation::KeyConfirmation;
pub(crate) use names::{Claim, ClaimNames, EVENTS, RESERVED};
pub(crate) use numeric_date::NumericDate;
pub(crate) use path::text_at;
pub(crate) use registered::RegisteredClaims;
pub use scope::{ScopeError, ScopeSet, is_scope_token};
pub(crate) use scope::{granted_by, is_canonical};
pub(crate) use shape::Typ;
pub use shape::{AudienceForm, TokenShape};
pub(crate) use texts::Texts;
