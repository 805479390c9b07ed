use proptest::prelude::*;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use super::*;
use crate::{
    issue::TokenShape,
    jose::{Algorithm, SigningKey, encode_segment},
};

/// What serde_json makes of the same claims.
struct Reference<'a>(Vec<(&'a str, Value)>);

impl Serialize for Reference<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn issuer(shape: TokenShape, name: &str, audience: &[String]) -> TokenIssuer {
    let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    let builder = TokenIssuer::builder(key).shape(shape).issuer(name);
    let builder = audience.iter().fold(builder, |builder, audience| {
        builder.audience(audience.as_str())
    });
    builder.build().unwrap()
}

proptest! {
    #[test]
    fn claims_are_written_as_serde_json_writes_them_and_read_again(
        [subject_claim, kind_claim]: [String; 2],
        [realm, subject, kind, issuer_name]: [String; 4],
        audience: Vec<String>,
        client: Option<String>,
        scope in "([!#-\\[\\]-~]{1,4} ?){0,4}",
        secret: [u8; 32],
        generation in 0..=MAX_GENERATION,
        times in [-1_i64 << 50..1 << 50, -1 << 50..1 << 50, -1 << 50..1 << 50],
        auth_time in proptest::option::of(-1_i64 << 50..1 << 50),
        fresh: bool,
        acr: Option<String>,
        amr in proptest::collection::vec(any::<String>(), 0..3),
        methods in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..3),
        data in proptest::option::of(proptest::collection::btree_map(
            any::<String>(), any::<(i64, Option<String>)>(), 0..4,
        )),
    ) {
        let mut shape = TokenShape::password_grant()
            .subject_realm(realm.as_str())
            .subject_claim(subject_claim.as_str())
            .kind_claim(kind_claim.as_str(), "", kind.as_str());
        prop_assume!(shape.check().is_ok());
        shape.fresh = fresh;
        let shape = Shape::new(&issuer(shape, &issuer_name, &audience));
        prop_assume!(!shape.is_ambiguous && !shape.is_plain);
        let data = data.map(|data| SessionData::new(&data).unwrap());
        let family = RefreshFamily {
            subject: Subject::new(realm.as_str(), subject.as_str()),
            session: SessionId::random().unwrap(),
            secret: SessionSecret::from_bytes(secret),
            client: client.clone(),
            scope: scope.parse().unwrap(),
            auth_time: auth_time.map(Timestamp::from_secs),
            acr: acr.clone(),
            amr: amr.clone(),
            confirmation: KeyConfirmation::try_from(methods.clone()).ok(),
            data: data.clone(),
        };
        let [rotated_at, idle_deadline, absolute_deadline] = times.map(Timestamp::from_secs);
        let successor = Successor {
            generation,
            rotated_at,
            idle_deadline,
            absolute_deadline,
            refresh_key: "key".into(),
        };

        let scope = family.scope.as_str();
        let expected = [
            (&*kind_claim, Some(json!(kind))),
            ("iss", Some(json!(issuer_name))),
            ("aud", Some(json!(audience)).filter(|_| !audience.is_empty())),
            ("fresh", Some(json!(false)).filter(|_| fresh)),
            ("realm", Some(json!(realm))),
            (&subject_claim, Some(json!(subject))),
            ("sid", Some(json!(family.session.as_str()))),
            ("gen", Some(json!(generation))),
            ("sec", Some(json!(encode_segment(&secret)))),
            ("client_id", client.as_ref().map(|client| json!(client))),
            ("scope", Some(json!(scope)).filter(|_| !scope.is_empty())),
            ("auth_time", auth_time.map(|time| json!(time))),
            ("acr", acr.as_ref().map(|acr| json!(acr))),
            ("amr", Some(json!(amr)).filter(|_| !amr.is_empty())),
            ("cnf", Some(json!(methods)).filter(|_| !methods.is_empty())),
            ("data", data.as_ref().map(|data| data.read().unwrap())),
            ("iat", Some(json!(rotated_at.as_secs()))),
            ("nbf", Some(json!(rotated_at.as_secs()))),
            ("exp", Some(json!(idle_deadline.as_secs()))),
            ("session_exp", Some(json!(absolute_deadline.as_secs()))),
            ("jti", Some(json!(family.token_id(&successor).to_string()))),
        ];
        let expected = expected.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let expected = serde_json::to_string(&Reference(expected.collect())).unwrap();
        let written = shape.write(&family, &successor).unwrap();
        prop_assert_eq!(std::str::from_utf8(&written).unwrap(), expected);

        let read = shape.read(&written).unwrap();
        prop_assert_eq!(&read.family.subject, &family.subject);
        prop_assert_eq!(&read.family.session, &family.session);
        prop_assert_eq!(read.family.secret.digest(), family.secret.digest());
        prop_assert_eq!(&read.family.client, &family.client);
        prop_assert_eq!(&read.family.scope, &family.scope);
        prop_assert_eq!(&read.family.auth_time, &family.auth_time);
        prop_assert_eq!(&read.family.acr, &family.acr);
        prop_assert_eq!(&read.family.amr, &family.amr);
        prop_assert_eq!(&read.family.confirmation, &family.confirmation);
        prop_assert_eq!(&read.family.data, &family.data);
        prop_assert!(!read.is_newer);
        // Whatever its numbers are.
        let again = shape.write(&read.family, &successor).unwrap();
        prop_assert_eq!(&*again, &*written);
        prop_assert_eq!(read.generation, generation);
        prop_assert_eq!(read.issued_at, rotated_at);
        prop_assert_eq!(read.expires_at, idle_deadline);
        prop_assert_eq!(read.session_ends_at, absolute_deadline);
    }
}

