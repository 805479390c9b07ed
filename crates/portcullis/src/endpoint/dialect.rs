//! How an API says no: statuses, challenges and error bodies.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::{
    answer::{Constants, refusal_response},
    refusal::{FieldProblem, Refusal},
};
use crate::{
    challenge::{
        Challenge, ErrorCode, Realm, Reason, RefusalFormat, Refused, Rejection, whole_seconds,
    },
    policy::PolicyError,
};

/// The error bodies of an API.
#[derive(Clone, Debug)]
pub(super) struct Dialect {
    pub(super) realm: Realm,
    pub(super) style: Style,
}

#[derive(Clone, Debug)]
pub(super) enum Style {
    /// 401 with a Bearer challenge (RFC 6750 section 3.1); with members that
    /// every error has.
    Bearer(Constants),
    /// RFC 6749 section 5.2.
    OAuth,
}

impl Dialect {
    /// A dialect whose errors have no members of their own.
    pub(super) fn bearer(realm: Realm) -> Self {
        Self {
            realm,
            style: Style::Bearer(Constants::new()),
        }
    }

    /// A dialect whose errors are those of RFC 6749 section 5.2.
    pub(super) fn oauth(realm: Realm) -> Self {
        Self {
            realm,
            style: Style::OAuth,
        }
    }

    /// The answer to a refused request.
    pub(super) fn refuse(&self, format: &RefusalFormat, refusal: &Refusal) -> Response<Bytes> {
        let says = self.say(refusal);
        let field = match refusal {
            Refusal::Field(name, _) => Some(name.as_ref()),
            _ => None,
        };
        let constants = match &self.style {
            // It was not the API that was asked.
            Style::Bearer(_) if matches!(refusal, Refusal::MethodNotAllowed) => Some(&NONE),
            Style::Bearer(constants) => Some(constants),
            Style::OAuth => None,
        };
        let (status, body) = format.tell(&Refused::by_endpoint(
            says.status.as_u16(),
            says.error,
            refusal.kind(),
            &says.description,
            field,
            constants,
        ));
        let mut response = refusal_response(status, body);
        let challenge = says.challenge.or_else(|| self.challenge_of(status));
        let headers = response.headers_mut();
        // The writer lets nothing through that is not a header value.
        if let Some(challenge) = challenge
            && let Ok(value) = HeaderValue::from_maybe_shared(challenge)
        {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        if let Refusal::TooManyRequests(after) | Refusal::Unavailable(after) = refusal {
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(whole_seconds(*after)),
            );
        }
        response.extensions_mut().insert(refusal.kind());
        response
    }

    /// What a refusal gets that an own renderer turns into a 401 (RFC 9110 section
    /// 15.5.2).
    fn challenge_of(&self, status: u16) -> Option<Bytes> {
        let challenge = match &self.style {
            Style::Bearer(_) => Challenge::bearer(&self.realm),
            Style::OAuth => Challenge::basic(&self.realm),
        };
        (status == 401).then(|| challenge.to_bytes())
    }

