//! How a body carries its fields.

use http::HeaderMap;

use super::{fields::Fields, form, json, media_type};
use crate::endpoint::{name::Name, refusal::Refusal};

/// How a body carries its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::endpoint) enum Encoding {
    /// `application/json`: one object with members that are strings.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

impl Encoding {
    /// Whether the body is of this type.
    pub(in crate::endpoint) fn check(self, headers: &HeaderMap) -> Result<(), Refusal> {
        if media_type::is(headers, self.media_type()) {
            Ok(())
        } else {
            Err(Refusal::MediaType)
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }

    /// Reads the `wanted` fields of a body of this type; others are ignored,
    /// whatever they are.
    pub(in crate::endpoint) fn read(self, body: &[u8], wanted: &[Name]) -> Result<Fields, Refusal> {
        match self {
            Self::Json => json::read(body, wanted),
            Self::Form => form::read(body, wanted),
        }
    }
}
