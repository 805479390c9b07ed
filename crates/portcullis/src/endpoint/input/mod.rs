//! What a request says: JSON members, form fields, HTTP Basic.
//!
//! Whatever is wrong is told by the name of the field, never by its value.

mod basic;
mod form;
mod json;
mod media_type;

pub(super) use basic::{BasicCredentials, basic_credentials};

use http::HeaderMap;

use super::{refusal::Refusal, route::Name};
use crate::secret::SecretString;

/// How a body carries its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// `application/json`: one object with members that are strings.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

impl Encoding {
    /// Whether the body is of this type.
    pub(super) fn check(self, headers: &HeaderMap) -> Result<(), Refusal> {
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
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldProblem {
    Missing,
    Repeated,
    NotText,
    Malformed,
}

/// The fields of a body that were asked for. A value may be a password, so all
/// are treated as one.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(Name, SecretString)>);

impl Fields {
    /// Reads the `wanted` fields of `body`; others are ignored, whatever they
    /// are.
    ///
    /// A field without value is one that was not sent (RFC 6749 section 3.2).
    pub(super) fn read(
        encoding: Encoding,
        headers: &HeaderMap,
        body: &[u8],
        wanted: &[Name],
    ) -> Result<Self, Refusal> {
        encoding.check(headers)?;
        let fields = match encoding {
            Encoding::Json => json::read(body, wanted),
            Encoding::Form => form::read(body, wanted),
        }?;
        Ok(Self(fields))
    }

    /// The field, if it was sent.
    pub(super) fn take(&mut self, name: &str) -> Option<SecretString> {
        let at = self.0.iter().position(|(own, _)| own == name)?;
        let (_, value) = self.0.swap_remove(at);
        (!value.expose().is_empty()).then_some(value)
    }

    /// The field, which must have been sent.
    pub(super) fn require(&mut self, name: &Name) -> Result<SecretString, Refusal> {
        self.take(name)
            .ok_or_else(|| Refusal::Field(name.clone(), FieldProblem::Missing))
    }
}

/// Adds a field that was asked for; a second one of its name is refused.
fn insert(
    fields: &mut Vec<(Name, SecretString)>,
    name: &Name,
    value: SecretString,
) -> Result<(), Refusal> {
    if fields.iter().any(|(own, _)| own == name) {
        return Err(Refusal::Field(name.clone(), FieldProblem::Repeated));
    }
    // No name or secret has one, and databases fail on them.
    if value.expose().contains('\0') {
        return Err(Refusal::Field(name.clone(), FieldProblem::Malformed));
    }
    fields.push((name.clone(), value));
    Ok(())
}
