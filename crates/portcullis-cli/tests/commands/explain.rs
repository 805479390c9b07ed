//! `portcullis token explain`.

use portcullis_testing::{
    issuer::{Endpoint, FakeIssuer},
    mint::{Mint, hostile},
};
use serde_json::Value;

use crate::program::{Place, Ran};

const ISSUER: &str = "https://issuer.test";
const AUDIENCE: &str = "https://api.test";

/// A place with `keys.json`, the keys of a mint.
fn place(mint: &Mint) -> Place {
    let place = Place::new();
    place.write("keys.json", mint.keys().public_jwks());
    place
}

fn explain<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [
        &["token", "explain", "--key", "keys.json", "--issuer", ISSUER],
        more,
    ]
    .concat()
}

/// The exit code and the outcome of each check that has one of these.
fn outcomes(ran: &Ran, outcome: &str) -> (i32, Vec<String>) {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["accepted"], ran.code == 0);
    assert_eq!(report["error"].is_null(), ran.code == 0);
    let checks = report["checks"].as_array().unwrap().iter();
    let checks = checks.filter(|check| check["outcome"] == outcome);
    (
        ran.code,
        checks
            .map(|check| check["name"].as_str().unwrap().to_owned())
            .collect(),
    )
}

#[test]
fn what_is_wrong_is_named_and_all_of_it() {
    let mint = Mint::new();
    let place = place(&mint);
    let good = mint.token("alice").build();
    let expired = mint.token("alice").expired().build();
    let other = mint
        .token("alice")
        .audience("https://other.test")
        .expired()
        .build();
    for (token, more, failed) in [
        (&good, &["--audience", AUDIENCE][..], &[][..]),
        (
            &good,
            &["--audience", "https://x", "--audience", AUDIENCE],
            &[],
        ),
        (&good, &["--any-audience", "--rfc9068"], &[]),
        (&good, &["--no-audience"], &["aud"]),
        (&good, &["--audience", "https://x"], &["aud"]),
        (&expired, &["--audience", AUDIENCE], &["exp"]),
        (&expired, &["--audience", AUDIENCE, "--leeway", "2h"], &[]),
        (
            &good,
            &["--audience", AUDIENCE, "--at", "2036-01-01T00:00:00Z"],
            &["exp"],
        ),
        (&other, &["--audience", AUDIENCE], &["aud", "exp"]),
    ] {
        let args = [&explain(more)[..], &["--json"]].concat();
        let ran = place.run_with(&args, token);
        let expected = (
            i32::from(!failed.is_empty()),
            failed.iter().map(ToString::to_string).collect(),
        );
        assert_eq!(
            outcomes(&ran, "failed"),
            expected,
            "{more:?}: {}",
            ran.stderr
        );
        let ran = place.run_with(&explain(more), format!("Bearer {token}\n"));
        assert_eq!(ran.code, expected.0);
        let verdict = if failed.is_empty() {
            "accepted\n"
        } else {
            "refused: "
        };
        assert!(ran.stdout.starts_with(verdict), "{}", ran.stdout);
        let lines = ran.stdout.lines().filter(|line| line.starts_with("failed"));
        assert_eq!(lines.count(), failed.len(), "{}", ran.stdout);
        assert!(!ran.stdout.contains(token.as_str()));
    }
}

#[test]
fn no_forgery_is_accepted_nor_breaks_the_terminal() {
    let mint = Mint::new();
    let place = place(&mint);
    place.write("token", "");
    let args = explain(&["--audience", AUDIENCE, "token"]);
    let evil = mint
        .token("alice")
        .claim("iss", "\u{1b}[31m\u{9b}a\u{202e}")
        .build();
    let forged = hostile::tokens(&mint)
        .into_iter()
        .map(|forged| forged.token);
    for token in forged.chain([evil]).filter(|token| !token.is_empty()) {
        place.write("token", &token);
        let ran = place.run(&args);
        assert_ne!(ran.code, 0, "{token}");
        let is_raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!(ran.stdout + &ran.stderr).contains(is_raw), "{token}");
    }
}