#[test]
fn claims_that_share_a_name_are_not_written() {
    let tokens = |shape| Shape::new(&issuer(shape, "", &[]));
    for shape in [
        TokenShape::password_grant().subject_claim("realm"),
        TokenShape::session().kind_claim("session_exp", "a", "r"),
        TokenShape::api_key().subject_claim("type"),
    ] {
        assert!(tokens(shape).is_ambiguous);
    }
    assert!(!tokens(TokenShape::session()).is_ambiguous);
}

/// They may have had the name before tokens could say more.
#[test]
fn a_shape_that_has_the_name_of_a_further_claim_makes_tokens_without_it() {
    let shape = TokenShape::password_grant().subject_claim("data");
    let shape = Shape::new(&issuer(shape, "", &[]));
    let mut family = RefreshFamily {
        subject: Subject::new("users", "alice"),
        session: SessionId::random().unwrap(),
        secret: SessionSecret::from_bytes([7; 32]),
        client: None,
        scope: ScopeSet::new(),
        auth_time: None,
        acr: None,
        amr: Vec::new(),
        confirmation: None,
        data: None,
    };
    let now = Timestamp::from_secs(100);
    let successor = Successor {
        generation: 1,
        rotated_at: now,
        idle_deadline: now,
        absolute_deadline: now,
        refresh_key: "key".into(),
    };
    let token = shape.write(&family, &successor).unwrap();
    let read = shape.read(&token).unwrap();
    assert_eq!(read.family.subject, family.subject);
    assert!(!read.is_newer && read.family.data.is_none());
    family.acr = Some("mfa".to_owned());
    assert!(shape.write(&family, &successor).is_err());
}

#[test]
fn claims_that_occur_twice_are_refused() {
    let shape = Shape::new(&issuer(TokenShape::session(), "", &[]));
    for json in [
        r#"{"type":"refresh","type":"refresh"}"#,
        r#"{"type":"refresh","jti":"a","jti":"a"}"#,
        r#"{"type":"refresh","other":{"a":1,"a":1}}"#,
    ] {
        let error = shape.read(json.as_bytes()).unwrap_err();
        assert_eq!(error, RefreshErrorKind::Claims, "{json}");
    }
}
