//! A token that passed every check.

use std::{any::Any, fmt, sync::Arc};

use serde::de::DeserializeOwned;

use super::{
    ClaimsError,
    cache::Remembered,
    token::{Span, Token},
};
use crate::{claims::ScopeSet, subject::Subject, time::Timestamp};

/// A verified access token; cheap to clone.
///
/// It is untyped: [`claims`](Self::claims) builds the application's own type
/// from it.
#[derive(Clone)]
pub struct Verified(pub(super) Held);

#[derive(Clone)]
pub(super) enum Held {
    /// In place: a token that is seen once takes one allocation, its text.
    Own(Token),
    /// Together with the other requests that bring the same token.
    Shared(Arc<Remembered>),
}

impl Verified {
    pub(super) fn own(token: Token) -> Self {
        Self(Held::Own(token))
    }

    pub(super) fn shared(token: Arc<Remembered>) -> Self {
        Self(Held::Shared(token))
    }

    fn token(&self) -> &Token {
        match &self.0 {
            Held::Own(token) => token,
            Held::Shared(shared) => &shared.token,
        }
    }

    /// Builds `T` from the token's claims. Where the verifier has a
    /// [cache](super::TokenCache), up to four types that are deserialized are
    /// built once, and cloned for each request with this token.
    ///
    /// # Errors
    ///
    /// If the claims do not have the form of `T`: a refusal like any other.
    pub fn claims<T: FromToken>(&self) -> Result<T, ClaimsError> {
        T::from_token(self)
    }

    /// The claims as they were signed, or as the issuer
    /// [told](super::IntrospectTokens) them: a JSON object.
    pub fn claims_json(&self) -> &str {
        self.token().claims_json()
    }

    /// Who the token speaks for: the subject claim within its realm.
    pub fn subject(&self) -> Option<Subject> {
        match &self.0 {
            Held::Own(token) => token.subject(),
            Held::Shared(shared) => shared.subject(),
        }
    }

    /// The subject claim, without its realm.
    pub fn subject_name(&self) -> Option<&str> {
        self.part(|token| token.subject)
    }

    /// The realm of the subject: the one configured, or else the issuer (RFC
    /// 7519 section 4.1.2: a subject is unique within its issuer).
    pub fn subject_realm(&self) -> &str {
        &self.token().realm
    }

    /// The `jti` claim.
    pub fn token_id(&self) -> Option<&str> {
        self.part(|token| token.token_id)
    }

    /// The `sid` claim: the session to which the token belongs.
    pub fn session_id(&self) -> Option<&str> {
        self.part(|token| token.session_id)
    }

    /// The client that got the token: the `client_id` claim (RFC 9068 section
    /// 2.2), or the one that is
    /// [configured](super::VerifierBuilder::client_claim).
    pub fn client_id(&self) -> Option<&str> {
        self.part(|token| token.client_id)
    }

    /// The `iss` claim; where the issuer was [asked](super::IntrospectTokens) and
    /// did not say its name, the one that is configured.
    pub fn issuer(&self) -> Option<&str> {
        self.part(|token| token.issuer)
    }

    /// The scopes of the `scope` and `scp` claims, or of the one that is
    /// [configured](super::VerifierBuilder::scope_claim).
    pub fn scope(&self) -> ScopeSet {
        let token = self.token();
        token.scope()
    }

    /// Whether a login with credentials gave the token, rather than a refresh; and,
    /// where the claim is a date, whether that lay ahead when the token was
    /// verified.
    pub fn is_fresh(&self) -> bool {
        self.token().fresh
    }

