//! The fields of a body.

use crate::{
    endpoint::{
        name::Name,
        refusal::{FieldProblem, Refusal},
    },
    secret::SecretString,
};

/// The fields of a body that were asked for. A value may be a password, so all
/// are treated as one.
#[derive(Debug, Default)]
pub(in crate::endpoint) struct Fields(Vec<(Name, SecretString)>);

impl Fields {
    /// Adds a field that was asked for; a second one of its name is refused.
    pub(super) fn insert(&mut self, name: &Name, value: SecretString) -> Result<(), Refusal> {
        if self.0.iter().any(|(own, _)| own == name) {
            return Err(Refusal::Field(name.clone(), FieldProblem::Repeated));
        }
        // No name or secret has one, and databases fail on them.
        if value.expose().contains('\0') {
            return Err(Refusal::Field(name.clone(), FieldProblem::Malformed));
        }
        self.0.push((name.clone(), value));
        Ok(())
    }

    /// The field, if it was sent. One without value was not (RFC 6749 section
    /// 3.2).
    pub(in crate::endpoint) fn take(&mut self, name: &str) -> Option<SecretString> {
        let at = self.0.iter().position(|(own, _)| own == name)?;
        let (_, value) = self.0.swap_remove(at);
        (!value.expose().is_empty()).then_some(value)
    }

    /// The field, which must have been sent.
    pub(in crate::endpoint) fn require(&mut self, name: &Name) -> Result<SecretString, Refusal> {
        self.take(name)
            .ok_or_else(|| Refusal::Field(name.clone(), FieldProblem::Missing))
    }
}
