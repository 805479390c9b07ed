//! Where keys are, and that nothing secret is told.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{build, config, paths, problems, with};
use crate::{
    config::KeyOrigin,
    jose::{Algorithm, KeySet, SigningKey},
};

const SECRET: &str = "correct horse battery staple, and more";
const PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

fn base() -> Value {
    json!({ "issuer": "https://issuer.example", "audience": "api" })
}

fn file(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn keys_are_read_from_text_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| file(folder.path(), name, text);
    let public = SigningKey::generate(Algorithm::ES256)
        .unwrap()
        .verifying_key();
    let jwk = serde_json::Value::Object(public.public_jwk().unwrap()).to_string();
    let set = KeySet::from(public).public_jwks();
    let secret = SigningKey::generate(Algorithm::HS512)
        .unwrap()
        .to_jwk()
        .unwrap();
    // Keys that are for something else are no reason to stop.
    let mixed = set.replace("[{", r#"[{"kty":"XYZ"},{"#);
    for more in [
        json!({ "keys": PEM }),
        json!({ "keys": jwk }),
        json!({ "keys": set }),
        json!({ "keys": format!("\u{feff}{set}") }),
        json!({ "keys": mixed }),
        json!({ "keys": PEM, "algorithms": ["RS256", "Ed25519"] }),
        json!({ "keys_file": file("key.pem", PEM) }),
        json!({ "keys_file": [file("key.pem", PEM), file("set.json", &set)] }),
        json!({ "secret": SECRET, "algorithms": "HS256" }),
        json!({ "secret_file": file("secret", SECRET), "algorithms": "HS256" }),
        json!({ "secret_file": file("secret.jwk", secret.expose()) }),
        json!({ "secret": secret.expose(), "algorithms": ["HS512"] }),
    ] {
        let json = with(&base(), more);
        assert_eq!(
            config(&json).issuers()[0].key_origin(),
            Some(KeyOrigin::Here)
        );
        if let Err(problems) = build(&json) {
            panic!("{problems}: {json}");
        }
    }
}

#[test]
fn a_line_end_is_no_part_of_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let thirty_two = "a".repeat(32);
    for (text, is_long_enough) in [
        (format!("{thirty_two}\n"), true),
        (format!("{thirty_two}\r\n"), true),
        (format!("{}\n", &thirty_two[1..]), false),
        (format!("{}\n\n", &thirty_two[1..]), true),
    ] {
        let path = file(folder.path(), "secret", &text);
        let json = with(
            &base(),
            json!({ "secret_file": path, "algorithms": "HS256" }),
        );
        assert_eq!(build(&json).is_ok(), is_long_enough, "{text:?}");
    }
}

#[test]
fn what_is_wrong_with_keys_is_told_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let private = SigningKey::generate(Algorithm::ES256)
        .unwrap()
        .to_jwk()
        .unwrap();
    let private_set = format!(r#"{{"keys":[{}]}}"#, private.expose());
    let missing = folder.path().join("none.pem").to_str().unwrap().to_owned();
    let path = file(folder.path(), "private.jwk", private.expose());
    for (more, path, message) in [
        (json!({ "keys": private.expose() }), "keys", "private part"),
        (json!({ "keys": private_set }), "keys", "private part"),
        (json!({ "keys_file": path }), "keys_file", "private.jwk: "),
        (
            json!({ "keys_file": [missing, path] }),
            "keys_file[0]",
            "cannot be read",
        ),
        (json!({ "keys": "{\"keys\":[]}" }), "keys", "has no keys"),
        (json!({ "keys": SECRET }), "keys", "neither PEM"),
        (json!({ "keys": PEM, "algorithms": "RS256" }), "keys", "RSA"),
        (
            json!({ "keys": PEM, "algorithms": ["HS256"] }),
            "algorithms",
            "shared secrets",
        ),
        (json!({ "secret": SECRET }), "secret", "not named"),
        (
            json!({ "secret": SECRET, "algorithms": "ES256" }),
            "secret",
            "",
        ),
        (
            json!({ "secret": SECRET, "algorithms": ["HS256", "HS512"] }),
            "secret",
            "one algorithm",
        ),
        (
            json!({ "secret": "short", "algorithms": "HS256" }),
            "secret",
            "at least 32",
        ),
        (
            json!({ "secret": private.expose() }),
            "secret",
            "no shared secret",
        ),
        (
            json!({ "secret_file": missing, "algorithms": "HS256" }),
            "secret_file",
            "cannot be read",
        ),
        (json!({ "discover": true }), "discover", "portcullis_remote"),
        (
            json!({ "jwks_uri": "https://a.example/keys" }),
            "jwks_uri",
            "portcullis_remote",
        ),
        (
            json!({ "metadata_url": "https://a.example" }),
            "metadata_url",
            "portcullis_remote",
        ),
        (
            json!({ "watch_keys": "/etc/keys" }),
            "watch_keys",
            "portcullis_remote",
        ),
        (
            json!({ "introspection": { "client_id": "a" } }),
            "introspection",
            "asked about each",
        ),
    ] {
        let json = with(&base(), more);
        let found = problems(&json);
        assert_eq!(paths(&found)[0], path, "{found}");
        let text = found.to_string();
        assert!(text.contains(message), "{text}");
        let debug = format!("{:?} {found:?}", config(&json));
        let d = &private.expose()[private.expose().find("\"d\"").unwrap()..][..30];
        for secret in [SECRET, "short", d] {
            assert!(
                !text.contains(secret) && !debug.contains(secret),
                "{text} {debug}"
            );
        }
    }
}

#[test]
fn a_secret_of_digits_is_refused_without_being_told() {
    for value in [json!(1234567890), json!(-12345), json!(1234.5), json!(true)] {
        let digits = value.to_string();
        let json = with(&base(), json!({ "secret": value, "algorithms": "HS256" }));
        let error = serde_json::from_value::<super::VerifierConfig>(json).unwrap_err();
        let text = error.to_string();
        assert!(
            !text.contains(&digits) && text.contains("in quotes"),
            "{text}"
        );
    }
}

#[test]
fn keys_come_from_one_place() {
    let json = with(
        &base(),
        json!({ "keys": PEM, "discover": true, "jwks_uri": "x" }),
    );
    assert_eq!(paths(&problems(&json)), ["discover", "jwks_uri"]);
    assert_eq!(config(&json).issuers()[0].key_origin(), None);
    // Discovery at another place is still discovery.
    let json = with(
        &base(),
        json!({ "discover": true, "metadata_url": "https://a.example" }),
    );
    let origin = config(&json).issuers()[0].key_origin();
    assert_eq!(origin, Some(KeyOrigin::Fetched));
}