#[test]
fn a_secret_comes_from_a_file() {
    let place = Place::new();
    place.good(&["key", "new", "HS256", "--out", "secret.jwk"]);
    let args = [
        "token",
        "mint",
        "--key",
        "secret.jwk",
        "--shape",
        "plain",
        "--subject",
        "a",
    ];
    place.write("token", place.good(&args));
    let jwk: Value = serde_json::from_str(&place.read("secret.jwk")).unwrap();
    let mut secret = Vec::new();
    portcullis::jose::decode_segment(jwk["k"].as_str().unwrap().as_bytes(), &mut secret).unwrap();
    place.write("secret", &secret);
    place.write("line", [&secret[..], b"\n"].concat());
    place.write("short", "hunter2");
    // It signs, too.
    let args = [
        "token",
        "mint",
        "--secret-file",
        "line",
        "--algorithm",
        "HS256",
    ];
    let args = [&args[..], &["--shape", "plain", "--subject", "a"]].concat();
    place.write("own", place.good(&args));
    let explain = |file: &'static str| {
        [
            "token",
            "explain",
            "token",
            "--secret-file",
            file,
            "--algorithm",
            "HS256",
            "--any-issuer",
            "--no-audience",
        ]
    };
    for file in ["secret", "line", "secret.jwk"] {
        assert!(place.good(&explain(file)).starts_with("accepted"), "{file}");
    }
    let mut own = explain("secret");
    own[2] = "own";
    assert!(place.good(&own).starts_with("accepted"));
    place.fails(&explain("short"), 1, "short");
    let ran = place.run(&explain("short"));
    assert!(!ran.stderr.contains("hunter2"));
}

#[test]
fn what_is_not_said_is_asked_for() {
    let mint = Mint::new();
    let place = place(&mint);
    place.write("token", mint.token("alice").build());
    for (args, code, says) in [
        (&[][..], 2, "--key FILE"),
        (&["--key", "keys.json"], 2, "--any-issuer"),
        (&["--key", "keys.json", "--issuer", ISSUER], 2, "--audience"),
        (&["--fetch"], 2, "--issuer"),
        (&["--secret-file", "keys.json"], 2, "--algorithm"),
        (&["--key", "-", "-"], 2, "standard input"),
        (&["--key", "none"], 2, "none cannot be read"),
        (&["--key", "token"], 1, "neither PEM"),
        (
            &[
                "--issuer",
                "http://issuer.test",
                "--fetch",
                "--audience",
                "a",
            ],
            2,
            "--allow-loopback-http",
        ),
        (&["--config", "token"], 2, ".toml"),
        (&["--config", "a.toml", "--key", "keys.json"], 2, "--key"),
    ] {
        let args = match args.last() {
            Some(&"-") => [&["token", "explain"], args].concat(),
            _ => [&["token", "explain", "token"], args].concat(),
        };
        place.fails(&args, code, says);
    }
}

#[test]
fn keys_are_fetched_where_that_is_asked_for() {
    let issuer = FakeIssuer::builder().path("/realms/main").start();
    let place = Place::new();
    place.write("token", issuer.token("alice").build());
    let name = issuer.name();
    let config = format!(
        "[verifier]\nissuer = '{name}'\naudience = '{AUDIENCE}'\ndiscover = true\nallow_loopback_http = true\n"
    );
    place.write("service.toml", config);
    let keys_url = issuer.keys_url();
    let told = [
        "--issuer",
        &name,
        "--audience",
        AUDIENCE,
        "--allow-loopback-http",
    ];
    let of_config = ["--config", "service.toml", "--section", "verifier"];
    for (more, asked) in [
        ([&told[..], &["--fetch"]].concat(), true),
        ([&told[..], &["--keys-url", &keys_url]].concat(), true),
        ([&of_config[..], &["--fetch"]].concat(), true),
        (of_config.to_vec(), false),
    ] {
        let before = issuer.count(Endpoint::Keys);
        let args = [&["token", "explain", "token", "--json"], &more[..]].concat();
        let ran = place.run(&args);
        assert_eq!(
            outcomes(&ran, "failed").1,
            [""; 0],
            "{more:?}: {}",
            ran.stderr
        );
        // Without keys nobody can say.
        assert_eq!(ran.code, i32::from(!asked), "{more:?}: {}", ran.stdout);
        assert_eq!(
            issuer.count(Endpoint::Keys) - before,
            usize::from(asked),
            "{more:?}"
        );
    }
    issuer.go_offline();
    let args = [&["token", "explain", "token", "--fetch"], &told[..]].concat();
    place.fails(&args, 2, "cannot be fetched");
    let args = [&["token", "explain", "token", "--fetch"], &of_config[..]].concat();
    place.fails(&args, 2, "cannot be fetched");
}
