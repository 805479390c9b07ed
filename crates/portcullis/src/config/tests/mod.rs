//! What is built from a configuration, and what is said of one that cannot be.

mod issuers;
mod keys;
mod verifiers;

use serde_json::Value;

use super::{ConfigProblems, VerifierConfig};
use crate::verify::Verifier;

/// The configuration of a verifier, from JSON.
fn config(json: &Value) -> VerifierConfig {
    serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn build(json: &Value) -> Result<Verifier, ConfigProblems> {
    config(json).build()
}

/// The paths of what is wrong.
fn paths(problems: &ConfigProblems) -> Vec<&str> {
    problems.iter().map(|problem| problem.path()).collect()
}

/// What is wrong with this.
fn problems(json: &Value) -> ConfigProblems {
    build(json).expect_err(&json.to_string())
}

/// `value` with these members besides, or in place of its own.
fn with(value: &Value, more: Value) -> Value {
    let mut value = value.clone();
    let members = value.as_object_mut().expect("an object");
    if let Value::Object(more) = more {
        members.extend(more);
    }
    value
}
