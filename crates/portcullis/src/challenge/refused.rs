//! What is known of a refusal when its body is written.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;

use super::{Reason, RefusalCode, RefusalKind, RejectionKind};

/// A refusal whose body is to be written: all that may be told of it, and nothing
/// that was sent.
#[derive(Clone, Debug)]
pub struct Refused<'r> {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) kind: RefusalKind,
    description: Cow<'r, str>,
    field: Option<&'r str>,
    pub(super) own: Own<'r>,
}

/// What the JSON of a refusal is made of besides.
#[derive(Clone, Copy, Debug)]
pub(super) enum Own<'r> {
    /// These words.
    Guard(RejectionKind, Option<&'static str>),
    /// Members that all errors of a route have.
    Endpoint(&'r BTreeMap<Cow<'static, str>, Value>),
    /// An RFC says how it looks.
    OAuth,
}

impl<'r> Refused<'r> {
    /// A refusal of a guard.
    pub(super) fn by_guard(kind: RejectionKind, reason: &Reason) -> Self {
        let words = reason.description();
        Self {
            status: kind.status(),
            code: kind.code(),
            kind: RefusalKind::Rejection(kind),
            description: match (words, kind, reason) {
                (Some(words), ..) => words.into(),
                (_, RejectionKind::InsufficientUserAuthentication, _) => {
                    reason.login_needed().into()
                }
                (.., Reason::Credentials(error)) => error.to_string().into(),
                // Which claim it was, whoever tries tokens shall not learn.
                _ => Cow::Borrowed(""),
            },
            field: None,
            own: Own::Guard(kind, words),
        }
    }

    /// A refusal of an endpoint. `constants` are members that all its errors have;
    /// there are none where RFC 6749 says what an error looks like.
    pub(crate) fn by_endpoint(
        status: u16,
        code: &'static str,
        kind: RefusalKind,
        description: &'r str,
        field: Option<&'r str>,
        constants: Option<&'r BTreeMap<Cow<'static, str>, Value>>,
    ) -> Self {
        Self {
            status,
            code,
            kind,
            description: Cow::Borrowed(description),
            field,
            own: constants.map_or(Own::OAuth, Own::Endpoint),
        }
    }

    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The error code, one of [`RefusalCode`].
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The kind.
    pub fn kind(&self) -> RefusalKind {
        self.kind
    }

    /// The title of the code: the same few words for all its refusals.
    pub fn title(&self) -> &'static str {
        RefusalCode::title_of(self.code).unwrap_or("Refused")
    }

    /// What was wrong in this case, where there is something to say: a sentence in
    /// lower case without a full stop.
    pub fn description(&self) -> Option<&str> {
        (!self.description.is_empty()).then_some(&self.description)
    }

    /// The name of the field that was wrong, where one was.
    pub fn field(&self) -> Option<&str> {
        self.field
    }

    /// Whether RFC 6749 section 5.2 says what the answer looks like: that of a token
    /// endpoint, or of a back-channel log-out. Clients and libraries look for its
    /// JSON there, which [`RefusalFormat::json`](super::RefusalFormat::json) writes.
    pub fn is_oauth(&self) -> bool {
        matches!(self.own, Own::OAuth)
    }
}
