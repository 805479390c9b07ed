//! RFC 7520: the keys of section 3 and the compact tokens of section 4.

use portcullis::jose::{
    Algorithm::{self, ES512, HS256, PS384, RS256},
    CompactJws, KeyErrorKind, KeySet, SigningKey, VerifyingKey, encode_segment,
};
use vectors::open;

const PAYLOAD: &str = "It\u{2019}s a dangerous business, Frodo, going out your door. You step \
    onto the road, and if you don't keep your feet, there\u{2019}s no knowing where you might be \
    swept off to.";

const EC_PUBLIC_3_1: &str = r#"{
    "kty": "EC",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "crv": "P-521",
    "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
    "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"
}"#;

const EC_PRIVATE_3_2: &str = r#"{
    "kty": "EC",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "crv": "P-521",
    "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
    "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
    "d": "AAhRON2r9cqXX1hg-RoI6R1tX5p2rUAYdmpHZoC1XNM56KtscrX6zbKipQrCW9CGZH3T4ubpnoTKLDYJ_fF3_rJt"
}"#;

const RSA_PUBLIC_3_3: &str = r#"{
    "kty": "RSA",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
    "e": "AQAB"
}"#;

const RSA_PRIVATE_3_4: &str = r#"{
    "kty": "RSA",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
    "e": "AQAB",
    "d": "bWUC9B-EFRIo8kpGfh0ZuyGPvMNKvYWNtB_ikiH9k20eT-O1q_I78eiZkpXxXQ0UTEs2LsNRS-8uJbvQ-A1irkwMSMkK1J3XTGgdrhCku9gRldY7sNA_AKZGh-Q661_42rINLRCe8W-nZ34ui_qOfkLnK9QWDDqpaIsA-bMwWWSDFu2MUBYwkHTMEzLYGqOe04noqeq1hExBTHBOBdkMXiuFhUq1BU6l-DqEiWxqg82sXt2h-LMnT3046AOYJoRioz75tSUQfGCshWTBnP5uDjd18kKhyv07lhfSJdrPdM5Plyl21hsFf4L_mHCuoFau7gdsPfHPxxjVOcOpBrQzwQ",
    "p": "3Slxg_DwTXJcb6095RoXygQCAZ5RnAvZlno1yhHtnUex_fp7AZ_9nRaO7HX_-SFfGQeutao2TDjDAWU4Vupk8rw9JR0AzZ0N2fvuIAmr_WCsmGpeNqQnev1T7IyEsnh8UMt-n5CafhkikzhEsrmndH6LxOrvRJlsPp6Zv8bUq0k",
    "q": "uKE2dh-cTf6ERF4k4e_jy78GfPYUIaUyoSSJuBzp3Cubk3OCqs6grT8bR_cu0Dm1MZwWmtdqDyI95HrUeq3MP15vMMON8lHTeZu2lmKvwqW7anV5UzhM1iZ7z4yMkuUwFWoBvyY898EXvRD-hdqRxHlSqAZ192zB3pVFJ0s7pFc",
    "dp": "B8PVvXkvJrj2L-GYQ7v3y9r6Kw5g9SahXBwsWUzp19TVlgI-YV85q1NIb1rxQtD-IsXXR3-TanevuRPRt5OBOdiMGQp8pbt26gljYfKU_E9xn-RULHz0-ed9E9gXLKD4VGngpz-PfQ_q29pk5xWHoJp009Qf1HvChixRX59ehik",
    "dq": "CLDmDGduhylc9o7r84rEUVn7pzQ6PF83Y-iBZx5NT-TpnOZKF1pErAMVeKzFEl41DlHHqqBLSM0W1sOFbwTxYWZDm6sI6og5iTbwQGIC3gnJKbi_7k_vJgGHwHxgPaX2PnvP-zyEkDERuf-ry4c_Z11Cq9AqC2yeL6kdKT1cYF8",
    "qi": "3PiqvXQN0zwMeE-sBvZgi289XP9XCQF3VWqPzMKnIgQp7_Tugo6-NZBKCQsMf3HaEGBjTVJs_jcK8-TRXvaKe-7ZMaQj8VfBdYkssbu0NKDDhjJ-GtiseaDVWt7dcH0cfwxgFUHpQh7FoCrjFJ6h6ZEpMF6xmujs4qMpPz8aaI4"
}"#;

const MAC_3_5: &str = r#"{
    "kty": "oct",
    "kid": "018c0ae5-4d9b-471b-bfd6-eef314bc7037",
    "use": "sig",
    "alg": "HS256",
    "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"
}"#;

const ENCRYPTION_3_6: &str = r#"{
    "kty": "oct",
    "kid": "1e571774-2e08-40da-8308-e8d68773842d",
    "use": "enc",
    "alg": "A256GCM",
    "k": "AAPapAv4LbFbiVawEjagUBluYqN5rhna-8nuldDvOx8"
}"#;

const RS256_4_1: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGF\
    uZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9\
    hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW9\
    1IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKt\
    ainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0R\
    nltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS\
    _de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH\
    84ogoree7vjbU5y18kDquDg";

