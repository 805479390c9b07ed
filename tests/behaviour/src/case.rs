//! Cases as data: a request and what must come back.

use std::fmt::Write;

use serde_json::Value;

use crate::{answer::Answer, client::Request};

/// A request and what must come back, from every adapter.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is about.
    pub name: String,
    /// What is sent.
    pub request: Request,
    /// What must come back.
    pub expected: Expected,
}

impl Case {
    /// A case.
    pub fn new(name: impl Into<String>, request: Request, expected: Expected) -> Self {
        Self {
            name: name.into(),
            request,
            expected,
        }
    }
}

/// What an answer must be.
#[derive(Clone, Debug)]
pub struct Expected {
    status: u16,
    challenge: Wanted,
    fields: Vec<(&'static str, Option<String>)>,
    body: Option<Body>,
}

#[derive(Clone, Debug)]
enum Wanted {
    None,
    /// Exactly this scheme with these parameters, in whatever order.
    Exactly(&'static str, Vec<(&'static str, String)>),
}

#[derive(Clone, Debug)]
enum Body {
    Bytes(Vec<u8>),
    Json(Value),
    /// At this pointer, this value.
    JsonAt(&'static str, Value),
}

/// The realm of the site.
pub const REALM: &str = "api";

/// An answer of this status without a challenge.
pub fn status(status: u16) -> Expected {
    Expected {
        status,
        challenge: Wanted::None,
        fields: Vec::new(),
        body: None,
    }
}

/// The request passes.
pub fn passes() -> Expected {
    status(200).field("content-type", "application/json")
}

/// No credentials: 401 and a challenge without `error` (RFC 6750 section 3).
pub fn missing() -> Expected {
    refused(401, None, "unauthorized").reason("MissingCredentials")
}

/// Malformed or repeated credentials: 400 (RFC 6750 section 3.1).
pub fn invalid_request() -> Expected {
    refused(400, Some("invalid_request"), "invalid_request")
}

/// A token that is not good: 401 (RFC 6750 section 3.1).
pub fn invalid_token() -> Expected {
    refused(401, Some("invalid_token"), "invalid_token")
}

/// A scope is missing: 403, and the scopes that would do.
pub fn insufficient_scope(scope: &str) -> Expected {
    refused(403, Some("insufficient_scope"), "insufficient_scope").param("scope", scope)
}

/// A role is missing: 403.
pub fn insufficient_role() -> Expected {
    refused(403, Some("insufficient_scope"), "insufficient_scope").reason("RoleMissing")
}

/// The token does not come from a login: 401 (RFC 9470 section 3).
pub fn not_fresh() -> Expected {
    let code = "insufficient_user_authentication";
    refused(401, Some(code), code)
        .param(
            "error_description",
            "a token from a login with credentials is needed",
        )
        .reason("NotFresh")
}

/// The login was not as strong as is needed: 401, and what would do (RFC 9470
/// section 3).
pub fn too_weak(acr_values: &str) -> Expected {
    step_up("a stronger login is needed", "AuthenticationTooWeak").param("acr_values", acr_values)
}

/// The login is too long ago: 401, and how long ago it may be (RFC 9470 section 3).
pub fn too_old(max_age: &str) -> Expected {
    step_up("a more recent login is needed", "AuthenticationTooOld").param("max_age", max_age)
}

fn step_up(description: &str, reason: &str) -> Expected {
    let code = "insufficient_user_authentication";
    refused(401, Some(code), code)
        .param("error_description", description)
        .reason(reason)
}

/// Nobody can say: 503 and `Retry-After`, no challenge.
pub fn unavailable() -> Expected {
    status(503)
        .error("temporarily_unavailable")
        .field("retry-after", "1")
}

/// The application is put together wrongly: 500, no challenge.
pub fn misconfigured() -> Expected {
    status(500).error("server_error").reason("MissingLayer")
}

fn refused(code: u16, error: Option<&str>, body: &str) -> Expected {
    let mut params = vec![("realm", REALM.to_owned())];
    params.extend(error.map(|error| ("error", error.to_owned())));
    Expected {
        challenge: Wanted::Exactly("Bearer", params),
        ..status(code)
    }
    .error(body)
}

impl Expected {
    /// With this status in place of the other one.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With this field, whose value is this.
    pub fn field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.retain(|(own, _)| *own != name);
        self.fields.push((name, Some(value.to_owned())));
        self
    }

