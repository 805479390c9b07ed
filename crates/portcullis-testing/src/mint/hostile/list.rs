//! The list.

use portcullis::jose::{Algorithm, SigningKey, encode_segment};
use serde_json::json;

use super::{
    flipped, hs256, segments, signed, unsigned, with_der_signature, with_segment, with_signature,
    with_trailing_bits,
};
use crate::{
    keys,
    mint::{Draft, Mint},
};

/// A token that nobody may accept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Forged {
    /// What is wrong with it.
    pub name: &'static str,
    /// The token.
    pub token: String,
}

impl Forged {
    /// The token as the value of an `Authorization` header field.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

/// Forged and broken variants of a token that `mint` would make: whatever
/// verifier trusts the mint has to refuse every one of them with 401
/// `invalid_token`. All of them are `b64token`s (RFC 6750 section 2.1).
pub fn tokens(mint: &Mint) -> Vec<Forged> {
    let draft = mint.token("mallory");
    let key = mint.signing_key();
    let mut list = List(Vec::new());
    of_algorithms(&mut list, &draft, key);
    of_headers(&mut list, &draft, key);
    of_payloads(&mut list, &draft, key);
    of_signatures(&mut list, &draft, key);
    of_serializations(&mut list, &draft);
    list.0
}

struct List(Vec<Forged>);

impl List {
    fn add(&mut self, name: &'static str, token: String) {
        self.0.push(Forged { name, token });
    }
}

/// RFC 8725 sections 2.1 and 3.1.
fn of_algorithms(list: &mut List, draft: &Draft, key: &SigningKey) {
    let claims = draft.claims_json();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({"alg": alg, "typ": "at+jwt"}).to_string();
        list.add("alg none, no signature", unsigned(&header, &claims));
        list.add(
            "alg none, a signature",
            with_signature(&header, &claims, [0; 32]),
        );
        list.add("alg none, signed", signed(&header, &claims, key));
    }
    let hmac = r#"{"alg":"HS256","typ":"at+jwt"}"#;
    if let Some(pem) = keys::public_pem(key.algorithm()) {
        list.add("HMAC by the public key in PEM", hs256(pem, hmac, &claims));
        let line = pem.trim_end();
        list.add(
            "HMAC by the public key, no last line",
            hs256(line, hmac, &claims),
        );
        let jwk = key.verifying_key().public_jwk().unwrap_or_default();
        let jwk = serde_json::Value::Object(jwk).to_string();
        list.add("HMAC by the public key as JWK", hs256(jwk, hmac, &claims));
    }
    list.add("HMAC by nothing", hs256([], hmac, &claims));
    list.add("HMAC by zeros", hs256([0; 32], hmac, &claims));
    list.add("HMAC by a popular secret", hs256("secret", hmac, &claims));
    let name = key.header_name();
    for wrong in [
        json!(name.to_ascii_lowercase()),
        json!(format!("{name} ")),
        json!([name]),
        json!(null),
        json!(256),
        json!("RS1"),
        json!("XX256"),
    ] {
        let token = draft.clone().header("alg", wrong).build();
        list.add("alg is no algorithm", token);
    }
    list.add("no alg", draft.clone().without_header("alg").build());
    for other in Algorithm::ALL
        .iter()
        .filter(|other| **other != key.algorithm())
    {
        let relabelled = draft.clone().header("alg", other.name());
        list.add("signed by the key, under another alg", relabelled.build());
        let foreign = draft.clone().signed_by(&keys::untrusted(*other));
        list.add("signed by a stranger, under another alg", foreign.build());
    }
}