const PS384_4_2: &str = "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGF\
    uZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9\
    hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW9\
    1IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1\
    xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFl\
    fz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2\
    Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfm\
    WjwZ6oD4ifKo8DYM-X72Eaw";

const ES512_4_3: &str = "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGF\
    uZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9\
    hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW9\
    1IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUII\
    UnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IE\
    KBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2";

const HS256_4_4: &str = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.SXTigJl\
    zIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB\
    0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2h\
    lcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0";

#[test]
fn every_token_of_section_4_opens_with_the_public_and_the_private_key() {
    for (jwk, algorithm, token) in [
        (RSA_PUBLIC_3_3, RS256, RS256_4_1),
        (RSA_PRIVATE_3_4, RS256, RS256_4_1),
        (RSA_PUBLIC_3_3, PS384, PS384_4_2),
        (RSA_PRIVATE_3_4, PS384, PS384_4_2),
        (EC_PUBLIC_3_1, ES512, ES512_4_3),
        (EC_PRIVATE_3_2, ES512, ES512_4_3),
        (MAC_3_5, HS256, HS256_4_4),
    ] {
        let keys = KeySet::from(VerifyingKey::from_jwk(jwk, Some(algorithm)).unwrap());
        let payload = open(&keys, token).unwrap();
        assert_eq!(payload, PAYLOAD.as_bytes(), "{algorithm}");
    }
}

#[test]
fn signing_without_randomness_gives_the_tokens_of_section_4() {
    for (jwk, algorithm, token) in [
        (RSA_PRIVATE_3_4, RS256, RS256_4_1),
        (MAC_3_5, HS256, HS256_4_4),
    ] {
        let key = SigningKey::from_jwk(jwk, Some(algorithm)).unwrap();
        let token = CompactJws::parse(token.as_bytes(), 8192).unwrap();
        let signature = encode_segment(&key.sign(token.signing_input()).unwrap());
        assert_eq!(signature.as_bytes(), token.signature_segment());
    }
}

#[test]
fn signing_with_randomness_gives_tokens_that_open() {
    for (jwk, algorithm) in [(RSA_PRIVATE_3_4, PS384), (EC_PRIVATE_3_2, ES512)] {
        let key = SigningKey::from_jwk(jwk, Some(algorithm)).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert!(key.verifying_key().verify(b"message", &signature).is_ok());
    }
}

/// Two keys of one id: the algorithm tells them apart (RFC 7517 section 4.5).
#[test]
fn the_public_keys_are_one_set() {
    let set = format!("{{\"keys\":[{EC_PUBLIC_3_1},{RSA_PUBLIC_3_3}]}}");
    let (keys, skipped) = KeySet::from_jwks(set.as_bytes(), &[ES512, RS256]).unwrap();
    assert_eq!((keys.len(), skipped.len()), (2, 0));
    assert!(open(&keys, RS256_4_1).is_ok());
    assert!(open(&keys, ES512_4_3).is_ok());
    assert!(open(&keys, PS384_4_2).is_err());
    assert!(open(&keys, HS256_4_4).is_err());
    assert!(!keys.public_jwks().contains("\"d\""));
}

#[test]
fn the_key_for_encryption_is_left_out() {
    let error = VerifyingKey::from_jwk(ENCRYPTION_3_6, Some(HS256)).unwrap_err();
    assert_eq!(error.kind(), KeyErrorKind::Unsupported);
    let set = format!("{{\"keys\":[{MAC_3_5},{ENCRYPTION_3_6}]}}");
    let (keys, skipped) = KeySet::from_jwks(set.as_bytes(), &[HS256]).unwrap();
    assert_eq!((keys.len(), skipped.len()), (1, 1));
    assert_eq!(skipped[0].index, 1);
    assert!(open(&keys, HS256_4_4).is_ok());
    assert_eq!(keys.public_jwks(), "{\"keys\":[]}");
}

#[test]
fn secrets_and_public_keys_do_not_mix() {
    let set = format!("{{\"keys\":[{MAC_3_5},{RSA_PUBLIC_3_3}]}}");
    for allowed in [&[HS256, RS256][..], &[RS256], Algorithm::ALL] {
        let error = KeySet::from_jwks(set.as_bytes(), allowed).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::MixedSet);
    }
}

/// What is written is what was read.
#[test]
fn private_keys_are_written_as_they_were_read() {
    for (jwk, algorithm) in [
        (RSA_PRIVATE_3_4, RS256),
        (EC_PRIVATE_3_2, ES512),
        (MAC_3_5, HS256),
    ] {
        let key = SigningKey::from_jwk(jwk, Some(algorithm)).unwrap();
        let written = key.to_jwk().unwrap();
        let mut read: serde_json::Value = serde_json::from_str(jwk).unwrap();
        read["alg"] = algorithm.name().into();
        let written: serde_json::Value = serde_json::from_str(written.expose()).unwrap();
        assert_eq!(written, read);
    }
}
