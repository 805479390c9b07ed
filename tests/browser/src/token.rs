//! Tokens that the demo would have issued at another time.

use aws_lc_rs::hmac;
use base64_simd::URL_SAFE_NO_PAD;
use serde_json::Value;

/// What demos sign access tokens with here.
const KEY: &[u8; 32] = b"a key for the tests in a browser";

/// The same as a JWK.
pub(crate) const JWK: &str = r#"{"kty":"oct","alg":"HS256","kid":"browser","k":"YSBrZXkgZm9yIHRoZSB0ZXN0cyBpbiBhIGJyb3dzZXI"}"#;

/// The same access token, a day older: expired.
pub fn expired(token: &str) -> String {
    const DAY: i64 = 24 * 60 * 60;
    let mut parts = token.split('.');
    let (header, claims) = (parts.next().unwrap(), parts.next().unwrap());
    let claims = URL_SAFE_NO_PAD.decode_to_vec(claims).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    for name in ["exp", "iat", "nbf"] {
        if let Some(time) = claims.get(name).and_then(Value::as_i64) {
            claims[name] = (time - DAY).into();
        }
    }
    let claims = URL_SAFE_NO_PAD.encode_to_string(claims.to_string());
    let content = format!("{header}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
    let signature = hmac::sign(&key, content.as_bytes());
    format!("{content}.{}", URL_SAFE_NO_PAD.encode_to_string(signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jwk_is_the_key() {
        let jwk: Value = serde_json::from_str(JWK).unwrap();
        let key = URL_SAFE_NO_PAD.decode_to_vec(jwk["k"].as_str().unwrap());
        assert_eq!(key.unwrap(), KEY);
    }
}