    /// The `iat` claim.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.token().issued_at
    }

    /// The `exp` claim. An application token has none, and an issuer that is
    /// [asked](super::IntrospectTokens) need not tell it.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.token().expires_at
    }

    /// The `auth_time` claim: when the user last logged in.
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.token().auth_time
    }

    /// Whether the verifier is one of an own issuer
    /// ([`TokenIssuer::verifier`](crate::issue::TokenIssuer::verifier)). The
    /// `sid` of other issuers may look the same, but names no session of ours.
    pub(crate) fn is_of_own_issuer(&self) -> bool {
        self.token().own_issuer
    }

    /// Whether `other` is this token, or says the very same of a subject of the same
    /// realm: what was found out about one then goes for the other.
    pub fn is_same(&self, other: &Self) -> bool {
        let (token, other) = (self.token(), other.token());
        token.own_issuer == other.own_issuer
            && token.realm == other.realm
            && token.claims_json() == other.claims_json()
    }

    /// Whether the token never expires and so lives on a live list. One about
    /// which its issuer is [asked](super::IntrospectTokens) does not, whether it
    /// tells an `exp` or not.
    pub fn is_application(&self) -> bool {
        self.expires_at().is_none() && !self.token().introspected
    }

    /// The `cnf` claim, in JSON.
    pub(super) fn confirmation_json(&self) -> Option<&str> {
        self.part(|token| token.confirmation)
    }

    /// What its verifier left in it.
    pub(super) fn oversight(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.token().oversight.clone()
    }

    fn part(&self, span: impl FnOnce(&Token) -> Option<Span>) -> Option<&str> {
        let token = self.token();
        token.part(span(token))
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

/// What a handler can ask for: its own type, made from a verified token.
///
/// Every type that is deserialized and cloned is one, and is built from the
/// token's claims; it is cloned, and shared among threads, where tokens are
/// [remembered](super::TokenCache). So is [`Verified`] itself. Types that are
/// not deserialized can be made one.
///
/// ```
/// use portcullis::verify::{ClaimsError, FromToken, Verified};
///
/// struct Tenant(String);
///
/// impl FromToken for Tenant {
///     fn from_token(token: &Verified) -> Result<Self, ClaimsError> {
///         let subject = token.subject_name().unwrap_or_default();
///         match subject.split_once('@') {
///             Some((_, tenant)) => Ok(Self(tenant.to_owned())),
///             None => Err(ClaimsError::custom("the subject names no tenant")),
///         }
///     }
/// }
/// ```
///
/// A type that borrows is none: it would not outlive the token's text. The compiler says
/// of it that "implementation of `Deserialize` is not general enough"; let it own its
/// texts, as `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from a token",
    note = "derive `serde::Deserialize` and `Clone` for `{Self}`: a token that is remembered \
            gives its claims to many requests",
    note = "it must own its texts (`String`, not `&str`), and be `Send` and `Sync`",
    note = "or implement `FromToken` for `{Self}`"
)]
pub trait FromToken: Sized {
    /// Makes it from `token`.
    ///
    /// # Errors
    ///
    /// If the token does not have what it takes.
    fn from_token(token: &Verified) -> Result<Self, ClaimsError>;
}

// Or the compiler would name the first bound that fails, and not what is to be done.
#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + Clone + Send + Sync + 'static> FromToken for T {
    fn from_token(token: &Verified) -> Result<Self, ClaimsError> {
        match &token.0 {
            Held::Own(token) => token.claims(),
            Held::Shared(shared) => shared.claims(),
        }
    }
}

impl FromToken for Verified {
    fn from_token(token: &Verified) -> Result<Self, ClaimsError> {
        Ok(token.clone())
    }
}

#[cfg(test)]
impl Verified {
    /// A token with these claims, unchecked.
    pub(crate) fn for_test(json: &str) -> Self {
        let shape = crate::claims::TokenShape::session().subject_claim("sub");
        let names = shape.claim_names();
        let claims = crate::claims::RegisteredClaims::parse(json, &names).unwrap();
        let now = Timestamp::from_secs(0);
        Self::own(Token::new(json, "users".into(), &claims, now))
    }

    /// The token as if an own issuer had made it.
    pub(crate) fn of_own_issuer(mut self) -> Self {
        if let Held::Own(token) = &mut self.0 {
            token.own_issuer = true;
        }
        self
    }

    /// The token as if its subject were of this realm.
    pub(crate) fn in_realm(mut self, realm: &str) -> Self {
        if let Held::Own(token) = &mut self.0 {
            token.realm = realm.into();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_the_same_wherever_they_stand() {
        let plain = Verified::for_test(r#"{"sub":"alice","jti":"j","scope":"a b"}"#);
        let escaped = Verified::for_test(
            r#"{"sub":"al\u0069ce","jti":"\u006a","scope":["a","b","a"],"scp":"b \u00e9 \u0062"}"#,
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
