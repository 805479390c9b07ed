use super::*;
use crate::{
    issue::TokenShape,
    jose::{Algorithm, SigningKey, decode_segment, encode_compact},
    session::{SessionId, refresh::SessionSecret},
    subject::Subject,
};

fn family() -> RefreshFamily {
    RefreshFamily {
        subject: Subject::new("users", "alice"),
        session: SessionId::parse("936da01f-9abd-4d9d-80c7-02af85c822a8").unwrap(),
        secret: SessionSecret::from_bytes([7; 32]),
        client: Some("web".to_owned()),
        scope: "a b".parse().unwrap(),
        auth_time: Some(Timestamp::from_secs(50)),
        acr: None,
        amr: Vec::new(),
        confirmation: None,
        data: None,
    }
}

fn successor(tokens: &RefreshTokens) -> Successor {
    Successor {
        generation: 3,
        rotated_at: Timestamp::from_millis(100_999),
        idle_deadline: Timestamp::from_millis(200_500),
        absolute_deadline: Timestamp::from_millis(300_500),
        refresh_key: tokens.current_key().unwrap(),
    }
}

fn tokens() -> RefreshTokens {
    RefreshTokens::new(
        RefreshKeys::generate().unwrap(),
        &issuer(TokenShape::session()),
    )
}

fn issuer(shape: TokenShape) -> TokenIssuer {
    TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
        .shape(shape)
        .build()
        .unwrap()
}

#[test]
fn a_token_comes_back_as_it_was_made() {
    let tokens = tokens();
    let token = tokens.encode(&family(), &successor(&tokens)).unwrap();
    let now = Timestamp::from_secs(150);
    let claims = tokens.decode(token.expose().as_bytes(), now).unwrap();
    assert_eq!(claims.family.subject, family().subject);
    assert_eq!(claims.family.session, family().session);
    assert_eq!(claims.family.secret.digest(), family().secret.digest());
    assert_eq!(claims.family.client.as_deref(), Some("web"));
    assert_eq!(claims.family.scope, family().scope);
    assert_eq!(claims.family.auth_time, family().auth_time);
    assert_eq!(claims.generation, 3);
    assert_eq!(claims.issued_at, Timestamp::from_secs(100));
    assert_eq!(claims.expires_at, Timestamp::from_secs(200));
    assert_eq!(claims.session_ends_at, Timestamp::from_secs(300));
}

#[test]
fn a_token_is_made_again_byte_for_byte() {
    let tokens = tokens();
    let first = tokens.encode(&family(), &successor(&tokens)).unwrap();
    let claims = tokens.decode_expired(first.expose().as_bytes()).unwrap();
    let again = tokens.encode(&claims.family, &successor(&tokens)).unwrap();
    assert_eq!(first.expose(), again.expose());
}

#[test]
fn the_token_id_is_a_uuid_of_version_4_that_each_part_changes() {
    let tokens = tokens();
    let token = successor(&tokens);
    let id = family().token_id(&token);
    assert_eq!(id.get_version_num(), 4);
    let mut others = vec![token.clone(), token.clone()];
    others[0].generation = 4;
    others[1].rotated_at = Timestamp::from_millis(100_998);
    for other in others {
        assert_ne!(family().token_id(&other), id);
    }
    let mut family = family();
    family.secret = SessionSecret::from_bytes([8; 32]);
    assert_ne!(family.token_id(&token), id);
}

#[test]
fn expiry_counts_to_the_second_but_not_for_logging_out() {
    let tokens = tokens();
    let token = tokens.encode(&family(), &successor(&tokens)).unwrap();
    let token = token.expose().as_bytes();
    assert!(
        tokens
            .decode(token, Timestamp::from_millis(199_999))
            .is_ok()
    );
    let error = tokens.decode(token, Timestamp::from_secs(200)).unwrap_err();
    assert_eq!(error.kind(), RefreshErrorKind::Expired);
    assert!(tokens.decode_expired(token).is_ok());
}

