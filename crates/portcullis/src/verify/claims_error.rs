//! Claims that are not what a handler asked for.

use std::{collections::BTreeMap, fmt};

use serde_json::value::RawValue;

use super::shown::Shown;

/// A verified token's claims do not have the form of the application's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsError(String);

impl ClaimsError {
    /// A refusal by the application's own [`FromToken`](super::FromToken). `reason` goes to the
    /// log, not to the client.
    pub fn custom(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Which claim of `json` does not fit; the parser's own message may quote a value.
    #[cold]
    pub(super) fn new(error: &serde_json::Error, json: &str) -> Self {
        if let Some(claim) = claim_at(json, error) {
            return Self(format!(
                "the claim {} is not what the type wants there",
                Shown(&claim)
            ));
        }
        let message = error.to_string();
        let missing = message.strip_prefix("missing field `");
        // The name is the type's own.
        if let Some((name, _)) = missing.and_then(|rest| rest.split_once('`')) {
            return Self(format!("there is no claim {}", Shown(name)));
        }
        Self(format!(
            "{:?} error at column {}",
            error.classify(),
            error.column()
        ))
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claims do not have the form asked for: {}", self.0)
    }
}

impl std::error::Error for ClaimsError {}

/// The claim in whose value `error` is; `None` if that is not inside of one, such as
/// where one is missing.
fn claim_at(json: &str, error: &serde_json::Error) -> Option<String> {
    let lines = json.split_inclusive('\n');
    let before: usize = lines.take(error.line().checked_sub(1)?).map(str::len).sum();
    let end = before + error.column();
    let claims: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    claims.into_iter().find_map(|(name, value)| {
        let start = value.get().as_ptr().addr() - json.as_ptr().addr();
        (start < end && end <= start + value.get().len()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is only read from JSON")]
    struct User {
        sub: String,
        level: Option<u8>,
        team: Option<HashMap<String, Vec<u8>>>,
    }

    #[test]
    fn it_names_the_claim_and_quotes_no_value() {
        for (json, says) in [
            (r#"{"sub":7,"level":3}"#, r#"the claim "sub" is not"#),
            (
                r#"{"sub":"a","level":"hush"}"#,
                r#"the claim "level" is not"#,
            ),
            (
                "{\"sub\":\"a\",\n \"level\":\n  -3 }",
                r#"the claim "level" is not"#,
            ),
            (
                r#"{"sub":"a","team":{"red":["hush"]}}"#,
                r#"the claim "team" is not"#,
            ),
            (r#"{"level":1,"team":null}"#, r#"there is no claim "sub""#),
            (r#"["hush"]"#, "error at column"),
        ] {
            let error = serde_json::from_str::<User>(json).unwrap_err();
            let told = ClaimsError::new(&error, json).to_string();
            assert!(told.contains(says), "{json}: {told}");
            assert!(!told.contains("hush"), "{told}");
        }
    }
}
