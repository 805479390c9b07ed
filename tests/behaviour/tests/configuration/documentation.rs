//! Every setting has its row in `docs/configuration.md`, and no other has.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::{
    project,
    schemas::{ISSUER, KEY_RING, VERIFIER, schema},
};

#[test]
fn every_setting_is_documented_and_none_that_there_is_not() {
    let text = fs::read_to_string(project("docs/configuration.md")).unwrap();
    let (verifier, issuer, ring) = (schema(VERIFIER), schema(ISSUER), schema(KEY_RING));
    let definitions = &verifier["$defs"];
    for (heading, settings) in [
        ("## What is trusted", members(&definitions["TrustedIssuer"])),
        ("### `kind_claim`", members(&definitions["KindClaim"])),
        ("### `cache`", members(&definitions["CacheConfig"])),
        ("### `dangerous`", members(&definitions["DangerousConfig"])),
        (
            "### `introspection`",
            members(&definitions["IntrospectionConfig"]),
        ),
        ("### `provider`", providers(&definitions["ProviderConfig"])),
        ("## What is issued", members(&issuer)),
        ("### Keys that roll over", members(&ring)),
    ] {
        assert_eq!(documented(&text, heading), settings, "{heading}");
    }
}

fn members(schema: &Value) -> BTreeSet<String> {
    let members = schema["properties"].as_object().unwrap();
    assert!(!members.is_empty());
    members.keys().cloned().collect()
}

/// The names of the variants.
fn providers(schema: &Value) -> BTreeSet<String> {
    let variants = schema["oneOf"].as_array().unwrap().iter();
    let names = variants.flat_map(|variant| match &variant["properties"] {
        Value::Object(members) => members.keys().cloned().collect(),
        _ => match (&variant["const"], &variant["enum"]) {
            (Value::String(name), _) => vec![name.clone()],
            (_, Value::Array(names)) => names
                .iter()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect(),
            _ => panic!("{variant}"),
        },
    });
    names.collect()
}

/// The names in the first column of the tables under a heading, up to the next one.
fn documented(text: &str, heading: &str) -> BTreeSet<String> {
    let mut lines = text.lines().skip_while(|line| *line != heading);
    assert!(lines.next().is_some(), "there is no {heading}");
    let rows = lines
        .take_while(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut seen = BTreeSet::new();
    for (name, _) in rows {
        assert!(seen.insert(name.to_owned()), "{name} is there twice");
    }
    seen
}
