//! What a provider's tokens look like, as data.

use crate::verify::VerifierBuilder;

/// The settings of a verifier for one kind of a provider's tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    /// Whether they are ID tokens.
    pub(super) id_tokens: bool,
    /// Whether `azp` may name the subject itself.
    pub(super) asked_by_subject: bool,
    pub(super) subject: Option<&'static str>,
    pub(super) client: Option<&'static str>,
    pub(super) scope: Option<&'static str>,
    /// The claim that stands for `aud`.
    pub(super) audience: Option<&'static str>,
    /// The claim that names the kind of token, and what it says.
    pub(super) kind: Option<(&'static str, &'static str)>,
    pub(super) required: &'static [&'static str],
    /// Claims of which one must say something.
    pub(super) one_of: &'static [&'static str],
    pub(super) refused: &'static [&'static str],
    /// Claims of which one must be the text beside it; none: no such rule.
    pub(super) values: Vec<(&'static str, Box<str>)>,
}

impl Settings {
    pub(super) fn apply<K, I, A>(
        &self,
        mut builder: VerifierBuilder<K, I, A>,
    ) -> VerifierBuilder<K, I, A> {
        if self.id_tokens {
            builder = builder.id_tokens();
        }
        if self.asked_by_subject {
            builder = builder.asked_by_subject();
        }
        if let Some(name) = self.subject {
            builder = builder.subject_claim(name);
        }
        if let Some(name) = self.client {
            builder = builder.client_claim(name);
        }
        if let Some(name) = self.scope {
            builder = builder.scope_claim(name);
        }
        if let Some(name) = self.audience {
            builder = builder.audience_claim(name);
        }
        if let Some((name, kind)) = self.kind {
            builder = builder.kind_claim(name, kind);
        }
        if !self.one_of.is_empty() {
            builder = builder.require_any_claim(self.one_of.iter().copied());
        }
        if !self.values.is_empty() {
            let values = self.values.iter().map(|(name, value)| (*name, &**value));
            builder = builder.require_any_value(values);
        }
        builder
            .require_claims(self.required.iter().copied())
            .refuse_claims(self.refused.iter().copied())
    }
}
