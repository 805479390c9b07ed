//! What goes into a token and what comes out.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    claims::{KeyConfirmation, ScopeSet},
    secret::SecretString,
    subject::Subject,
    time::Timestamp,
};

/// What an access token shall say.
///
/// ```
/// use portcullis::{issue::AccessToken, subject::Subject};
///
/// let subject = Subject::new("users", "alice");
/// let token = AccessToken::new(&subject).fresh(true).client("mobile");
/// ```
#[derive(Clone, Debug)]
pub struct AccessToken<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) session: Option<&'a str>,
    pub(crate) client: Option<&'a str>,
    pub(crate) scope: ScopeSet,
    pub(crate) fresh: bool,
    pub(crate) auth_time: Option<Timestamp>,
    pub(crate) acr: Option<&'a str>,
    pub(crate) amr: Vec<&'a str>,
    pub(crate) confirmation: Option<&'a KeyConfirmation>,
    pub(crate) claims: Option<&'a Map<String, Value>>,
    pub(crate) not_after: Option<Timestamp>,
}

impl<'a> AccessToken<'a> {
    /// A token that speaks for `subject`.
    pub fn new(subject: &'a Subject) -> Self {
        Self {
            subject,
            session: None,
            client: None,
            scope: ScopeSet::new(),
            fresh: false,
            auth_time: None,
            acr: None,
            amr: Vec::new(),
            confirmation: None,
            claims: None,
            not_after: None,
        }
    }

    /// The session to which it belongs (`sid`): one that
    /// [`Sessions`](crate::session::Sessions) has opened. A log-out everywhere
    /// ends own sessions by name, and does not reach tokens of this issuer that
    /// name another session whose name looks the same.
    #[must_use = "returns the changed token"]
    pub fn session(mut self, id: &'a str) -> Self {
        self.session = Some(id);
        self
    }

    /// The client that gets it (`client_id`, RFC 9068 section 2.2).
    #[must_use = "returns the changed token"]
    pub fn client(mut self, id: impl Into<Option<&'a str>>) -> Self {
        self.client = id.into();
        self
    }

    /// The scopes that it grants (`scope`); without any, the claim is left out.
    #[must_use = "returns the changed token"]
    pub fn scope(mut self, scope: ScopeSet) -> Self {
        self.scope = scope;
        self
    }

    /// Whether a login with credentials gives it.
    #[must_use = "returns the changed token"]
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// When the user logged in (`auth_time`, RFC 9068 section 2.2.1).
    #[must_use = "returns the changed token"]
    pub fn auth_time(mut self, time: impl Into<Option<Timestamp>>) -> Self {
        self.auth_time = time.into();
        self
    }

    /// How strong the login was (`acr`, RFC 9068 section 2.2.1), by a name on which
    /// issuer and services agree: what a
    /// [policy](crate::policy::Policy) can demand (RFC 9470).
    #[must_use = "returns the changed token"]
    pub fn acr(mut self, value: impl Into<Option<&'a str>>) -> Self {
        self.acr = value.into();
        self
    }

    /// How the user logged in (`amr`, RFC 8176), such as `pwd` and `otp`.
    #[must_use = "returns the changed token"]
    pub fn amr(mut self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        self.amr = methods.into_iter().collect();
        self
    }

    /// The key that the token is bound to (`cnf`, RFC 7800 section 3.1).
    #[must_use = "returns the changed token"]
    pub fn confirmation(mut self, key: impl Into<Option<&'a KeyConfirmation>>) -> Self {
        self.confirmation = key.into();
        self
    }

    /// Further claims. One that the issuer writes itself is an error, and `acr` and
    /// `amr` are if the token has them already.
    #[must_use = "returns the changed token"]
    pub fn claims(mut self, claims: &'a Map<String, Value>) -> Self {
        self.claims = Some(claims);
        self
    }

    /// The latest point at which it may expire, such as the end of its
    /// session.
    #[must_use = "returns the changed token"]
    pub fn not_after(mut self, end: Timestamp) -> Self {
        self.not_after = Some(end);
        self
    }
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    pub(crate) token: SecretString,
    pub(crate) id: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

impl IssuedToken {
    /// The token in the compact serialization (RFC 7515 section 7.1).
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// The `jti` claim: a random UUID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The `iat` claim.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// The `exp` claim; `None` if it never expires.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// How long it lives from `now` on, rounded down to whole seconds, so that
    /// nobody takes it for good when it no longer is (`expires_in`, RFC 6749
    /// section 5.1); `None` if it never expires.
    pub fn expires_in(&self, now: Timestamp) -> Option<Duration> {
        let left = self.expires_at?.saturating_duration_since(now);
        Some(Duration::from_secs(left.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_rounded_down() {
        let token = |expires_at| IssuedToken {
            token: SecretString::from(String::new()),
            id: String::new(),
            issued_at: Timestamp::from_secs(1_700_000_000),
            expires_at,
        };
        let ends = token(Some(Timestamp::from_secs(1_700_003_600)));
        for (millis, left) in [
            (1_700_000_000_000, 3600),
            (1_700_000_000_001, 3599),
            (1_700_000_000_970, 3599),
            (1_700_003_599_001, 0),
            (1_700_003_600_000, 0),
            (1_700_009_999_000, 0),
        ] {
            let now = Timestamp::from_millis(millis);
            assert_eq!(ends.expires_in(now), Some(Duration::from_secs(left)));
        }
        assert_eq!(token(None).expires_in(Timestamp::from_secs(0)), None);
    }
}
