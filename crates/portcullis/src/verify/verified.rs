//! A token that passed every check.

use std::{borrow::Cow, fmt, ops::Range, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{claims::ScopeSet, jose::strict_json::Name, subject::Subject, time::Timestamp};

/// A verified access token; cheap to clone.
///
/// It is untyped: [`claims`](Self::claims) builds the application's own type
/// from it.
#[derive(Clone)]
pub struct Verified(Arc<Inner>);

pub(super) struct Inner {
    pub(super) claims: String,
    pub(super) realm: Arc<str>,
    pub(super) subject: Option<Text>,
    pub(super) token_id: Option<Text>,
    pub(super) session_id: Option<Text>,
    pub(super) client_id: Option<Text>,
    pub(super) issuer: Option<Text>,
    pub(super) scope: ScopeSet,
    pub(super) fresh: bool,
    pub(super) issued_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) auth_time: Option<Timestamp>,
}

/// A text of the claims: where it stands in them, unless escapes made it
/// another one.
#[derive(Debug)]
pub(super) enum Text {
    At(Range<usize>),
    Own(Box<str>),
}

impl Text {
    /// Where `name` stands in `json`, from which it was read.
    pub(super) fn of(json: &str, name: Name<'_>) -> Self {
        match name.0 {
            Cow::Borrowed(text) => {
                let start = (text.as_ptr() as usize).wrapping_sub(json.as_ptr() as usize);
                Self::At(start..start.wrapping_add(text.len()))
            }
            Cow::Owned(text) => Self::Own(text.into()),
        }
    }
}

impl Inner {
    fn text<'a>(&'a self, text: &'a Option<Text>) -> Option<&'a str> {
        match text.as_ref()? {
            Text::At(range) => self.claims.get(range.clone()),
            Text::Own(text) => Some(text),
        }
    }
}

impl Verified {
    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Builds `T` from the token's claims.
    ///
    /// # Errors
    ///
    /// If the claims do not have the form of `T`: a refusal like any other.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        serde_json::from_str(&self.0.claims).map_err(|error| ClaimsError(error.to_string()))
    }

    /// The claims as they were signed: a JSON object.
    pub fn claims_json(&self) -> &str {
        &self.0.claims
    }

    /// Who the token speaks for: the subject claim within its realm.
    pub fn subject(&self) -> Option<Subject> {
        self.subject_name()
            .map(|name| Subject::new(self.0.realm.clone(), name))
    }

    /// The subject claim, without its realm.
    pub fn subject_name(&self) -> Option<&str> {
        self.0.text(&self.0.subject)
    }

    /// The realm of the subject: the one configured, or else the issuer (RFC
    /// 7519 section 4.1.2: a subject is unique within its issuer).
    pub fn subject_realm(&self) -> &str {
        &self.0.realm
    }

    /// The `jti` claim.
    pub fn token_id(&self) -> Option<&str> {
        self.0.text(&self.0.token_id)
    }

    /// The `sid` claim: the session to which the token belongs.
    pub fn session_id(&self) -> Option<&str> {
        self.0.text(&self.0.session_id)
    }

    /// The `client_id` claim (RFC 9068 section 2.2).
    pub fn client_id(&self) -> Option<&str> {
        self.0.text(&self.0.client_id)
    }

    /// The `iss` claim.
    pub fn issuer(&self) -> Option<&str> {
        self.0.text(&self.0.issuer)
    }

    /// The scopes of the `scope` and `scp` claims.
    pub fn scope(&self) -> &ScopeSet {
        &self.0.scope
    }

    /// Whether a login with credentials gave the token, rather than a refresh.
    pub fn is_fresh(&self) -> bool {
        self.0.fresh
    }

    /// The `iat` claim.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.0.issued_at
    }

    /// The `exp` claim; an application token has none.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.0.expires_at
    }

    /// The `auth_time` claim: when the user last logged in.
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.0.auth_time
    }

    /// Whether the token never expires and so lives on a live list.
    pub fn is_application(&self) -> bool {
        self.0.expires_at.is_none()
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

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claims do not have the form asked for: {}", self.0)
    }
}

impl std::error::Error for ClaimsError {}

#[cfg(test)]
impl Verified {
    /// A token with these claims, unchecked.
    pub(crate) fn for_test(claims: &str) -> Self {
        let json: serde_json::Value = serde_json::from_str(claims).unwrap();
        Self::new(Inner {
            claims: claims.into(),
            realm: "users".into(),
            subject: None,
            token_id: None,
            session_id: None,
            client_id: None,
            issuer: None,
            scope: json["scope"].as_str().unwrap_or("").parse().unwrap(),
            fresh: json["fresh"].as_bool().unwrap_or(false),
            issued_at: None,
            expires_at: None,
            auth_time: None,
        })
    }
}
