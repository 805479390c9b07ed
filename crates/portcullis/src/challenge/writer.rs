//! The `WWW-Authenticate` writer (RFC 9110 section 11.6.1, RFC 6750 section 3).

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;

use super::{MetadataUrl, Realm, Reason, RejectionKind, reason::LOG_IN_AGAIN};
use crate::claims::{AcrValues, ScopeSet};

/// The `error` of a Bearer challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The request is malformed (RFC 6750 section 3.1).
    InvalidRequest,
    /// The token is expired, revoked, malformed or otherwise bad (RFC 6750
    /// section 3.1).
    InvalidToken,
    /// The token does not reach far enough (RFC 6750 section 3.1).
    InsufficientScope,
    /// The login behind the token is too old or too weak (RFC 9470 section 3).
    InsufficientUserAuthentication,
}

impl ErrorCode {
    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
        }
    }
}

/// One challenge. Whatever goes in, a well-formed header value comes out:
/// every parameter at most once, quoted, within the characters its RFC allows.
///
/// ```
/// use portcullis::challenge::{Challenge, ErrorCode, Realm};
///
/// let challenge = Challenge::bearer(&Realm::default())
///     .error(ErrorCode::InsufficientScope)
///     .scope(&"read write".parse()?);
/// assert_eq!(
///     challenge.to_bytes(),
///     r#"Bearer realm="api", error="insufficient_scope", scope="read write""#
/// );
/// # Ok::<(), portcullis::claims::ScopeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: Cow<'static, str>,
    realm: Realm,
    error: Option<ErrorCode>,
    description: Option<String>,
    scope: ScopeSet,
    acr_values: Option<AcrValues>,
    max_age: Option<u64>,
    resource_metadata: Option<MetadataUrl>,
}

impl Challenge {
    /// A Bearer challenge (RFC 6750 section 3).
    pub fn bearer(realm: &Realm) -> Self {
        Self::new("Bearer", realm)
    }

    /// A Basic challenge (RFC 7617), which a client that failed to
    /// authenticate itself gets (RFC 6749 section 5.2).
    pub fn basic(realm: &Realm) -> Self {
        Self::new("Basic", realm)
    }

    /// The challenge that goes with a refusal for this reason, if one does; `scope` is
    /// what would do where a scope is lacking.
    pub(super) fn of(reason: &Reason, realm: &Realm, scope: Option<&ScopeSet>) -> Option<Self> {
        Some(Self::of_kind(reason.kind(), realm, scope)?.for_login(reason))
    }

    /// The challenge of all refusals of a kind that need no further words.
    pub(super) fn of_kind(
        kind: RejectionKind,
        realm: &Realm,
        scope: Option<&ScopeSet>,
    ) -> Option<Self> {
        let challenge = Self::bearer(realm);
        Some(match kind {
            RejectionKind::MissingCredentials => challenge,
            RejectionKind::InvalidRequest => challenge.error(ErrorCode::InvalidRequest),
            RejectionKind::InvalidToken => challenge.error(ErrorCode::InvalidToken),
            RejectionKind::InsufficientScope => {
                let challenge = challenge.error(ErrorCode::InsufficientScope);
                match scope {
                    Some(scope) => challenge.scope(scope),
                    None => challenge,
                }
            }
            RejectionKind::InsufficientUserAuthentication => challenge
                .error(ErrorCode::InsufficientUserAuthentication)
                .description(LOG_IN_AGAIN),
            // Another token would not help.
            RejectionKind::CrossOrigin
            | RejectionKind::CsrfToken
            | RejectionKind::UserSuspended
            | RejectionKind::Unavailable
            | RejectionKind::Misconfigured => return None,
        })
    }

    fn new(scheme: &'static str, realm: &Realm) -> Self {
        Self {
            scheme: Cow::Borrowed(scheme),
            realm: realm.clone(),
            error: None,
            description: None,
            scope: ScopeSet::new(),
            acr_values: None,
            max_age: None,
            resource_metadata: None,
        }
    }

    /// Of another scheme. Nobody but a configuration names it, and it is a token (RFC
    /// 9110 section 11.1).
    pub(super) fn with_scheme(mut self, scheme: Option<&str>) -> Self {
        if let Some(scheme) = scheme {
            self.scheme = Cow::Owned(scheme.to_owned());
        }
        self
    }

    /// Says what was wrong. A request without credentials gets no error.
    #[must_use = "returns the changed challenge"]
    pub fn error(mut self, error: ErrorCode) -> Self {
        self.error = Some(error);
        self
    }

    /// Says it in words. Characters that RFC 6750 section 3 does not allow are
    /// replaced: quotes by apostrophes, the rest by question marks.
    #[must_use = "returns the changed challenge"]
    pub fn description(mut self, text: &str) -> Self {
        let text = text.chars().map(|char| match char {
            '"' => '\'',
            ' '..='[' | ']'..='~' => char,
            _ => '?',
        });
        self.description = Some(text.collect());
        self
    }

    /// The scopes that would do.
    #[must_use = "returns the changed challenge"]
    pub fn scope(mut self, scope: &ScopeSet) -> Self {
        self.scope = scope.clone();
        self
    }

    /// Says what a new login has to be, where that is what is lacking, and which scopes
    /// it has to bring, where they are, too (RFC 9470 section 3).
    pub(super) fn for_login(self, reason: &Reason) -> Self {
        let Some(login) = reason.step_up() else {
            return self;
        };
        let mut challenge = self.description(reason.login_needed());
        if let Some(scope) = reason.scope().filter(|scope| !scope.is_empty()) {
            challenge.scope = scope.clone();
        }
        if let Some(values) = login.acr_values() {
            challenge = challenge.acr_values(values);
        }
        match login.max_age() {
            Some(age) => challenge.max_age(age),
            None => challenge,
        }
    }

