//! Bounds that are wider for keys of ML-DSA, and for these only.

use super::{VerifyErrorKind::TooLarge, *};

const MAX: usize = 8192;

fn verifier(key: &SigningKey) -> VerifierBuilder<Ready, Ready, Ready> {
    Verifier::builder()
        .keys(key.verifying_key())
        .issuer(ISS)
        .audience("api")
        .clock(clock())
}

/// A token of `length` characters, if it comes out even.
fn token_of(key: &SigningKey, length: usize) -> String {
    let token = |padding: usize| {
        let claims = with("padding", "x".repeat(padding).into());
        signed(key, &key.header_json(None), &claims)
    };
    let padding = (length - token(0).len()) / 4 * 3;
    let token = token(padding);
    assert!(
        (length - 4..=length).contains(&token.len()),
        "{}",
        token.len()
    );
    token
}

#[test]
fn tokens_may_be_longer_by_what_the_signature_is() {
    for (algorithm, most) in [
        (Algorithm::MlDsa44, MAX + 3227 - 1366),
        (Algorithm::MlDsa65, MAX + 4412 - 1366),
        (Algorithm::MlDsa87, MAX + 6170 - 1366),
        (Algorithm::ES256, MAX),
        (Algorithm::HS512, MAX),
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let usual = verifier(&key).build().unwrap();
        assert_eq!(kind(&usual, &token_of(&key, most)), Ok(()), "{algorithm}");
        let larger = token_of(&key, most + 8);
        assert_eq!(kind(&usual, &larger), Err(TooLarge), "{algorithm}");
        let told = verifier(&key).max_token_size(most - 100).build().unwrap();
        assert_eq!(kind(&told, &token_of(&key, most)), Err(TooLarge));
        let told = verifier(&key).max_token_size(most + 100).build().unwrap();
        assert_eq!(kind(&told, &larger), Ok(()));
    }
}

#[test]
fn signatures_are_as_long_as_those_of_the_keys() {
    let sizes = [Algorithm::MlDsa44, Algorithm::MlDsa87, Algorithm::ES256]
        .map(|algorithm| SigningKey::generate(algorithm).unwrap());
    let [small, large, other] = &sizes;
    let token = |key: &SigningKey| signed(key, &key.header_json(None), &claims());
    for (trusted, signer, expected) in [
        (small, small, Ok(())),
        (large, large, Ok(())),
        (small, large, Err(TooLarge)),
        (large, small, Err(VerifyErrorKind::UnknownKey)),
        (other, small, Err(TooLarge)),
        (large, other, Err(VerifyErrorKind::UnknownKey)),
    ] {
        let verifier = verifier(trusted).build().unwrap();
        // Twice: the second time the header is known.
        for _ in 0..2 {
            assert_eq!(kind(&verifier, &token(signer)), expected);
        }
    }
    // One that is, but for one character.
    let verifier = verifier(large).build().unwrap();
    let good = token(large);
    let (rest, signature) = good.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{rest}.{first}{}", &signature[1..]);
    assert_eq!(kind(&verifier, &forged), Err(VerifyErrorKind::BadSignature));
    let foreign = format!("{rest}.={}", &signature[1..]);
    assert_eq!(kind(&verifier, &foreign), Err(VerifyErrorKind::Malformed));
}

#[test]
fn an_issuer_signs_with_it() {
    let key = SigningKey::generate(Algorithm::MlDsa65).unwrap();
    let issuer = TokenIssuer::builder(key)
        .issuer(ISS)
        .audience("api")
        .clock(clock())
        .build()
        .unwrap();
    let alice = Subject::new("users", "alice");
    let access = issuer.access(&AccessToken::new(&alice).client("app"));
    let token = access.unwrap().token().expose().to_owned();
    let verifier = issuer.verifier().clock(clock()).build().unwrap();
    assert_eq!(kind(&verifier, &token), Ok(()));
}
