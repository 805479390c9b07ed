//! A token that passed every check.

use std::{borrow::Cow, fmt, ops::Range, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{
    claims::{RegisteredClaims, ScopeSet, Texts, is_canonical, is_scope_token},
    jose::strict_json::Name,
    subject::Subject,
    time::Timestamp,
};

/// A verified access token; cheap to clone.
///
/// It is untyped: [`claims`](Self::claims) builds the application's own type
/// from it.
#[derive(Clone)]
pub struct Verified {
    /// The claims' JSON, and behind it the texts that stand otherwise in it:
    /// one allocation for all.
    text: Arc<str>,
    json: Span,
    realm: Arc<str>,
    subject: Option<Span>,
    token_id: Option<Span>,
    session_id: Option<Span>,
    client_id: Option<Span>,
    issuer: Option<Span>,
    scope: ScopeSet,
    fresh: bool,
    issued_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    auth_time: Option<Timestamp>,
}

/// A part of [`Verified::text`]; tokens are far smaller than 4 GiB.
#[derive(Clone, Copy)]
struct Span {
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
            Cow::Borrowed(text) => {
                let start = text.as_ptr() as usize;
                Span::new(start.wrapping_sub(self.json.as_ptr() as usize), text.len())
            }
            Cow::Owned(text) => self.append(text),
        }
    }

    /// Whatever is not a scope token grants nothing.
    fn place_scope(&mut self, claims: &[Option<Texts<'_>>]) -> Span {
        let texts = || claims.iter().flatten().flat_map(Texts::as_slice);
        match (texts().next(), texts().nth(1)) {
            (Some(only), None) if is_canonical(only) => self.place(only),
            _ => {
                let tokens = texts().flat_map(|text| text.split(' '));
                let set = ScopeSet::from_tokens(tokens.filter(|token| is_scope_token(token)));
                self.append(set.unwrap_or_default().as_str())
            }
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

impl Verified {
    /// What `claims`, which were read from `json` and checked, say.
    pub(super) fn new(json: &str, realm: Arc<str>, claims: &RegisteredClaims<'_>) -> Self {
        let behind = String::new();
        let mut layout = Layout { json, behind };
        let mut place = |name: &Option<Name<'_>>| name.as_ref().map(|name| layout.place(name));
        let subject = place(&claims.subject);
        let token_id = place(&claims.token_id);
        let session_id = place(&claims.session_id);
        let client_id = place(&claims.client_id);
        let issuer = place(&claims.issuer);
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
            scope: ScopeSet::of_part(&text, scope.range()),
            text,
            fresh: claims.fresh.unwrap_or_default(),
            issued_at: claims.issued_at.map(|date| date.0),
            expires_at: claims.expires_at.map(|date| date.0),
            auth_time: claims.auth_time.map(|date| date.0),
        }
    }

    fn part(&self, span: Option<Span>) -> Option<&str> {
        self.text.get(span?.range())
    }

    /// Builds `T` from the token's claims.
    ///
    /// # Errors
    ///
    /// If the claims do not have the form of `T`: a refusal like any other.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        serde_json::from_str(self.claims_json()).map_err(|error| ClaimsError::new(&error))
    }

    /// The claims as they were signed: a JSON object.
    pub fn claims_json(&self) -> &str {
        self.part(Some(self.json)).unwrap_or_default()
    }

    /// Who the token speaks for: the subject claim within its realm.
    pub fn subject(&self) -> Option<Subject> {
        self.subject_name()
            .map(|name| Subject::new(self.realm.clone(), name))
    }

    /// The subject claim, without its realm.
    pub fn subject_name(&self) -> Option<&str> {
        self.part(self.subject)
    }

    /// The realm of the subject: the one configured, or else the issuer (RFC
    /// 7519 section 4.1.2: a subject is unique within its issuer).
    pub fn subject_realm(&self) -> &str {
        &self.realm
    }

    /// The `jti` claim.
    pub fn token_id(&self) -> Option<&str> {
        self.part(self.token_id)
    }

    /// The `sid` claim: the session to which the token belongs.
    pub fn session_id(&self) -> Option<&str> {
        self.part(self.session_id)
    }

    /// The `client_id` claim (RFC 9068 section 2.2).
    pub fn client_id(&self) -> Option<&str> {
        self.part(self.client_id)
    }

    /// The `iss` claim.
    pub fn issuer(&self) -> Option<&str> {
        self.part(self.issuer)
    }

    /// The scopes of the `scope` and `scp` claims.
    pub fn scope(&self) -> &ScopeSet {
        &self.scope
    }

    /// Whether a login with credentials gave the token, rather than a refresh.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The `iat` claim.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// The `exp` claim; an application token has none.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The `auth_time` claim: when the user last logged in.
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }

    /// Whether the token never expires and so lives on a live list.
    pub fn is_application(&self) -> bool {
        self.expires_at.is_none()
    }
}

impl fmt::Debug for Verified {
    /// Who and which token, not what else it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("realm", &self.subject_realm())
            .field("subject", &self.subject_name())
            .field("token_id", &self.token_id())
            .finish_non_exhaustive()
    }
}

/// A verified token's claims do not have the form of the application's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsError(String);

impl ClaimsError {
    /// Where and of which sort; the parser's own message may quote a value.
    fn new(error: &serde_json::Error) -> Self {
        Self(format!(
            "{:?} error at column {}",
            error.classify(),
            error.column()
        ))
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claims do not have the form asked for: {}", self.0)
    }
}

impl std::error::Error for ClaimsError {}

#[cfg(test)]
impl Verified {
    /// A token with these claims, unchecked.
    pub(crate) fn for_test(json: &str) -> Self {
        let names = crate::claims::ClaimNames {
            subject: Some("sub"),
            kind: None,
            fresh: true,
            required: &[],
        };
        let claims = RegisteredClaims::parse(json, names).unwrap();
        Self::new(json, "users".into(), &claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_the_same_wherever_they_stand() {
        let plain = Verified::for_test(r#"{"sub":"alice","jti":"j","scope":"a b"}"#);
        let escaped = Verified::for_test(
            r#"{"sub":"al\u0069ce","jti":"\u006a","scope":["a","b a"],"scp":"b \u00e9 \u0062"}"#,
        );
        for token in [&plain, &escaped] {
            assert_eq!(token.subject_name(), Some("alice"));
            assert_eq!(token.token_id(), Some("j"));
            assert_eq!(token.scope().as_str(), "a b");
            assert_eq!(token.session_id(), None);
        }
        assert!(escaped.claims_json().ends_with(r#"\u0062"}"#));
        assert!(Verified::for_test("{}").scope().is_empty());
    }
}
