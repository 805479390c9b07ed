//! `portcullis token inspect`.

use portcullis::jose::encode_segment;
use serde_json::{Value, json};

use crate::program::{Place, Ran};

fn token(header: &str, payload: impl AsRef<[u8]>) -> String {
    let [header, payload] = [header.as_bytes(), payload.as_ref()].map(encode_segment);
    format!("{header}.{payload}.c2lnbmF0dXJl")
}

fn inspect(token: &str) -> Ran {
    let args = ["token", "inspect", "--at", "1700000000"];
    Place::new().run_with(&args, token)
}

fn inspect_json(token: &str) -> Value {
    let args = ["token", "inspect", "--json", "--at", "1700000000"];
    serde_json::from_str(&Place::new().run_with(&args, token).stdout).unwrap()
}

const HEADER: &str = r#"{"alg":"ES256","kid":"k1"}"#;

#[test]
fn a_token_is_shown_and_said_not_to_be_verified() {
    let claims =
        r#"{"sub":"alice","exp":1700000720,"iat":1699999100,"nbf":1700000000,"n":[1,{"a":null}]}"#;
    let text = inspect(&token(HEADER, claims)).good();
    assert!(text.starts_with("NOT VERIFIED"), "{text}");
    for line in [
        r#"  kid  "k1""#,
        r#"  sub  "alice""#,
        "  exp  1700000720  2023-11-14T22:25:20Z, in 12 minutes",
        "  iat  1699999100  2023-11-14T21:58:20Z, 15 minutes ago",
        "  nbf  1700000000  2023-11-14T22:13:20Z, now",
        r#"  n    [1,{"a":null}]"#,
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    assert!(!text.contains("problem"), "{text}");
    let json = inspect_json(&token(HEADER, claims));
    let expected = json!({
        "verified": false,
        "form": "signed",
        "header": {"alg": "ES256", "kid": "k1"},
        "claims": serde_json::from_str::<Value>(claims).unwrap(),
        "dates": {
            "exp": "2023-11-14T22:25:20Z",
            "iat": "2023-11-14T21:58:20Z",
            "nbf": "2023-11-14T22:13:20Z",
        },
        "problems": [],
    });
    assert_eq!(json, expected);
}

#[test]
fn what_a_verifier_would_dislike_is_said() {
    for (header, claims, says) in [
        (r#"{"alg":"none"}"#, r#"{"exp":1}"#, "anybody can make one"),
        (HEADER, "{}", "never expire"),
        (
            HEADER,
            r#"{"exp":1,"sub":"a","sub":"b"}"#,
            "`sub` is there more than once",
        ),
        (
            r#"{"alg":"ES256","alg":"none"}"#,
            r#"{"exp":1}"#,
            "`alg` is there more than once",
        ),
        (HEADER, r#"{"exp":1700000000000}"#, "milliseconds"),
        (HEADER, r#"{"exp":"1700000000"}"#, "not a number of seconds"),
        (HEADER, "[1]", "not a JSON object"),
        (r#"{"kid":"k"}"#, r#"{"exp":1}"#, "the header is refused"),
        (
            r#"{"alg":"ES256","crit":["x"]}"#,
            r#"{"exp":1}"#,
            "the header is refused",
        ),
    ] {
        let token = token(header, claims);
        let text = inspect(&token).good();
        let problems = text.lines().filter(|line| line.starts_with("problem: "));
        let problems: Vec<_> = problems.collect();
        assert!(
            problems.iter().any(|line| line.contains(says)),
            "{says}\n{text}"
        );
        let json = inspect_json(&token);
        assert_eq!(json["problems"].as_array().unwrap().len(), problems.len());
        assert_eq!(json["verified"], false);
    }
}

#[test]
fn nothing_of_a_token_reaches_the_terminal_raw() {
    let evil = "a\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\r\nb";
    let claims = json!({"exp": 1, evil: evil, "nested": [{evil: evil}]}).to_string();
    let header = json!({"alg": "ES256", "kid": evil, evil: 1}).to_string();
    for token in [
        token(&header, &claims),
        token(HEADER, evil.as_bytes()),
        token(HEADER, b"\xff\xfe\x1b[31m"),
        format!("{}....", encode_segment(header.as_bytes())),
    ] {
        for json in [&["token", "inspect"][..], &["token", "inspect", "--json"]] {
            let ran = Place::new().run_with(json, &token);
            let is_raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            let all = ran.stdout + &ran.stderr;
            assert!(!all.contains(is_raw), "{all:?}");
        }
    }
    let long = json!({"exp": 1, "long": "x".repeat(20_000)}).to_string();
    let text = inspect(&token(HEADER, long)).good();
    assert!(text.len() < 2000 && text.contains("more bytes"), "{text}");
}

#[test]
fn other_forms_are_told_as_what_they_are() {
    let jwe = format!(
        "{}.a.b.c.d",
        encode_segment(br#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#)
    );
    let text = inspect(&jwe).good();
    assert!(
        text.contains("encrypted") && text.contains("A256GCM"),
        "{text}"
    );
    assert_eq!(inspect_json(&jwe)["form"], "encrypted");
    for opaque in ["2YotnFZFEjr1zCsicMWpAA", "a.b.c", "..", "v4.public.payload"] {
        let ran = inspect(opaque);
        assert_eq!(ran.code, 1);
        assert!(ran.stdout.contains("opaque"), "{}", ran.stdout);
        assert_eq!(inspect_json(opaque)["form"], "opaque");
    }
}

#[test]
fn a_token_is_cut_out_of_what_is_pasted() {
    let token = token(HEADER, r#"{"exp":1}"#);
    let plain = inspect(&token).good();
    for (input, notes) in [
        (format!("{token}\n"), 0),
        (format!("  {token}\r\n\n"), 0),
        (format!("Bearer {token}"), 1),
        (format!("bearer   {token}\n"), 1),
    ] {
        let ran = inspect(&input);
        assert_eq!(ran.stderr.lines().count(), notes, "{}", ran.stderr);
        assert_eq!(ran.good(), plain);
    }
    for (input, code, says) in [
        ("", 2, "there is no token"),
        (" \n", 2, "there is no token"),
        ("Bearer ", 2, "there is no token"),
        ("abc\ndef", 1, "in one line"),
        (r#"{"access_token": "a.b.c"}"#, 1, "`access_token` alone"),
        (
            "Authorization: Bearer abc",
            1,
            "white space behind its first 14 bytes",
        ),
    ] {
        let ran = inspect(input);
        assert_eq!(ran.code, code, "{input:?}");
        assert!(ran.stderr.contains(says), "{input:?}: {}", ran.stderr);
    }
    let place = Place::new();
    place.write("token", &token);
    assert_eq!(
        place.good(&["token", "inspect", "token", "--at", "1700000000"]),
        plain
    );
    place.write("large", "x".repeat(1024 * 1024 + 1));
    place.fails(&["token", "inspect", "large"], 2, "larger than 1 MiB");
    place.fails(&["token", "inspect", "none"], 2, "none cannot be read");
}
