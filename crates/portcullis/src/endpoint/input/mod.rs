//! What a request says: JSON members, form fields, HTTP Basic.
//!
//! Whatever is wrong is told by the name of the field, never by its value.

mod basic;
mod encoding;
mod fields;
mod form;
mod json;
mod media_type;

pub(super) use basic::{BasicCredentials, basic_credentials};
pub(super) use encoding::Encoding;
pub(super) use fields::Fields;