/// RFC 7515 sections 4 and 4.1, RFC 7797, RFC 7516.
fn of_headers(list: &mut List, draft: &Draft, key: &SigningKey) {
    let alg = key.header_name();
    for (name, header, value) in [
        ("an unknown crit", "crit", json!(["exp"])),
        ("crit that is empty", "crit", json!([])),
        ("crit that is a text", "crit", json!("exp")),
        ("crit of b64", "crit", json!(["b64"])),
        ("crit of alg", "crit", json!(["alg"])),
        ("b64 false", "b64", json!(false)),
        ("b64 true", "b64", json!(true)),
        ("zip", "zip", json!("DEF")),
        ("enc", "enc", json!("A128GCM")),
        ("kid that is a number", "kid", json!(1)),
        ("kid that is null", "kid", json!(null)),
        ("kid that is huge", "kid", json!("k".repeat(2000))),
        ("typ of a refresh token", "typ", json!("rt+jwt")),
        ("typ of a DPoP proof", "typ", json!("dpop+jwt")),
        ("typ of a logout token", "typ", json!("logout+jwt")),
        (
            "typ of an introspection",
            "typ",
            json!("token-introspection+jwt"),
        ),
        ("typ that is a number", "typ", json!(1)),
    ] {
        list.add(name, draft.clone().header(header, value).build());
    }
    let claims = draft.claims_json();
    for (name, header) in [
        ("alg twice", format!(r#"{{"alg":"{alg}","alg":"{alg}"}}"#)),
        (
            "alg twice, escaped",
            format!(r#"{{"alg":"{alg}","\u0061lg":"{alg}"}}"#),
        ),
        ("alg and none", format!(r#"{{"alg":"none","alg":"{alg}"}}"#)),
        ("a header that is an array", format!(r#"["{alg}"]"#)),
        ("a header that is null", "null".to_owned()),
        (
            "a header with more behind it",
            format!(r#"{{"alg":"{alg}"}}x"#),
        ),
        ("a header that breaks off", format!(r#"{{"alg":"{alg}""#)),
        (
            "a header with a trailing comma",
            format!(r#"{{"alg":"{alg}",}}"#),
        ),
    ] {
        list.add(name, signed(header, &claims, key));
    }
    list.add(
        "a header that is not UTF-8",
        signed(b"{\"alg\":\"\xff\"}", &claims, key),
    );
    list.add("an empty header", signed("", &claims, key));
}

/// RFC 7519 sections 4 and 7.2, RFC 8725 section 3.7.
fn of_payloads(list: &mut List, draft: &Draft, key: &SigningKey) {
    let header = draft.header_json();
    let claims = draft.claims_json();
    let inner = &claims[1..claims.len() - 1];
    let utf16: Vec<u8> = claims.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (name, payload) in [
        ("no payload", Vec::new()),
        ("a payload that is null", b"null".to_vec()),
        ("a payload that is a text", br#""mallory""#.to_vec()),
        ("claims in an array", format!("[{claims}]").into_bytes()),
        ("claims that break off", format!("{{{inner}").into_bytes()),
        (
            "two objects of claims",
            format!("{claims}{claims}").into_bytes(),
        ),
        (
            "sub twice",
            format!(r#"{{{inner},"sub":"admin"}}"#).into_bytes(),
        ),
        (
            "sub twice, escaped",
            format!(r#"{{{inner},"s\u0075b":"admin"}}"#).into_bytes(),
        ),
        (
            "an unknown claim twice",
            format!(r#"{{{inner},"x":1,"x":2}}"#).into_bytes(),
        ),
        (
            "a mark before the claims",
            format!("\u{feff}{claims}").into_bytes(),
        ),
        ("claims in UTF-16", utf16),
        (
            "claims that are not UTF-8",
            [b"{\"x\":\"\xff\",".as_slice(), inner.as_bytes(), b"}"].concat(),
        ),
        (
            "a lone surrogate",
            format!(r#"{{{inner},"sid":"\ud800"}}"#).into_bytes(),
        ),
        (
            "a payload too deep",
            format!(r#"{{{inner},"x":{}}}"#, "[".repeat(3000)).into_bytes(),
        ),
    ] {
        list.add(name, signed(&header, payload, key));
    }
    list.add("a token in a token", signed(&header, draft.build(), key));
}

/// RFC 7515 section 5.2, RFC 7518 section 3.4.
fn of_signatures(list: &mut List, draft: &Draft, key: &SigningKey) {
    let token = draft.build();
    let (header, claims) = (draft.header_json(), draft.claims_json());
    let stranger = keys::untrusted(key.algorithm());
    list.add(
        "signed by a stranger",
        draft.clone().forged_by(&stranger).build(),
    );
    list.add("a changed header", flipped(&token, 0));
    list.add("changed claims", flipped(&token, 1));
    list.add("a changed signature", flipped(&token, 2));
    let admin = encode_segment(claims.replace("mallory", "administrator").as_bytes());
    list.add("another subject", with_segment(&token, 1, &admin));
    list.add("no signature", unsigned(&header, &claims));
    let length = super::decoded(&token, 2).len();
    list.add(
        "a signature of zeros",
        with_signature(&header, &claims, vec![0; length]),
    );
    list.add(
        "a signature of ones",
        with_signature(&header, &claims, vec![0xff; length]),
    );
    let signature = super::decoded(&token, 2);
    list.add(
        "half a signature",
        with_signature(&header, &claims, &signature[..length / 2]),
    );
    let twice = [signature.as_slice(), &signature].concat();
    list.add("a signature twice", with_signature(&header, &claims, twice));
    let mut zero_r = signature.clone();
    zero_r[..length / 2].fill(0);
    list.add(
        "a signature with r zero",
        with_signature(&header, &claims, zero_r),
    );
    if matches!(
        key.algorithm(),
        Algorithm::ES256 | Algorithm::ES384 | Algorithm::ES512
    ) {
        list.add("a signature in DER", with_der_signature(&token));
    }
    let embedded = stranger.verifying_key().public_jwk();
    if let Some(jwk) = embedded {
        let brought = draft.clone().header("jwk", jwk).forged_by(&stranger);
        list.add("a token that brings its key", brought.build());
    }
    for name in ["jku", "x5u"] {
        let linked = draft.clone().header(name, "http://127.0.0.1:9/keys");
        list.add(
            "a token that says where its key is",
            linked.forged_by(&stranger).build(),
        );
    }
}

/// RFC 7515 sections 2 and 7, RFC 7516 section 3.1.
fn of_serializations(list: &mut List, draft: &Draft) {
    let token = draft.build();
    let [header, payload, signature] = segments(&token);
    for segment in 0..3 {
        if let Some(token) = with_trailing_bits(&token, segment) {
            list.add("base64url with trailing bits", token);
        }
    }
    for (name, token) in [
        ("no token at all", "x".to_owned()),
        ("two segments", format!("{header}.{payload}")),
        ("four segments", format!("{token}.{signature}")),
        (
            "five segments, as if encrypted",
            format!("{header}.{payload}.{signature}.AA.AA"),
        ),
        ("dots only", "..".to_owned()),
        ("no header", format!(".{payload}.{signature}")),
        ("padding", format!("{token}==")),
        (
            "base64 instead of base64url",
            format!("{header}.{payload}+/.{signature}"),
        ),
        ("a tilde", format!("{header}.{payload}~.{signature}")),
        (
            "a segment of impossible length",
            format!("{header}.{payload}.AAAAA"),
        ),
        (
            "too large",
            draft.clone().claim("x", "x".repeat(9000)).build(),
        ),
    ] {
        list.add(name, token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_verifier_accepts_one() {
        for algorithm in Algorithm::ALL {
            let mint = Mint::with_key(keys::signing(*algorithm));
            let good = mint.token("alice").build();
            assert!(mint.verifier().verify_now(good.as_bytes()).is_ok());
            for forged in tokens(&mint) {
                let result = mint.verifier().verify_now(forged.token.as_bytes());
                assert!(result.is_err(), "{algorithm:?}: {}", forged.name);
            }
        }
    }
}