    /// Without this field.
    pub fn no_field(mut self, name: &'static str) -> Self {
        self.fields.push((name, None));
        self
    }

    /// With this reason in the response's extensions, which the site's
    /// outermost layer writes into a field.
    pub fn reason(mut self, reason: &str) -> Self {
        self.fields.retain(|(name, _)| *name != "x-reason");
        self.field("x-reason", reason)
    }

    /// As an answer that carries a token, or an error in its place (RFC 6749
    /// section 5.1).
    pub fn not_stored(self) -> Self {
        self.field("cache-control", "no-store")
            .field("pragma", "no-cache")
    }

    /// With exactly this challenge and no other.
    pub fn challenge(mut self, scheme: &'static str, params: &[(&'static str, &str)]) -> Self {
        let params = params
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        self.challenge = Wanted::Exactly(scheme, params.collect());
        self
    }

    /// With this parameter in the challenge.
    pub fn param(mut self, name: &'static str, value: &str) -> Self {
        if let Wanted::Exactly(_, params) = &mut self.challenge {
            params.retain(|(own, _)| *own != name);
            params.push((name, value.to_owned()));
        }
        self
    }

    /// With exactly this body.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(Body::Bytes(body.as_ref().to_vec()));
        self
    }

    /// With this error in a JSON body and nothing else.
    pub fn error(self, error: &str) -> Self {
        let body = format!(r#"{{"error":"{error}"}}"#);
        self.field("content-type", "application/json").body(body)
    }

    /// With a body that is this JSON.
    pub fn json(mut self, json: Value) -> Self {
        self.body = Some(Body::Json(json));
        self.field("content-type", "application/json")
    }

    /// With a body that is JSON and has this value at this pointer.
    pub fn json_at(mut self, pointer: &'static str, value: impl Into<Value>) -> Self {
        self.body = Some(Body::JsonAt(pointer, value.into()));
        self.field("content-type", "application/json")
    }

    /// As the answer to HEAD: the same without a body (RFC 9110 section 9.3.2).
    pub fn without_body(self) -> Self {
        self.body("")
    }

    /// What is wrong with an answer; empty if nothing is.
    pub fn compare(&self, answer: &Answer) -> String {
        let mut wrong = String::new();
        if answer.status != self.status {
            let _ = writeln!(wrong, "the status is not {}", self.status);
        }
        for (name, value) in &self.fields {
            let found: Vec<_> = answer.values(name).map(String::from_utf8_lossy).collect();
            let expected: Vec<_> = value.iter().map(String::as_str).collect();
            if found != expected {
                let _ = writeln!(wrong, "`{name}` is not {expected:?}");
            }
        }
        self.compare_challenge(answer, &mut wrong);
        self.compare_body(answer, &mut wrong);
        wrong
    }

    fn compare_challenge(&self, answer: &Answer, wrong: &mut String) {
        let found = match answer.challenges() {
            Ok(found) => found,
            Err(error) => {
                let _ = writeln!(wrong, "the challenge is malformed: {error}");
                return;
            }
        };
        match (&self.challenge, found.as_slice()) {
            (Wanted::None, []) => {}
            (Wanted::None, _) => wrong.push_str("there is a challenge\n"),
            (Wanted::Exactly(scheme, params), [one]) => {
                let mut found = one.params.clone();
                found.sort();
                let expected = params
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()));
                let mut expected: Vec<_> = expected.collect();
                expected.sort();
                if one.scheme != *scheme || found != expected {
                    let _ = writeln!(wrong, "the challenge is not {scheme} {expected:?}");
                }
            }
            (Wanted::Exactly(..), _) => wrong.push_str("there is not one challenge\n"),
        }
    }

    fn compare_body(&self, answer: &Answer, wrong: &mut String) {
        let json = || serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        let (good, expected) = match &self.body {
            None => return,
            Some(Body::Bytes(bytes)) => (
                answer.body == *bytes,
                String::from_utf8_lossy(bytes).into_owned(),
            ),
            Some(Body::Json(expected)) => (json() == *expected, expected.to_string()),
            Some(Body::JsonAt(at, expected)) => (
                json().pointer(at) == Some(expected),
                format!("{expected} at {at}"),
            ),
        };
        if !good {
            let _ = writeln!(wrong, "the body is not {expected}");
        }
    }
}
