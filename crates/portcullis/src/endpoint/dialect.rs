//! How an API says no: statuses, challenges and error bodies.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::{
    answer::{Constants, json_response},
    refusal::{FieldProblem, Refusal},
};
use crate::{
    challenge::{Challenge, ErrorCode, Realm, Reason, Rejection, RejectionKind, whole_seconds},
    csrf::CsrfError,
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

    /// The answer to a refused request.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Response<Bytes> {
        let says = self.say(refusal);
        let body = ErrorBody {
            constants: match &self.style {
                Style::Bearer(constants) => Some(constants),
                Style::OAuth => None,
            },
            error: says.error,
            field: match refusal {
                Refusal::Field(name, _) => Some(name),
                _ => None,
            },
            error_description: &says.description,
        };
        let mut response = json_response(says.status, &body);
        let headers = response.headers_mut();
        // The writer lets nothing through that is not a header value.
        if let Some(challenge) = says.challenge
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

    fn say(&self, refusal: &Refusal) -> Says {
        let bearer = || Challenge::bearer(&self.realm);
        match (refusal, &self.style) {
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
            (Refusal::Csrf(error), _) => Says::new(StatusCode::FORBIDDEN, csrf(*error)),
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
        let code = match rejection.kind() {
            RejectionKind::InsufficientUserAuthentication => {
                ErrorCode::InsufficientUserAuthentication
            }
            _ => ErrorCode::InsufficientScope,
        };
        let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::FORBIDDEN);
        Says {
            challenge: rejection.challenge().cloned(),
            ..Says::new(status, code.as_str())
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

/// An error as it stands on the wire.
#[derive(Serialize)]
struct ErrorBody<'a> {
    #[serde(flatten)]
    constants: Option<&'a Constants>,
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    error_description: &'a str,
}

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

/// Which of the two proofs is missing. The log says more.
fn csrf(error: CsrfError) -> &'static str {
    match Reason::Csrf(error).kind() {
        RejectionKind::CsrfToken => "invalid_csrf_token",
        _ => "cross_origin_request",
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
