//! RFC 7515 appendix A.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use portcullis::jose::{
    Algorithm, CompactJws, JwsErrorKind, KeySet, SigningKey, VerifyingKey, encode_segment,
};
use vectors::open;

const PAYLOAD: &str =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

const A1_KEY: &str = r#"{
    "kty": "oct",
    "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
}"#;
const A1_TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQo\
    gImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOE\
    jXk";

const A2_KEY: &str = r#"{
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
    "d": "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
    "p": "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
    "q": "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
    "dp": "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
    "dq": "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
    "qi": "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"
}"#;
const A2_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGx\
    lLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5R\
    Zmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrn\
    byTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHW\
    EsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig\
    cN_IoypGlUPQGe77Rw";

const A3_KEY: &str = r#"{
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
}"#;
const A3_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGx\
    lLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8I\
    SlSApmWQxfKTUJqPP3-Kg6NU1Q";

const A4_KEY: &str = r#"{
    "kty": "EC",
    "crv": "P-521",
    "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
    "d": "AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"
}"#;
const A4_TOKEN: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPW\
    ROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKv\
    U8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";

const A5_TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl\
    LmNvbS9pc19yb290Ijp0cnVlfQ.";

fn keys(jwk: &str, algorithm: Algorithm) -> KeySet {
    KeySet::from(VerifyingKey::from_jwk(jwk, Some(algorithm)).unwrap())
}

/// Signatures that take no randomness come out as in the RFC.
fn signs_the_same(jwk: &str, algorithm: Algorithm, token: &str) {
    let key = SigningKey::from_jwk(jwk, Some(algorithm)).unwrap();
    let token = CompactJws::parse(token.as_bytes(), 8192).unwrap();
    let signature = encode_segment(&key.sign(token.signing_input()).unwrap());
    assert_eq!(signature.as_bytes(), token.signature_segment());
}

#[test]
fn a1_hs256() {
    let payload = open(&keys(A1_KEY, Algorithm::HS256), A1_TOKEN).unwrap();
    assert_eq!(payload, PAYLOAD.as_bytes());
    signs_the_same(A1_KEY, Algorithm::HS256, A1_TOKEN);
}

#[test]
fn a2_rs256() {
    let payload = open(&keys(A2_KEY, Algorithm::RS256), A2_TOKEN).unwrap();
    assert_eq!(payload, PAYLOAD.as_bytes());
    signs_the_same(A2_KEY, Algorithm::RS256, A2_TOKEN);
}

#[test]
fn a3_es256() {
    let payload = open(&keys(A3_KEY, Algorithm::ES256), A3_TOKEN).unwrap();
    assert_eq!(payload, PAYLOAD.as_bytes());
}

#[test]
fn a4_es512() {
    let payload = open(&keys(A4_KEY, Algorithm::ES512), A4_TOKEN).unwrap();
    assert_eq!(payload, b"Payload");
}

/// Appendix A.5, the unsecured token: neither as it stands nor with a signature
/// is there a key for it.
#[test]
fn a5_none_is_refused() {
    let error = CompactJws::parse(A5_TOKEN.as_bytes(), 8192).unwrap_err();
    assert_eq!(error.kind(), JwsErrorKind::NotCompact);
    for (jwk, algorithm) in [
        (A1_KEY, Algorithm::HS256),
        (A2_KEY, Algorithm::RS256),
        (A3_KEY, Algorithm::ES256),
        (A4_KEY, Algorithm::ES512),
    ] {
        assert!(open(&keys(jwk, algorithm), &format!("{A5_TOKEN}AAAA")).is_err());
    }
}

#[test]
fn a_changed_character_anywhere_is_refused() {
    for (jwk, algorithm, token) in [
        (A1_KEY, Algorithm::HS256, A1_TOKEN),
        (A2_KEY, Algorithm::RS256, A2_TOKEN),
        (A3_KEY, Algorithm::ES256, A3_TOKEN),
        (A4_KEY, Algorithm::ES512, A4_TOKEN),
    ] {
        let keys = keys(jwk, algorithm);
        for position in 0..token.len() {
            let mut changed = token.as_bytes().to_vec();
            changed[position] = if changed[position] == b'A' {
                b'B'
            } else {
                b'A'
            };
            let changed = String::from_utf8(changed).unwrap();
            assert!(open(&keys, &changed).is_err(), "{algorithm} {position}");
        }
    }
}

/// RFC 8725 section 3.1: the algorithm is the key's, never the token's.
#[test]
fn a_key_is_for_one_algorithm() {
    let keys = keys(A2_KEY, Algorithm::RS384);
    assert!(open(&keys, A2_TOKEN).is_err());
    assert!(VerifyingKey::from_jwk(A2_KEY, Some(Algorithm::HS256)).is_err());
    assert!(VerifyingKey::from_jwk(A1_KEY, Some(Algorithm::RS256)).is_err());
    assert!(VerifyingKey::from_jwk(A3_KEY, Some(Algorithm::ES384)).is_err());
    assert!(VerifyingKey::from_jwk(A4_KEY, Some(Algorithm::ES256)).is_err());
}
