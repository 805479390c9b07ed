//! `portcullis key`.

use serde_json::{Value, json};

use crate::program::Place;

/// Algorithms of each type of key, by the names that `alg` has for them. RSA keys take
/// long to make.
pub(crate) const PAIRS: [&str; 5] = ["ES256", "ES384", "ES512", "EdDSA", "PS384"];

const SECRETS: [&str; 3] = ["HS256", "HS384", "HS512"];

fn object(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The members of a JWK that nobody else may see.
fn is_private(name: &str) -> bool {
    ["d", "p", "q", "dp", "dq", "qi", "k"].contains(&name)
}

#[test]
fn a_pair_is_made_shown_and_converted_without_loss() {
    for algorithm in PAIRS {
        let place = Place::new();
        let made = place.good_json(&[
            "key", "new", algorithm, "--out", "key.jwk", "--public", "set.json",
        ]);
        let jwk = object(&place.read("key.jwk"));
        let set = object(&place.read("set.json"));
        assert_eq!(jwk["alg"], algorithm);
        assert_eq!(made["private"], "key.jwk");
        assert_eq!(made["public"], "set.json");
        assert_eq!(made["key"]["kid"], made["key"]["thumbprint"]);
        assert_eq!(jwk["kid"], made["key"]["kid"]);
        let public = set["keys"][0].as_object().unwrap();
        assert!(!public.keys().any(|name| is_private(name)), "{set}");

        let shown = place.good_json(&["key", "show", "key.jwk"]);
        assert_eq!(shown, json!({"keys": [made["key"]], "unusable": []}));
        let mut of_public = made["key"].clone();
        of_public["private"] = false.into();
        assert_eq!(
            place.good_json(&["key", "show", "set.json"])["keys"],
            json!([of_public])
        );

        let all = format!("{made}{shown}");
        let private = jwk.as_object().unwrap().iter();
        let mut private = private.filter(|(name, _)| is_private(name));
        assert!(private.all(|(_, value)| !all.contains(value.as_str().unwrap())));

        // By way of PEM, which holds neither algorithm nor key id.
        place.good(&[
            "key", "convert", "key.jwk", "--to", "pem", "--out", "key.pem",
        ]);
        place.good(&[
            "key",
            "convert",
            "key.jwk",
            "--to",
            "pem",
            "--public",
            "--out",
            "public.pem",
        ]);
        assert!(
            place
                .read("key.pem")
                .starts_with("-----BEGIN PRIVATE KEY-----\n")
        );
        assert!(
            place
                .read("public.pem")
                .starts_with("-----BEGIN PUBLIC KEY-----\n")
        );
        place.good(&[
            "key",
            "convert",
            "key.pem",
            "--to",
            "jwk",
            "--algorithm",
            algorithm,
            "--out",
            "back.jwk",
        ]);
        assert_eq!(object(&place.read("back.jwk")), jwk, "{algorithm}");
        let back = place.good(&[
            "key",
            "convert",
            "public.pem",
            "--to",
            "jwks",
            "--algorithm",
            algorithm,
        ]);
        assert_eq!(object(&back), set);
        for file in ["key.jwk", "set.json", "key.pem", "public.pem"] {
            let thumbprint = place.good(&["key", "thumbprint", file]);
            assert_eq!(thumbprint.trim_end(), made["key"]["thumbprint"]);
        }
    }
}

#[test]
fn what_is_shown_of_a_key_is_not_the_key() {
    let place = Place::new();
    for (index, algorithm) in ["ES256", "EdDSA", "HS512"].into_iter().enumerate() {
        let file = format!("{index}.jwk");
        let mut output = place.good(&["key", "new", algorithm, "--out", &file]);
        let jwk = object(&place.read(&file));
        output += &place.good(&["key", "show", &file]);
        output += &place.good_json(&["key", "show", &file]).to_string();
        output += &place.good(&["key", "thumbprint", &file]);
        output += &place.run(&["key", "convert", &file, "--to", "jwk"]).stderr;
        output += &place.run(&["key", "convert", &file, "--to", "jwks"]).stdout;
        for (name, value) in jwk.as_object().unwrap() {
            let is_seen = output.contains(value.as_str().unwrap());
            assert!(
                !(is_private(name) && is_seen),
                "{name} of {algorithm}: {output}"
            );
        }
        assert!(output.contains(jwk["kid"].as_str().unwrap()));
    }
}

#[test]
fn a_secret_has_a_kid_of_its_own_and_no_public_half() {
    for algorithm in SECRETS {
        let place = Place::new();
        let made = place.good_json(&["key", "new", algorithm, "--out", "secret.jwk"]);
        let key = &made["key"];
        assert_eq!(
            (&key["type"], &key["algorithm"]),
            (&json!("oct"), &json!(algorithm))
        );
        assert_ne!(key["kid"], key["thumbprint"]);
        let bits: usize = algorithm[2..].parse().unwrap();
        assert_eq!(
            (&key["bits"], &key["security_bits"]),
            (&json!(bits), &json!(bits.min(256)))
        );
        for (args, says) in [
            (
                &["key", "convert", "secret.jwk", "--to", "jwks"][..],
                "no public half",
            ),
            (
                &["key", "convert", "secret.jwk", "--to", "jwk", "--public"],
                "no public half",
            ),
            (
                &["key", "convert", "secret.jwk", "--to", "pem", "--stdout"],
                "no form in PEM",
            ),
            (
                &["key", "new", algorithm, "--out", "a.pem"],
                "no form in PEM",
            ),
            (
                &[
                    "key", "new", algorithm, "--out", "a.jwk", "--public", "b.json",
                ],
                "no public half",
            ),
        ] {
            place.fails(args, 1, says);
        }
        assert!(!place.path("a.pem").exists() && !place.path("a.jwk").exists());
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_half_done_is_left() {
    let place = Place::new();
    place.write("taken", "precious");
    for args in [
        &["key", "new", "ES256", "--out", "taken"][..],
        &[
            "key", "new", "ES256", "--out", "new.jwk", "--public", "taken",
        ],
        &["key", "new", "ES256", "--out", "same", "--public", "same"],
    ] {
        place.fails(args, 2, "is there already");
    }
    place.good(&["key", "new", "ES256", "--out", "key.jwk"]);
    place.fails(
        &["key", "convert", "key.jwk", "--to", "pem", "--out", "taken"],
        2,
        "is there already",
    );
    place.fails(
        &["key", "new", "ES256", "--out", "none/key.jwk"],
        2,
        "cannot be written",
    );
    assert_eq!(place.read("taken"), "precious");
    assert!(!place.path("new.jwk").exists() && !place.path("same").exists());
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_a_private_key() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    place.good(&[
        "key", "new", "ES256", "--out", "a.jwk", "--public", "a.json",
    ]);
    place.good(&["key", "convert", "a.jwk", "--to", "pem", "--out", "a.pem"]);
    for (file, is_private) in [("a.jwk", true), ("a.pem", true), ("a.json", false)] {
        let mode = place.path(file).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode == 0o600, is_private, "{file}: {mode:o}");
        assert_eq!(mode & 0o111, 0);
    }
}

#[test]
fn a_private_key_is_printed_only_if_that_is_asked_for() {
    let place = Place::new();
    place.fails(&["key", "new", "ES256"], 2, "--out");
    let text = place.good(&["key", "new", "ES256", "--stdout", "--kid", "mine"]);
    assert_eq!(object(&text)["kid"], "mine");
    place.write("key.jwk", &text);
    place.fails(&["key", "convert", "key.jwk", "--to", "pem"], 2, "--stdout");
    let pem = place.good(&["key", "convert", "key.jwk", "--to", "pem", "--stdout"]);
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.ends_with("KEY-----\n"));
    // Public ones are.
    let jwk = place.good(&["key", "convert", "key.jwk", "--to", "jwk", "--public"]);
    assert!(object(&jwk).get("d").is_none());
    // From standard input.
    let ran = place.run_with(&["key", "convert", "--to", "jwks", "--kid", "other"], &pem);
    assert_eq!(object(&ran.good())["keys"][0]["kid"], "other");
}

/// RFC 7638 section 3.1.
#[test]
fn the_thumbprint_of_the_specification_comes_out() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1\
             L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_F\
             DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6We\
             Zu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let place = Place::new();
    let jwk = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
    place.write("key.jwk", jwk.to_string());
    let thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    let uri = format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{thumbprint}");
    assert_eq!(
        place.good(&["key", "thumbprint", "key.jwk"]).trim_end(),
        thumbprint
    );
    assert_eq!(
        place
            .good(&["key", "thumbprint", "key.jwk", "--uri"])
            .trim_end(),
        uri
    );
    let json = place.good_json(&["key", "thumbprint", "key.jwk"]);
    let expected = json!({"kid": "2011-04-29", "thumbprint": thumbprint, "uri": uri});
    assert_eq!(json, json!({"thumbprints": [expected]}));
    // 2048 bits are still accepted.
    let text = place.good(&["key", "show", "key.jwk"]);
    assert!(
        text.contains("2048 bits, worth 112") && text.contains("3072"),
        "{text}"
    );
}