#[test]
fn tokens_of_other_kinds_shapes_and_keys_are_refused() {
    let keys = RefreshKeys::generate().unwrap();
    let tokens = RefreshTokens::new(keys.clone(), &issuer(TokenShape::session()));
    let grant = || {
        let key = SigningKey::generate(Algorithm::HS256).unwrap();
        TokenIssuer::builder(key).shape(TokenShape::password_grant())
    };
    let apis: Vec<_> = [
        issuer(TokenShape::session()),
        issuer(TokenShape::password_grant()),
        issuer(TokenShape::password_grant().kind_claim("kind", "a", "r")),
        grant().audience("fastapi-users:auth").build().unwrap(),
        grant().issuer("https://issuer.example").build().unwrap(),
    ]
    .iter()
    .map(|issuer| RefreshTokens::new(keys.clone(), issuer))
    .collect();
    for (i, own) in apis.iter().enumerate() {
        let token = own.encode(&family(), &successor(own)).unwrap();
        for (j, other) in apis.iter().enumerate() {
            match other.decode_expired(token.expose().as_bytes()) {
                Ok(_) => assert_eq!(i, j),
                Err(error) => assert_eq!(error.kind(), RefreshErrorKind::WrongKind),
            }
        }
    }
    let staff = issuer(TokenShape::session().subject_realm("staff"));
    let staff = RefreshTokens::new(keys, &staff);
    let token = tokens.encode(&family(), &successor(&tokens)).unwrap();
    let error = staff.decode_expired(token.expose().as_bytes()).unwrap_err();
    assert_eq!(error.kind(), RefreshErrorKind::WrongKind);
    let foreign = self::tokens();
    let error = foreign
        .decode_expired(token.expose().as_bytes())
        .unwrap_err();
    assert_eq!(error.kind(), RefreshErrorKind::UnknownKey);
}

#[test]
fn a_key_of_the_same_name_is_not_the_same_key() {
    let tokens = tokens();
    let token = tokens.encode(&family(), &successor(&tokens)).unwrap();
    let id = &*tokens.current_key().unwrap();
    let impostor = SigningKey::generate(Algorithm::HS256)
        .unwrap()
        .with_key_id(id);
    let keys = RefreshKeys::new(impostor, []).unwrap();
    let error = RefreshTokens::new(keys, &issuer(TokenShape::session()))
        .decode_expired(token.expose().as_bytes())
        .unwrap_err();
    assert_eq!(error.kind(), RefreshErrorKind::Signature);
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let tokens = tokens();
    let token = tokens.encode(&family(), &successor(&tokens)).unwrap();
    let token = token.expose().as_bytes();
    for index in 0..token.len() {
        let mut changed = token.to_vec();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        assert!(tokens.decode_expired(&changed).is_err(), "byte {index}");
        assert!(tokens.decode_expired(&token[..index]).is_err());
    }
}

#[test]
fn a_signed_token_with_other_claims_is_not_a_refresh_token() {
    let keys = RefreshKeys::generate().unwrap();
    let tokens = RefreshTokens::new(keys.clone(), &issuer(TokenShape::session()));
    let key = keys.current();
    for payload in [
        r#"{"type":"access","identity":"alice","realm":"users"}"#,
        r#"{"type":"refresh","identity":"alice","realm":"users"}"#,
        r#"{"type":"refresh","type":"refresh","identity":"alice","realm":"users"}"#,
        "{}",
    ] {
        let header = key.header_json(Some("JWT"));
        let token = encode_compact(header.as_bytes(), payload.as_bytes(), key);
        if let Ok(token) = token {
            assert!(tokens.decode_expired(token.as_bytes()).is_err());
        }
    }
}

