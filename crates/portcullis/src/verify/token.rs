//! What a verified token says, in one allocation.

use std::{any::Any, borrow::Cow, ops::Range, sync::Arc};

use serde::de::DeserializeOwned;

use super::ClaimsError;
use crate::{
    claims::{RegisteredClaims, ScopeSet, Texts, granted_by, is_canonical},
    json::Name,
    subject::Subject,
    time::Timestamp,
};

/// What a token says.
#[derive(Clone)]
pub(super) struct Token {
    /// The claims' JSON, and behind it the texts that stand otherwise in it:
    /// one allocation for all.
    text: Arc<str>,
    json: Span,
    pub(super) realm: Arc<str>,
    pub(super) subject: Option<Span>,
    pub(super) token_id: Option<Span>,
    pub(super) session_id: Option<Span>,
    pub(super) client_id: Option<Span>,
    pub(super) issuer: Option<Span>,
    /// The `cnf` claim, in JSON.
    pub(super) confirmation: Option<Span>,
    scope: Span,
    pub(super) fresh: bool,
    /// Whether an issuer of this service made it, so that its `sid` names an
    /// own session.
    pub(super) own_issuer: bool,
    /// Whether its issuer was asked about it, and is asked again.
    pub(super) introspected: bool,
    pub(super) issued_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) auth_time: Option<Timestamp>,
    /// What its verifier left for whoever asks about it later, and is itself asked
    /// about tokens, so that its type cannot be known here.
    pub(super) oversight: Option<Arc<dyn Any + Send + Sync>>,
}

/// A part of [`Token::text`]; tokens are far smaller than 4 GiB.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn new(start: usize, length: usize) -> Self {
        let end = start.saturating_add(length);
        let [start, end] = [start, end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        Self { start, end }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Where each text stands.
struct Layout<'a> {
    json: &'a str,
    /// What is written behind the JSON: texts with escapes in them, and scopes
    /// in more than one text.
    behind: String,
}

impl Layout<'_> {
    fn place(&mut self, name: &Name<'_>) -> Span {
        match &name.0 {
            Cow::Borrowed(text) => self.place_part(text),
            Cow::Owned(text) => self.append(text),
        }
    }

    /// A part of the JSON itself.
    fn place_part(&self, text: &str) -> Span {
        let start = text.as_ptr() as usize;
        Span::new(start.wrapping_sub(self.json.as_ptr() as usize), text.len())
    }

    fn place_scope(&mut self, claims: &[Option<Texts<'_>>]) -> Span {
        let texts = || claims.iter().flatten().flat_map(Texts::as_slice);
        match (texts().next(), texts().nth(1)) {
            (Some(only), None) if is_canonical(only) => self.place(only),
            _ => self.append(&granted_by(texts().map(|text| &**text))),
        }
    }

    fn append(&mut self, text: &str) -> Span {
        let start = self.json.len() + self.behind.len();
        self.behind.push_str(text);
        Span::new(start, text.len())
    }

    fn finish(self) -> Arc<str> {
        if self.behind.is_empty() {
            Arc::from(self.json)
        } else {
            Arc::from([self.json, &self.behind].concat())
        }
    }
}

impl Token {
    /// What `claims`, which were read from `json` and checked, say at `now`.
    pub(super) fn new(
        json: &str,
        realm: Arc<str>,
        claims: &RegisteredClaims<'_>,
        now: Timestamp,
    ) -> Self {
        let behind = String::new();
        let mut layout = Layout { json, behind };
        let mut place = |name: &Option<Name<'_>>| name.as_ref().map(|name| layout.place(name));
        let subject = place(&claims.subject);
        let token_id = place(&claims.token_id);
        let session_id = place(&claims.session_id);
        let client_id = place(&claims.client_id);
        let issuer = place(&claims.issuer);
        let confirmation = claims.confirmation.map(|json| layout.place_part(json));
        let scope = layout.place_scope(&claims.scopes);
        let text = layout.finish();
        Self {
            json: Span::new(0, json.len()),
            realm,
            subject,
            token_id,
            session_id,
            client_id,
            issuer,
            confirmation,
            scope,
            text,
            fresh: claims.fresh.is_some_and(|fresh| fresh.holds_at(now)),
            own_issuer: false,
            introspected: false,
            issued_at: claims.issued_at.map(|date| date.0),
            expires_at: claims.expires_at.map(|date| date.0),
            auth_time: claims.auth_time.map(|date| date.0),
            oversight: None,
        }
    }

    pub(super) fn claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        let json = self.claims_json();
        serde_json::from_str(json).map_err(|error| ClaimsError::new(&error, json))
    }

    pub(super) fn claims_json(&self) -> &str {
        self.part(Some(self.json)).unwrap_or_default()
    }

    pub(super) fn subject(&self) -> Option<Subject> {
        let name = self.part(self.subject)?;
        Some(Subject::new(self.realm.clone(), name))
    }

    pub(super) fn scope(&self) -> ScopeSet {
        ScopeSet::of_part(&self.text, self.scope.range())
    }

    /// In bytes, without the struct itself.
    pub(super) fn size(&self) -> usize {
        self.text.len()
    }

    pub(super) fn part(&self, span: Option<Span>) -> Option<&str> {
        self.text.get(span?.range())
    }
}