#[test]
fn of_a_set_the_unusable_keys_are_told() {
    let place = Place::new();
    place.good(&[
        "key", "new", "ES256", "--out", "key.jwk", "--public", "set.json",
    ]);
    let mut set = object(&place.read("set.json"));
    let keys = set["keys"].as_array_mut().unwrap();
    keys.push(json!({"kty": "RSA", "kid": "\u{1b}[31mweak", "n": "AQAB", "e": "AQAB"}));
    place.write("set.json", set.to_string());
    let shown = place.good_json(&["key", "show", "set.json"]);
    assert_eq!(shown["unusable"][0]["index"], 1);
    assert_eq!(shown["keys"].as_array().unwrap().len(), 1);
    let text = place.good(&["key", "show", "set.json"]);
    assert!(
        text.contains("number 2") && !text.contains('\u{1b}'),
        "{text}"
    );
    place.write("none.json", json!({"keys": [set["keys"][1]]}).to_string());
    assert_eq!(place.run(&["key", "show", "none.json"]).code, 1);
    place.fails(&["key", "thumbprint", "none.json"], 1, "no key of the set");
    place.write("empty.json", r#"{"keys":[]}"#);
    assert_eq!(place.run(&["key", "show", "empty.json"]).code, 1);
}

#[test]
fn what_is_no_key_is_refused_with_advice() {
    let place = Place::new();
    place.write("text", "hello");
    place.write("short.jwk", r#"{"kty":"oct","k":"c2hvcnQ","alg":"HS256"}"#);
    place.write(
        "rsa.jwk",
        r#"{"kty":"RSA","n":"AQAB","e":"AQAB","alg":"RS256"}"#,
    );
    for command in ["show", "thumbprint"] {
        for (file, code, says) in [
            ("text", 1, "neither PEM"),
            ("short.jwk", 1, "portcullis key new"),
            ("rsa.jwk", 1, "portcullis key new"),
            ("none.jwk", 2, "none.jwk cannot be read"),
            (".", 2, "cannot be read"),
        ] {
            place.fails(&["key", command, file], code, says);
        }
    }
    place.fails(&["key", "new", "XS256", "--out", "a"], 2, "ES256");
    place.fails(
        &["key", "new", "ES256", "--out", "a", "--kid", ""],
        2,
        "key id has 1 to 256 bytes",
    );
}
