use proptest::prelude::*;

use super::*;

fn jwk(json: &str) -> Jwk<'_> {
    Jwk::parse(json.as_bytes()).unwrap()
}

fn kind<T>(result: Result<T, KeyError>) -> Option<KeyErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn use_and_key_ops_are_respected() {
    use KeyErrorKind::WrongUse;
    for (json, verify, sign) in [
        (r#"{}"#, None, None),
        (r#"{"use":"sig"}"#, None, None),
        (r#"{"use":"enc"}"#, Some(WrongUse), Some(WrongUse)),
        (r#"{"use":"SIG"}"#, Some(WrongUse), Some(WrongUse)),
        (r#"{"key_ops":["verify"]}"#, None, Some(WrongUse)),
        (r#"{"key_ops":["sign"]}"#, Some(WrongUse), None),
        (r#"{"key_ops":["sign","verify"]}"#, None, None),
        (r#"{"key_ops":[]}"#, Some(WrongUse), Some(WrongUse)),
        (
            r#"{"key_ops":["verify","sign","verify"]}"#,
            Some(WrongUse),
            Some(WrongUse),
        ),
        (
            r#"{"use":"sig","key_ops":["sign","verify","encrypt"]}"#,
            Some(WrongUse),
            Some(WrongUse),
        ),
    ] {
        assert_eq!(kind(jwk(json).check_use(Purpose::Verify)), verify, "{json}");
        assert_eq!(kind(jwk(json).check_use(Purpose::Sign)), sign, "{json}");
    }
}

#[test]
fn one_algorithm_is_found_or_none() {
    use Algorithm::*;
    use KeyErrorKind::*;
    let rsa = r#"{"kty":"RSA"}"#;
    let ps = r#"{"kty":"RSA","alg":"PS256"}"#;
    let ec = r#"{"kty":"EC","crv":"P-384"}"#;
    let confused = r#"{"kty":"RSA","alg":"HS256"}"#;
    let eddsa = r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA"}"#;
    for (json, wanted, expected) in [
        (rsa, Wanted::Declared, Err(NoAlgorithm)),
        (rsa, Wanted::Detected, Ok(RS256)),
        (rsa, Wanted::Exactly(PS512), Ok(PS512)),
        (rsa, Wanted::Exactly(HS256), Err(WrongType)),
        (rsa, Wanted::OneOf(&[ES256, PS256, RS256]), Ok(PS256)),
        (rsa, Wanted::OneOf(&[ES256]), Err(WrongAlgorithm)),
        (ps, Wanted::Declared, Ok(PS256)),
        (ps, Wanted::Exactly(RS256), Err(WrongAlgorithm)),
        (ps, Wanted::OneOf(&[RS256]), Err(WrongAlgorithm)),
        (ec, Wanted::Declared, Ok(ES384)),
        (ec, Wanted::Exactly(ES256), Err(WrongType)),
        (confused, Wanted::Declared, Err(WrongType)),
        (confused, Wanted::Exactly(HS256), Err(WrongType)),
        (confused, Wanted::OneOf(&[HS256, RS256]), Err(WrongType)),
        (eddsa, Wanted::Exactly(Ed25519), Ok(Ed25519)),
    ] {
        let found = jwk(json).algorithm(wanted).map_err(|error| error.kind());
        assert_eq!(found, expected, "{json}");
    }
    for json in [
        r#"{"kty":"XYZ"}"#,
        r#"{"kty":"EC","crv":"secp256k1"}"#,
        r#"{"kty":"OKP","crv":"Ed448"}"#,
        r#"{"kty":"OKP","crv":"X25519"}"#,
        r#"{"kty":"RSA","alg":"RSA-OAEP"}"#,
        r#"{"kty":"rsa"}"#,
    ] {
        assert_eq!(
            kind(jwk(json).algorithm(Wanted::Detected)),
            Some(Unsupported)
        );
    }
}

#[test]
fn members_are_unique_strings() {
    for json in [
        r#"{"kty":"RSA","kty":"oct"}"#,
        r#"{"kty":"RSA","k\u0074y":"oct"}"#,
        r#"{"kty":1}"#,
        r#"{"kty":"RSA","n":[]}"#,
        r#"{"key_ops":"sign"}"#,
        r#"{"key_ops":[1]}"#,
        r#"{"d":7}"#,
        r#"{"d":["a"]}"#,
        r#"{"d":null}"#,
        r#"{"d":"a","d":"a"}"#,
        r#"{"oth":[{"r":"a","r":"a"}]}"#,
        r#"[]"#,
        r#"{}{}"#,
        "",
    ] {
        let error = Jwk::parse(json.as_bytes()).err().map(|error| error.kind());
        assert_eq!(error, Some(KeyErrorKind::Malformed), "{json}");
    }
}

/// What is unescaped is copied, and nothing overwrites the copy.
#[test]
fn secrets_have_no_escapes() {
    for json in [
        r#"{"kty":"oct","k":"\u0041\u0041"}"#,
        r#"{"kty":"OKP","d":"AA\/A"}"#,
        r#"{"kty":"RSA","qi":"\u0041Q"}"#,
        r#"{"kty":"RSA","\u0064":"\u0041Q"}"#,
        r#"{"kty":"RSA","oth":[{"r":"\u0041Q"}]}"#,
    ] {
        let error = Jwk::parse(json.as_bytes()).err().unwrap();
        assert_eq!(error.kind(), KeyErrorKind::Malformed);
        assert!(error.to_string().contains("escapes"), "{json}: {error}");
    }
    // What is public may be spelled as it likes.
    let key = jwk(r#"{"k\u0074y":"R\u0053A","e":"A\u0051AB","\u0064":"AQ"}"#);
    assert_eq!(key.family().unwrap(), Family::Rsa);
    assert_eq!(**key.bytes("e").unwrap(), [1, 0, 1]);
    assert_eq!(**key.bytes("d").unwrap(), [1]);
}

/// Comparing each with each, these took minutes.
#[test]
fn many_operations_are_read_at_once() {
    let many: Vec<_> = (0..300_000).map(|i| format!("\"op{i}\"")).collect();
    let many = many.join(",");
    let json = format!(r#"{{"key_ops":["verify",{many}]}}"#);
    assert_eq!(kind(jwk(&json).check_use(Purpose::Verify)), None);
    let json = format!(r#"{{"key_ops":["verify",{many},"op0"]}}"#);
    let error = jwk(&json).check_use(Purpose::Verify).unwrap_err();
    assert!(error.to_string().contains("twice"));
}

#[test]
fn numbers_have_one_spelling() {
    let jwk = jwk(r#"{"n":"AAE","e":"AQAB","x":"AB","y":"AQ==","k":""}"#);
    assert!(jwk.number("n").is_err());
    assert_eq!(**jwk.number("e").unwrap(), [1, 0, 1]);
    assert!(jwk.bytes("x").is_err());
    assert!(jwk.bytes("y").is_err());
    assert!(jwk.number("k").is_err());
    assert!(jwk.bytes("d").is_err());
    assert!(jwk.fixed("e", 4).is_err());
}

proptest! {
    #[test]
    fn nothing_panics(bytes: Vec<u8>) {
        let _ = Jwk::parse(&bytes);
    }

    #[test]
    fn a_secret_is_borrowed_or_refused(text in r#"([A-Za-z0-9_-]|\\\\(u00[0-7][0-9a-f]|[/n\\\\"])){0,12}"#) {
        let json = format!(r#"{{"d":"{text}"}}"#);
        match Jwk::parse(json.as_bytes()) {
            Ok(jwk) => prop_assert_eq!(jwk.get("d"), Some(&*text)),
            Err(_) => prop_assert!(text.contains('\\')),
        }
    }
}
