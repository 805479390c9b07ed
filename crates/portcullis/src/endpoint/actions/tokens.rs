//! Answers that carry tokens.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::{Serialize, Serializer};

use crate::{
    claims::ScopeSet,
    endpoint::{
        answer::{Members, json_response},
        route::{Name, TokenOutput},
    },
    issue::IssuedToken,
    secret::SecretString,
    time::Timestamp,
};

/// The tokens of an answer.
pub(super) struct Tokens<'a> {
    pub(super) access: &'a IssuedToken,
    pub(super) refresh: Option<&'a SecretString>,
    /// The scope of the access token, where scope was asked for or granted.
    pub(super) scope: Option<&'a ScopeSet>,
}

impl Tokens<'_> {
    /// The answer, given at `now`.
    pub(super) fn respond(&self, output: &TokenOutput, now: Timestamp) -> Response<Bytes> {
        let mut members = Members(output.constants.clone());
        members.push(output.access.clone(), self.access.token().expose());
        if let (Some(name), Some(token)) = (&output.refresh, self.refresh) {
            members.push(name.clone(), token.expose());
        }
        let left = self.access.expires_in(now);
        if let (Some(name), Some(left)) = (&output.expires_in, left) {
            members.push(name.clone(), left.as_secs());
        }
        if let (Some(name), Some(scope)) = (&output.scope, self.scope) {
            members.push(name.clone(), scope.as_str());
        }
        match &output.envelope {
            None => json_response(StatusCode::OK, &members),
            Some(envelope) => json_response(StatusCode::OK, &Envelope(envelope, &members)),
        }
    }
}

/// An answer of one token and nothing else.
pub(super) fn one_token(member: &str, token: &SecretString) -> Response<Bytes> {
    let mut members = Members::default();
    members.push(member.to_owned(), token.expose());
    json_response(StatusCode::OK, &members)
}

/// An object whose one member holds all others.
struct Envelope<'a>(&'a Name, &'a Members);

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, self.1)])
    }
}