    fn say(&self, refusal: &Refusal) -> Says {
        let bearer = || Challenge::bearer(&self.realm);
        match (refusal, &self.style) {
            (Refusal::NotFound, _) => Says::new(StatusCode::NOT_FOUND, "not_found"),
            (Refusal::MethodNotAllowed, _) => {
                Says::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
            }
            (Refusal::TooLarge, _) => Says::new(StatusCode::PAYLOAD_TOO_LARGE, "content_too_large"),
            (Refusal::MediaType, _) => {
                Says::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            (Refusal::Body(why), _) => Says::invalid_request(*why),
            (Refusal::Field(_, problem), _) => Says::invalid_request(field_problem(*problem)),
            (Refusal::TwoClients, _) => {
                Says::invalid_request("the client is named or authenticated in two ways")
            }
            (Refusal::TwoTokens, _) => Says::invalid_request("a token is sent in two places")
                .challenge(bearer().error(ErrorCode::InvalidRequest)),
            (Refusal::Credentials(error), Style::OAuth) => Says::invalid_request(error.to_string()),
            (Refusal::Credentials(error), Style::Bearer(_)) => {
                Says::invalid_request(error.to_string())
                    .challenge(bearer().error(ErrorCode::InvalidRequest))
            }
            (Refusal::NoToken, _) => {
                Says::new(StatusCode::UNAUTHORIZED, "unauthorized").challenge(bearer())
            }
            (
                Refusal::WrongCredentials | Refusal::BadToken | Refusal::OutdatedToken,
                Style::OAuth,
            ) => Says::new(StatusCode::BAD_REQUEST, "invalid_grant")
                .describe("the credentials or the refresh token are not valid"),
            (Refusal::WrongCredentials, Style::Bearer(_)) => {
                Says::new(StatusCode::UNAUTHORIZED, "invalid_credentials").challenge(bearer())
            }
            (Refusal::BadToken | Refusal::OutdatedToken, Style::Bearer(_)) => {
                Says::new(StatusCode::UNAUTHORIZED, ErrorCode::InvalidToken.as_str())
                    .challenge(bearer().error(ErrorCode::InvalidToken))
            }
            // Which of the two proofs is missing. The log says more.
            (Refusal::Csrf(error), _) => {
                let code = Reason::Csrf(*error).kind().code();
                Says::new(StatusCode::FORBIDDEN, code)
            }
            (Refusal::LogoutToken, _) => Says::invalid_request("the log-out token is not valid"),
            (Refusal::Client, _) => Says::new(StatusCode::UNAUTHORIZED, "invalid_client")
                .challenge(Challenge::basic(&self.realm)),
            (Refusal::GrantType, _) => Says::new(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            (Refusal::Scope, _) => Says::new(StatusCode::BAD_REQUEST, "invalid_scope")
                .describe("the scope is malformed or more than can be granted"),
            (Refusal::Policy(error), _) => self.policy(error),
            (Refusal::ApplicationToken, _) => {
                self.not_enough("application tokens are not taken here")
            }
            (Refusal::NotApplication, _) => {
                self.not_enough("only accounts of type application may have application tokens")
            }
            (Refusal::TooManyTokens, _) => Says::new(StatusCode::CONFLICT, "too_many_tokens")
                .describe("the account has as many application tokens as it may have"),
            (Refusal::TooManyRequests(_), _) => {
                Says::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
            }
            (Refusal::Unavailable(_), _) => {
                Says::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
            }
            (Refusal::Misconfigured, _) => {
                Says::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error")
            }
        }
    }

    /// As a guard refuses.
    fn policy(&self, error: &PolicyError) -> Says {
        let rejection = Rejection::policy(&self.realm, error.clone());
        let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::FORBIDDEN);
        Says {
            challenge: rejection.challenge().cloned(),
            ..Says::new(status, rejection.kind().code())
        }
    }

    /// The token is good, and not enough (RFC 6750 section 3.1).
    fn not_enough(&self, description: &'static str) -> Says {
        let code = ErrorCode::InsufficientScope;
        Says::new(StatusCode::FORBIDDEN, code.as_str())
            .describe(description)
            .challenge(Challenge::bearer(&self.realm).error(code))
    }
}

static NONE: Constants = Constants::new();

/// Status, error code, words and challenge of a refusal.
struct Says {
    status: StatusCode,
    error: &'static str,
    description: Cow<'static, str>,
    challenge: Option<Bytes>,
}

impl Says {
    fn new(status: StatusCode, error: &'static str) -> Self {
        Self {
            status,
            error,
            description: Cow::Borrowed(""),
            challenge: None,
        }
    }

    fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest.as_str()).describe(description)
    }

    fn describe(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }

    fn challenge(mut self, challenge: Challenge) -> Self {
        self.challenge = Some(challenge.to_bytes());
        self
    }
}

