//! The JSON Schema of what derives cannot tell.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{OneOrMany, TimeSpan, TrustedIssuer, VerifierConfig};
use crate::{jose::Algorithm, secret::SecretString};

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl JsonSchema for TimeSpan {
    fn schema_name() -> Cow<'static, str> {
        "TimeSpan".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A span of time with its unit: `30s`, `5m`, `1h 30m`.",
            "pattern": r"^\s*([0-9]+(\.[0-9]+)?\s*[A-Za-zµ]+\s*)+$",
        })
    }
}

impl JsonSchema for Algorithm {
    fn schema_name() -> Cow<'static, str> {
        "Algorithm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = Algorithm::ALL.iter().map(|algorithm| algorithm.name());
        // The older name of Ed25519 is read too.
        let names: Vec<_> = names.chain(["EdDSA"]).collect();
        json_schema!({
            "description": "The name of a signature algorithm (RFC 7518 section 3.1, RFC 9864).",
            "enum": names,
        })
    }
}

impl JsonSchema for SecretString {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SecretString".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl JsonSchema for VerifierConfig {
    fn schema_name() -> Cow<'static, str> {
        "VerifierConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<TrustedIssuer>();
        json_schema!({
            "title": "What a service trusts: one issuer, or a list of them",
            "anyOf": [one, { "type": "array", "items": one }],
        })
    }
}