/// What version 0.3.0 made.
const OLDER: &str = "eyJhbGciOiJIUzI1NiIsImtpZCI6InJlZnJlc2gtMSIsInR5cCI6IkpXVCJ9.eyJ0eXBlIjoicmVmcmVzaCI\
    sImZyZXNoIjpmYWxzZSwicmVhbG0iOiJ1c2VycyIsImlkZW50aXR5IjoiYWxpY2UiLCJzaWQiOiI5MzZkYTA\
    xZi05YWJkLTRkOWQtODBjNy0wMmFmODVjODIyYTgiLCJnZW4iOjMsInNlYyI6IkJ3Y0hCd2NIQndjSEJ3Y0h\
    Cd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2MiLCJjbGllbnRfaWQiOiJ3ZWIiLCJzY29wZSI6ImEgYiIsImF\
    1dGhfdGltZSI6NTAsImlhdCI6MTAwLCJuYmYiOjEwMCwiZXhwIjoyMDAsInNlc3Npb25fZXhwIjozMDAsImp\
    0aSI6IjA2ZGQzMWJhLWQ4NzMtNDEwMC1iMjZlLWY1MDU3OGNlY2QyZiJ9.iO5oIq-4S_NtlCS-VCmdplELvE\
    2c4fbVre_xyE0Wwwg";

fn tokens_with_known_key() -> RefreshTokens {
    let key = SigningKey::from_secret(Algorithm::HS256, &[9; 32]).unwrap();
    let keys = RefreshKeys::new(key.with_key_id("refresh-1"), []).unwrap();
    RefreshTokens::new(keys, &issuer(TokenShape::session()))
}

#[test]
fn a_token_of_an_older_version_is_read_and_made_again() {
    let tokens = tokens_with_known_key();
    let now = Timestamp::from_secs(150);
    let claims = tokens.decode(OLDER.as_bytes(), now).unwrap();
    assert_eq!(claims.family.subject, family().subject);
    assert_eq!(claims.family.acr, None);
    assert_eq!(claims.data(), None);
    let again = tokens.encode(&claims.family, &successor(&tokens)).unwrap();
    assert_eq!(again.expose(), OLDER);
}

/// Whatever a newer version lets a token say must not be lost: neither what it is bound
/// to, nor that the successor is the same on every node. One can log out with it.
#[test]
fn a_token_that_says_more_is_left_to_nodes_that_know_it() {
    let tokens = tokens_with_known_key();
    let jws = CompactJws::parse(OLDER.as_bytes(), MAX_LENGTH).unwrap();
    let mut payload = Vec::new();
    jws.decode_payload(&mut payload).unwrap();
    let mut payload = String::from_utf8(payload).unwrap();
    assert_eq!(payload.pop(), Some('}'));
    payload += r#","later":{"x":1}}"#;
    let key = SigningKey::from_secret(Algorithm::HS256, &[9; 32]).unwrap();
    let key = key.with_key_id("refresh-1");
    let header = key.header_json(Some("JWT"));
    let token = encode_compact(header.as_bytes(), payload.as_bytes(), &key).unwrap();
    let now = Timestamp::from_secs(150);
    let error = tokens.decode(token.as_bytes(), now).unwrap_err();
    assert_eq!(error.kind(), RefreshErrorKind::Newer);
    let claims = tokens.decode_expired(token.as_bytes()).unwrap();
    assert_eq!(claims.family.session, family().session);
}

#[test]
fn nothing_secret_is_in_a_debug_output() {
    let tokens = tokens();
    let token = tokens.encode(&family(), &successor(&tokens)).unwrap();
    let claims = tokens.decode_expired(token.expose().as_bytes()).unwrap();
    let debug = format!("{claims:?}{tokens:?}{token:?}");
    assert!(!debug.contains("BwcHBwcH") && !debug.contains("7, 7"));
    let mut header = Vec::new();
    decode_segment(
        token.expose().split('.').next().unwrap().as_bytes(),
        &mut header,
    )
    .unwrap();
    assert!(
        String::from_utf8(header)
            .unwrap()
            .contains(r#""typ":"JWT""#)
    );
}
