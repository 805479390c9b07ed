//! What an issuer answers about a token.

use std::sync::Arc;

use portcullis::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{FetchError, FetchErrorKind};

/// What an issuer said of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The whole answer, and when the token expires by it.
    Active {
        claims: Arc<str>,
        expires_at: Option<Timestamp>,
    },
    Inactive,
}

/// The longest answer that is kept, in bytes: more than the claims of any token.
const MAX_ANSWER: usize = 64 * 1024;

/// RFC 7662 section 2.2. Names occur once; the other members are the verifier's.
#[derive(Deserialize)]
struct Members {
    active: bool,
    exp: Option<Value>,
}

impl Answer {
    /// Reads the body of an answer with status 200.
    pub(super) fn parse(body: &[u8]) -> Result<Self, FetchError> {
        if body.len() > MAX_ANSWER {
            return Err(FetchError::new(
                FetchErrorKind::TooLarge,
                format!("the answer is longer than {MAX_ANSWER} bytes"),
            ));
        }
        let malformed = |message| FetchError::new(FetchErrorKind::Malformed, message);
        let text = str::from_utf8(body).map_err(|_| malformed("the answer is not UTF-8"))?;
        // Not the parser's words, which may quote it.
        let members: Members = serde_json::from_str(text).map_err(|_| {
            malformed(
                "the answer is no JSON object with one `active` that is true or false (RFC 7662 \
                 section 2.2): is this the introspection endpoint?",
            )
        })?;
        if !members.active {
            return Ok(Self::Inactive);
        }
        Ok(Self::Active {
            claims: text.into(),
            expires_at: members.exp.as_ref().and_then(Value::as_f64).map(date),
        })
    }
}

/// A `NumericDate` (RFC 7519 section 2). What is none the verifier refuses.
fn date(secs: f64) -> Timestamp {
    // Saturates, and the milliseconds are exact for 280,000 years.
    Timestamp::from_millis((secs * 1000.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_is_true_and_nothing_else() {
        for (json, expires_at) in [
            (r#"{"active":true}"#, None),
            (
                r#"{"exp":10.5,"active":true,"x":{"active":false}}"#,
                Some(10_500),
            ),
            (r#"{"active":true,"exp":1e300}"#, Some(i64::MAX)),
            (r#"{"active":true,"exp":"10"}"#, None),
        ] {
            let expected = Answer::Active {
                claims: json.into(),
                expires_at: expires_at.map(Timestamp::from_millis),
            };
            assert_eq!(Answer::parse(json.as_bytes()).unwrap(), expected);
        }
        let inactive = Answer::parse(br#"{"active":false,"exp":10}"#).unwrap();
        assert_eq!(inactive, Answer::Inactive);
    }

    #[test]
    fn anything_else_is_no_answer() {
        for body in [
            &b""[..],
            b"null",
            b"true",
            b"[]",
            b"{}",
            br#"{"active":"true"}"#,
            br#"{"active":1}"#,
            br#"{"active":null}"#,
            br#"{"active":false,"active":true}"#,
            br#"{"active":true} "hidden""#,
            b"{\"active\":true,\"x\":\"\xff\"}",
            b"<html>hidden</html>",
        ] {
            let error = Answer::parse(body).unwrap_err();
            assert_eq!(error.kind(), FetchErrorKind::Malformed);
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
        let long = format!(r#"{{"active":true,"x":"{}"}}"#, "x".repeat(MAX_ANSWER));
        let error = Answer::parse(long.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::TooLarge);
    }
}
