//! `portcullis config check`.

use portcullis_testing::issuer::{Endpoint, FakeIssuer};
use serde_json::{Value, json};

use crate::program::Place;

/// What is wrong with a configuration, by the program's JSON and its text.
fn problems(place: &Place, args: &[&str], input: &str) -> Vec<(String, String)> {
    let args = [&["config", "check"], args].concat();
    let ran = place.run_with(&[&args[..], &["--json"]].concat(), input);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let problems = answer["problems"].as_array().unwrap();
    assert_eq!(
        (answer["good"] == true, ran.code),
        (problems.is_empty(), i32::from(!problems.is_empty()))
    );
    let text = place.run_with(&args, input);
    assert_eq!(text.code, ran.code);
    assert!(
        problems.is_empty() == text.stdout.starts_with("good"),
        "{}",
        text.stdout
    );
    let texts = problems
        .iter()
        .map(|problem| ["path", "message"].map(|name| problem[name].as_str().unwrap()));
    for [path, message] in texts.clone() {
        assert!(
            text.stdout.contains(path) && text.stdout.contains(message),
            "{}",
            text.stdout
        );
    }
    texts
        .map(|[path, message]| (path.to_owned(), message.to_owned()))
        .collect()
}

fn paths(problems: &[(String, String)]) -> Vec<&str> {
    problems.iter().map(|(path, _)| path.as_str()).collect()
}

/// A place with `key.jwk` and `keys.json`.
fn place() -> Place {
    let place = Place::new();
    place.good(&[
        "key",
        "new",
        "ES256",
        "--out",
        "key.jwk",
        "--public",
        "keys.json",
    ]);
    place
}

#[test]
fn what_a_service_could_start_with_is_good() {
    let place = place();
    let verifier =
        json!({"issuer": "https://i.example", "audience": "api", "keys_file": "keys.json"});
    let fetched = json!({"issuer": "https://j.example", "audience": "api", "discover": true});
    let issuer =
        json!({"issuer": "https://i.example", "audience": "api", "signing_key_file": "key.jwk"});
    for (kind, config) in [
        ("verifier", &verifier),
        ("verifier", &fetched),
        ("verifier", &json!([verifier, fetched])),
        ("issuer", &issuer),
    ] {
        place.write("config.json", config.to_string());
        let found = problems(&place, &["config.json", "--kind", kind], "");
        assert_eq!(found, [], "{config}");
        let found = problems(
            &place,
            &["--syntax", "json", "--kind", kind],
            &config.to_string(),
        );
        assert_eq!(found, [], "{config}");
    }
    let toml = "[auth.verifier]\nissuer = 'https://i.example'\naudience = 'api'\nkeys_file = 'keys.json'\n\
                [[list]]\nissuer = 'https://i.example'\naudience = 'api'\nkeys_file = 'keys.json'\n";
    place.write("service.toml", toml);
    for section in ["auth.verifier", "list", "list.0"] {
        assert_eq!(
            problems(&place, &["service.toml", "--section", section], ""),
            []
        );
    }
}

#[test]
fn all_that_is_wrong_is_told_with_its_path() {
    let place = place();
    place.write(
        "service.toml",
        "[auth]\nkeys_file = 'none.pem'\n[[list]]\naudience = 'api'\n",
    );
    let found = problems(&place, &["service.toml", "--section", "auth"], "");
    assert_eq!(
        paths(&found),
        ["auth.issuer", "auth.audience", "auth.keys_file"]
    );
    let found = problems(&place, &["service.toml", "--section", "list"], "");
    assert!(
        paths(&found).iter().all(|path| path.starts_with("list[0]")),
        "{found:?}"
    );
    let found = problems(&place, &["--syntax", "json", "--kind", "issuer"], "{}");
    assert!(!found.is_empty());
}

#[test]
fn a_type_error_is_told_alone_with_its_path_and_quotes_no_secret() {
    let place = place();
    for (syntax, text, path) in [
        ("toml", "issuer = 5\n", "issuer"),
        ("toml", "leewai = '5s'\n", "leewai"),
        (
            "json",
            r#"{"require_claim_values": {"a": 5}}"#,
            "require_claim_values.a",
        ),
        ("toml", "secret = 'hunter2\n", ""),
        ("json", r#"{"secret": "hunter2" 5}"#, ""),
        ("json", "[", ""),
    ] {
        let found = problems(&place, &["--syntax", syntax], text);
        assert_eq!(paths(&found), [path], "{text}: {found:?}");
        assert!(!found[0].1.contains("hunter2"), "{found:?}");
    }
}

#[test]
fn what_cannot_be_looked_at_is_told() {
    let place = place();
    place.write("config", "");
    place.write("config.toml", "[a]\n");
    for (args, says) in [
        (&["config"][..], "--syntax"),
        (&["none.toml"], "none.toml cannot be read"),
        (&["config.toml", "--section", "a.b"], "has no table `a.b`"),
        (&["config.toml", "--kind", "other"], "verifier"),
    ] {
        place.fails(&[&["config", "check"], args].concat(), 2, says);
    }
}

#[test]
fn keys_are_fetched_only_if_that_is_asked_for() {
    let issuer = FakeIssuer::start();
    let place = place();
    let config = json!({
        "issuer": issuer.name(), "audience": "api", "discover": true, "allow_loopback_http": true,
    });
    place.write("config.json", config.to_string());
    assert_eq!(problems(&place, &["config.json"], ""), []);
    assert_eq!(issuer.requests().len(), 0);
    place.good(&["config", "check", "config.json", "--fetch"]);
    assert_eq!(issuer.count(Endpoint::Keys), 1);
    issuer.go_offline();
    assert_eq!(problems(&place, &["config.json"], ""), []);
    place.fails(
        &["config", "check", "config.json", "--fetch"],
        2,
        "cannot be fetched",
    );
}

#[test]
fn the_configuration_of_an_issuer_is_known_as_one() {
    let place = place();
    let issuer = "[issuer]\nshape = \"plain\"\nsigning_key_file = \"key.jwk\"\n";
    place.write("issuer.toml", issuer);
    let check = ["config", "check", "issuer.toml", "--section", "issuer"];
    let told = place.run_with(&check, "").stderr;
    assert!(told.contains("say --kind issuer"), "{told}");
    place.write("wrong.toml", "[issuer]\nnobody = 1\n");
    let check = ["config", "check", "wrong.toml", "--section", "issuer"];
    let told = place.run_with(&check, "").stderr;
    assert!(!told.contains("--kind"), "{told}");
}