    /// How strong a login has to be: one of these, the preferred one first (RFC 9470
    /// section 3).
    #[must_use = "returns the changed challenge"]
    pub fn acr_values(mut self, values: &AcrValues) -> Self {
        self.acr_values = Some(values.clone());
        self
    }

    /// How old a login may be, in whole seconds (RFC 9470 section 3).
    #[must_use = "returns the changed challenge"]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age.as_secs());
        self
    }

    /// Where the resource says what it is, and who issues tokens for it (RFC 9728
    /// section 5.1).
    ///
    /// ```
    /// use portcullis::challenge::{Challenge, MetadataUrl, Realm};
    ///
    /// let url = MetadataUrl::of_resource("https://api.example/mcp")?;
    /// let challenge = Challenge::bearer(&Realm::default()).resource_metadata(&url);
    /// assert_eq!(
    ///     challenge.to_bytes(),
    ///     concat!(
    ///         r#"Bearer realm="api", resource_metadata="#,
    ///         r#""https://api.example/.well-known/oauth-protected-resource/mcp""#,
    ///     )
    /// );
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    #[must_use = "returns the changed challenge"]
    pub fn resource_metadata(mut self, url: &MetadataUrl) -> Self {
        self.resource_metadata = Some(url.clone());
        self
    }

    /// The header value.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = String::with_capacity(96);
        out.push_str(&self.scheme);
        out.push(' ');
        push_quoted(&mut out, "realm", self.realm.as_str());
        let mut param = |name, value: &str| {
            out.push_str(", ");
            push_quoted(&mut out, name, value);
        };
        if let Some(error) = self.error {
            param("error", error.as_str());
        }
        if let Some(description) = &self.description {
            param("error_description", description);
        }
        if !self.scope.is_empty() {
            param("scope", self.scope.as_str());
        }
        if let Some(values) = &self.acr_values {
            param("acr_values", values.as_str());
        }
        if let Some(max_age) = self.max_age {
            param("max_age", &max_age.to_string());
        }
        if let Some(url) = &self.resource_metadata {
            param("resource_metadata", url.as_str());
        }
        Bytes::from(out)
    }
}

/// `name="value"` with the escapes of RFC 9110 section 5.6.4.
fn push_quoted(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    for char in value.chars() {
        if matches!(char, '"' | '\\') {
            out.push('\\');
        }
        out.push(char);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A strict reader of one challenge: scheme, then `name="quoted"` pairs.
    fn parse(value: &str) -> Option<(String, Vec<(String, String)>)> {
        let (scheme, mut rest) = value.split_once(' ')?;
        let mut params = Vec::new();
        loop {
            let (name, after) = rest.split_once("=\"")?;
            let mut text = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next()? {
                    (_, '\\') => text.push(chars.next()?.1),
                    (at, '"') => break at,
                    (_, char) => text.push(char),
                }
            };
            params.push((name.to_owned(), text));
            match &after[end + 1..] {
                "" => return Some((scheme.to_owned(), params)),
                more => rest = more.strip_prefix(", ")?,
            }
        }
    }

    proptest! {
        #[test]
        fn every_challenge_parses_back(
            realm in "[ -~]{0,24}",
            description in any::<String>(),
            scopes in proptest::collection::vec("[!#-\\[\\]-~]{1,6}", 0..4),
            max_age in any::<u64>(),
            acr in proptest::collection::vec("[!#-\\[\\]-~]{1,6}", 1..4),
            path in "(/[!$&-.0-;=@-Z_a-z~]{0,4}){0,3}",
        ) {
            let url = format!("https://api.example{path}");
            prop_assume!(MetadataUrl::new(&url).is_ok());
            let scope = ScopeSet::from_tokens(&scopes).unwrap();
            let acr = AcrValues::new(&acr).unwrap();
            let bytes = Challenge::bearer(&Realm::new(&realm).unwrap())
                .error(ErrorCode::InvalidToken)
                .description(&description)
                .scope(&scope)
                .acr_values(&acr)
                .max_age(Duration::from_secs(max_age))
                .resource_metadata(&MetadataUrl::new(&url).unwrap())
                .to_bytes();
            prop_assert!(http::HeaderValue::from_bytes(&bytes).is_ok());
            let (scheme, params) = parse(std::str::from_utf8(&bytes).unwrap()).unwrap();
            prop_assert_eq!(scheme, "Bearer");
            let find = |name: &str| {
                let all: Vec<_> = params.iter().filter(|param| param.0 == name).collect();
                assert!(all.len() <= 1);
                all.first().map(|param| param.1.clone())
            };
            prop_assert_eq!(find("realm"), Some(realm));
            prop_assert_eq!(find("error"), Some("invalid_token".to_owned()));
            prop_assert_eq!(find("scope").unwrap_or_default(), scope.to_string());
            prop_assert_eq!(find("acr_values"), Some(acr.to_string()));
            prop_assert_eq!(find("max_age"), Some(max_age.to_string()));
            prop_assert_eq!(find("resource_metadata"), Some(url));
            let shown = find("error_description").unwrap();
            prop_assert!(shown.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)));
        }
    }

    #[test]
    fn line_breaks_do_not_leave_a_description() {
        let bytes = Challenge::bearer(&Realm::default())
            .description("a\"b\\c\r\nX: y\u{e9}")
            .to_bytes();
        assert_eq!(
            bytes,
            r#"Bearer realm="api", error_description="a'b?c??X: y?""#
        );
    }
}
