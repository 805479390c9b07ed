//! Answers that carry tokens.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    endpoint::{answer::json_response, route::TokenOutput},
    secret::SecretString,
    session::{Sessions, TokenPair},
    time::{Clock, Timestamp},
};

/// The tokens of an answer.
pub(super) struct Tokens {
    pair: TokenPair,
    /// Whether scope was asked for or granted.
    about_scope: bool,
}

impl Tokens {
    /// `about_scope`: whether the scope is worth telling even if it is empty.
    pub(super) fn of(pair: TokenPair, about_scope: bool) -> Self {
        Self {
            about_scope: about_scope || !pair.scope.is_empty(),
            pair,
        }
    }

    /// The tokens themselves.
    pub(super) fn pair(&self) -> &TokenPair {
        &self.pair
    }

    /// The answer, in which `sessions` say what time it is.
    pub(super) fn respond(&self, output: &TokenOutput, sessions: &Sessions) -> Response<Bytes> {
        let body = TokenBody {
            tokens: self,
            output,
            now: sessions.issuer().clock().now(),
        };
        match &output.envelope {
            None => json_response(StatusCode::OK, &body),
            Some(envelope) => json_response(StatusCode::OK, &BTreeMap::from([(envelope, &body)])),
        }
    }
}

/// An answer of one token and nothing else.
pub(super) fn one_token(member: &str, token: &SecretString) -> Response<Bytes> {
    json_response(StatusCode::OK, &BTreeMap::from([(member, token.expose())]))
}

/// The members of an answer, under the names that its API has for them.
struct TokenBody<'a> {
    tokens: &'a Tokens,
    output: &'a TokenOutput,
    now: Timestamp,
}

impl Serialize for TokenBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (output, pair) = (self.output, &self.tokens.pair);
        let mut members = serializer.serialize_map(None)?;
        for (name, value) in &output.constants {
            members.serialize_entry(name, value)?;
        }
        members.serialize_entry(&output.access, pair.access.token().expose())?;
        if let (Some(name), Some(refresh)) = (&output.refresh, &pair.refresh) {
            members.serialize_entry(name, refresh.token().expose())?;
        }
        if let (Some(name), Some(left)) = (&output.expires_in, pair.access.expires_in(self.now)) {
            members.serialize_entry(name, &left.as_secs())?;
        }
        if let (Some(name), true) = (&output.scope, self.tokens.about_scope) {
            members.serialize_entry(name, pair.scope.as_str())?;
        }
        members.end()
    }
}
