//! The schemas in `docs/` are those of the types.

use std::{env, fs};

use portcullis::config::{IssuerConfig, KeyRingConfig, VerifierConfig};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use crate::project;

pub(crate) const VERIFIER: &str = "docs/config-verifier.schema.json";
pub(crate) const ISSUER: &str = "docs/config-issuer.schema.json";
pub(crate) const KEY_RING: &str = "docs/config-key-ring.schema.json";

/// Set, it writes the schemas anew.
const WRITE: &str = "PORTCULLIS_WRITE_SCHEMAS";

#[test]
fn the_schemas_are_those_of_the_types() {
    compare::<VerifierConfig>(VERIFIER);
    compare::<IssuerConfig>(ISSUER);
    compare::<KeyRingConfig>(KEY_RING);
}

fn compare<T: JsonSchema>(path: &str) {
    let schema = schema_for!(T);
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if env::var_os(WRITE).is_some() {
        fs::write(project(path), &text).unwrap();
    }
    let written = fs::read_to_string(project(path)).unwrap_or_default();
    assert!(
        written == text,
        "{path} is not what the types say: write it anew with {WRITE}=1 in the environment"
    );
}

/// The schema as it is written.
pub(crate) fn schema(path: &str) -> Value {
    let text = fs::read_to_string(project(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}