const fn field_problem(problem: FieldProblem) -> &'static str {
    match problem {
        FieldProblem::Missing => "the field is missing or empty",
        FieldProblem::Repeated => "the field occurs more than once",
        FieldProblem::NotText => "the field must be a string",
        FieldProblem::Malformed => "the field is malformed",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        challenge::RefusalCode,
        credentials::CredentialsError,
        csrf::{CsrfError, CsrfErrorKind},
        policy::Policy,
        verify::Verified,
    };

    fn all() -> Vec<Refusal> {
        let second = Duration::from_secs(1);
        let lacks = |policy: Policy| policy.check(&Verified::for_test("{}")).unwrap_err();
        let all = vec![
            Refusal::NotFound,
            Refusal::MethodNotAllowed,
            Refusal::TooLarge,
            Refusal::MediaType,
            Refusal::Body("broken"),
            Refusal::Field("a".into(), FieldProblem::Missing),
            Refusal::Credentials(CredentialsError::Malformed),
            Refusal::TwoClients,
            Refusal::TwoTokens,
            Refusal::NoToken,
            Refusal::WrongCredentials,
            Refusal::BadToken,
            Refusal::OutdatedToken,
            Refusal::Csrf(CsrfError::new(CsrfErrorKind::ForeignOrigin)),
            Refusal::Csrf(CsrfError::new(CsrfErrorKind::WrongToken)),
            Refusal::LogoutToken,
            Refusal::Client,
            Refusal::GrantType,
            Refusal::Scope,
            Refusal::ApplicationToken,
            Refusal::Policy(lacks(Policy::fresh())),
            Refusal::Policy(lacks(Policy::scope("a").unwrap())),
            Refusal::NotApplication,
            Refusal::TooManyTokens,
            Refusal::TooManyRequests(second),
            Refusal::Unavailable(second),
            Refusal::Misconfigured,
        ];
        // A new refusal belongs into the list.
        for refusal in &all {
            match refusal {
                Refusal::NotFound
                | Refusal::MethodNotAllowed
                | Refusal::TooLarge
                | Refusal::MediaType
                | Refusal::Body(_)
                | Refusal::Field(..)
                | Refusal::Credentials(_)
                | Refusal::TwoClients
                | Refusal::TwoTokens
                | Refusal::NoToken
                | Refusal::WrongCredentials
                | Refusal::BadToken
                | Refusal::OutdatedToken
                | Refusal::Csrf(_)
                | Refusal::LogoutToken
                | Refusal::Client
                | Refusal::GrantType
                | Refusal::Scope
                | Refusal::ApplicationToken
                | Refusal::Policy(_)
                | Refusal::NotApplication
                | Refusal::TooManyTokens
                | Refusal::TooManyRequests(_)
                | Refusal::Unavailable(_)
                | Refusal::Misconfigured => {}
            }
        }
        all
    }

    #[test]
    fn every_code_is_documented() {
        for dialect in [
            Dialect::bearer(Realm::default()),
            Dialect::oauth(Realm::default()),
        ] {
            for refusal in all() {
                let says = dialect.say(&refusal);
                let mut known = RefusalCode::ALL.iter();
                let known = known.find(|known| known.code() == says.error);
                let status = known.map(|known| known.status());
                assert_eq!(
                    status,
                    Some(says.status.as_u16()),
                    "{refusal:?}: {}",
                    says.error
                );
            }
        }
    }

    /// RFC 9110 section 15.5.2.
    #[test]
    fn what_becomes_a_401_gets_a_challenge_and_keeps_its_own() {
        let always = RefusalFormat::custom(|refused| {
            let answer = RefusalFormat::json().answer(refused);
            match refused.status() {
                400..500 => answer.status(401),
                _ => answer,
            }
        });
        for dialect in [
            Dialect::bearer(Realm::default()),
            Dialect::oauth(Realm::default()),
        ] {
            for refusal in all() {
                let plain = dialect.refuse(&RefusalFormat::json(), &refusal);
                let told = dialect.refuse(&always, &refusal);
                let challenge = |response: &Response<Bytes>| {
                    response.headers().get(header::WWW_AUTHENTICATE).cloned()
                };
                if plain.status().is_server_error() {
                    assert_eq!(told.status(), plain.status(), "{refusal:?}");
                    assert_eq!(challenge(&told), None, "{refusal:?}");
                    continue;
                }
                assert_eq!(told.status(), 401, "{refusal:?}");
                assert!(challenge(&told).is_some(), "{refusal:?}");
                if let Some(own) = challenge(&plain) {
                    assert_eq!(challenge(&told), Some(own), "{refusal:?}");
                }
                assert_eq!(told.body(), plain.body(), "{refusal:?}");
                assert!(
                    told.extensions()
                        .get::<crate::challenge::RefusalKind>()
                        .is_some()
                );
            }
        }
    }
}
