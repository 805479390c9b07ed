//! ID tokens, and claims that only some issuers have.

use VerifyErrorKind::*;

use super::*;

type Builder = VerifierBuilder<Ready, Ready, Ready>;

/// What comes of claims with these changes.
fn judge(builder: Builder, changes: Value) -> Result<(), VerifyErrorKind> {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::String(text) if text == "-" => {
                claims.as_object_mut().unwrap().remove(name);
            }
            value => claims[name] = value.clone(),
        }
    }
    kind_of(&builder.build().unwrap(), &claims)
}

#[test]
fn id_tokens_are_accepted_where_they_are_asked_for_only() {
    for changes in [
        json!({"nonce": "n"}),
        json!({"at_hash": "h", "c_hash": "h", "s_hash": "h", "nonce": "n"}),
        json!({"azp": "api", "at_hash": "h"}),
        json!({"aud": ["api"]}),
    ] {
        assert_eq!(
            judge(builder().id_tokens(), changes.clone()),
            Ok(()),
            "{changes}"
        );
    }
    assert_eq!(judge(builder(), json!({"at_hash": "h"})), Err(WrongKind));
    for (changes, expected) in [
        (json!({"sub": "-"}), MissingClaim),
        (json!({"iat": "-"}), MissingClaim),
        (json!({"sub": null}), MissingClaim),
        (json!({"exp": "-"}), NeverExpires),
        (json!({"iss": "x"}), WrongIssuer),
        (json!({"aud": "-"}), WrongAudience),
        (json!({"aud": "other"}), WrongAudience),
        // Log-out and event tokens, wherever the claim stands.
        (json!({"events": {}}), WrongKind),
        (json!({"at_hash": "h", "events": {}}), WrongKind),
        (json!({"events": {}, "s_hash": "h"}), WrongKind),
        // Whom it is for, and who asked.
        (json!({"aud": ["api", "other"]}), WrongAudience),
        (
            json!({"aud": ["api", "other"], "azp": "api"}),
            WrongAudience,
        ),
        (json!({"aud": ["api", "api"]}), WrongAudience),
        (json!({"azp": "other"}), WrongAudience),
        (json!({"azp": ""}), WrongAudience),
        (json!({"azp": ["api"]}), WrongAudience),
        (json!({"azp": 7}), WrongAudience),
        // The subject is nobody who may ask.
        (json!({"azp": "alice"}), WrongAudience),
    ] {
        assert_eq!(
            judge(builder().id_tokens(), changes.clone()),
            Err(expected),
            "{changes}"
        );
    }
}

#[test]
fn several_audiences_need_a_party_that_is_known() {
    let several = || builder_of(&["api", "app"]).id_tokens();
    for (changes, expected) in [
        (json!({"aud": ["api", "app"], "azp": "app"}), Ok(())),
        (json!({"aud": ["app"], "azp": "api"}), Ok(())),
        (
            json!({"aud": ["api", "app"], "azp": null}),
            Err(WrongAudience),
        ),
        (json!({"aud": ["api", "app"]}), Err(WrongAudience)),
        (
            json!({"aud": ["api", "app"], "azp": "phone"}),
            Err(WrongAudience),
        ),
        (
            json!({"aud": ["api", "app", "x"], "azp": "app"}),
            Err(WrongAudience),
        ),
    ] {
        assert_eq!(judge(several(), changes.clone()), expected, "{changes}");
    }
    let phone = || builder().authorized_parties(["phone"]);
    assert_eq!(judge(phone(), json!({"azp": "phone"})), Ok(()));
    assert_eq!(judge(phone(), json!({"azp": "api"})), Ok(()));
    assert_eq!(judge(phone(), json!({"azp": "tablet"})), Err(WrongAudience));
    // A party is no audience.
    assert_eq!(
        judge(phone(), json!({"aud": "phone", "azp": "phone"})),
        Err(WrongAudience)
    );
}

fn builder_of(audiences: &[&'static str]) -> Builder {
    Verifier::builder()
        .keys(key(1).verifying_key())
        .issuer(ISS)
        .audiences(audiences.iter().copied())
        .clock(clock())
}

#[test]
fn an_id_token_has_the_type_of_one() {
    let verifier = builder().id_tokens().build().unwrap();
    for (typ, expected) in [
        (r#","typ":"JWT""#, Ok(())),
        ("", Ok(())),
        (r#","typ":"at+jwt""#, Err(WrongType)),
        (r#","typ":"logout+jwt""#, Err(WrongType)),
        (r#","typ":"secevent+jwt""#, Err(WrongType)),
    ] {
        let header = format!(r#"{{"alg":"HS256"{typ}}}"#);
        assert_eq!(
            kind(&verifier, &signed(&key(1), &header, &claims())),
            expected,
            "{typ}"
        );
    }
}

#[test]
fn what_contradicts_itself_is_not_built() {
    let issuer = || Verifier::builder().keys(key(1).verifying_key()).issuer(ISS);
    let refused = |builder: Builder| builder.build().is_err();
    assert!(refused(builder().id_tokens().rfc9068()));
    assert!(refused(builder().rfc9068().id_tokens()));
    assert!(refused(issuer().dangerous().no_audience().id_tokens()));
    assert!(refused(
        issuer().dangerous().no_audience().audience_claim("c")
    ));
    assert!(refused(
        issuer().dangerous().any_audience().audience_claim("c")
    ));
    assert!(!refused(issuer().dangerous().any_audience().id_tokens()));
    assert!(refused(builder().audience_claim("")));
    assert!(refused(builder().authorized_parties([""])));
    assert!(refused(builder().require_any_claim([""; 0])));
    assert!(refused(builder().require_any_claim(["scp", ""])));
    assert!(refused(builder().require_claim_value("a", "")));
    assert!(refused(builder().require_claim_value("", "a")));
    assert!(refused(builder().require_any_value([("", ""); 0])));
    assert!(refused(builder().refuse_claims([""])));
}

#[test]
fn another_claim_stands_for_the_audience() {
    let cognito = || builder().audience_claim("client_id");
    for (changes, expected) in [
        (json!({"aud": "-", "client_id": "api"}), Ok(())),
        (json!({"aud": null, "client_id": "api"}), Ok(())),
        (
            json!({"aud": "-", "client_id": "other"}),
            Err(WrongAudience),
        ),
        (json!({"aud": "-"}), Err(WrongAudience)),
        (json!({"aud": "api"}), Err(WrongAudience)),
        // Who is named as the audience must be us in any case.
        (
            json!({"aud": "other", "client_id": "api"}),
            Err(WrongAudience),
        ),
        (json!({"aud": "api", "client_id": "api"}), Ok(())),
    ] {
        assert_eq!(judge(cognito(), changes.clone()), expected, "{changes}");
    }
    let error = cognito().build().unwrap();
    let error = error
        .verify_now(token(&without("aud")).as_bytes())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains(r#"`client_id` is none, and "api""#),
        "{error}"
    );
    // The claim means what it meant besides.
    let mut claims = without("aud");
    claims["client_id"] = json!("api");
    let verified = cognito()
        .build()
        .unwrap()
        .verify_now(token(&claims).as_bytes());
    assert_eq!(verified.unwrap().client_id(), Some("api"));
    assert_eq!(judge(cognito().audience_claim("aud"), json!({})), Ok(()));
}

/// A pool's access tokens and ID tokens are for the same client.
#[test]
fn combined_verifiers_find_whose_a_token_is_by_that_claim() {
    let access = || {
        builder()
            .audience_claim("client_id")
            .kind_claim("token_use", "access")
    };
    let id = || builder().id_tokens().kind_claim("token_use", "id");
    for both in [[access(), id()], [id(), access()]] {
        let both = Verifier::combine(both.map(|one| one.build().unwrap())).unwrap();
        let mut claims = with("token_use", json!("id"));
        assert_eq!(kind_of(&both, &claims), Ok(()));
        claims["token_use"] = json!("access");
        assert_eq!(kind_of(&both, &claims), Err(WrongKind));
        let mut claims = without("aud");
        claims["client_id"] = json!("api");
        claims["token_use"] = json!("access");
        assert_eq!(kind_of(&both, &claims), Ok(()));
        claims["client_id"] = json!("other");
        assert_eq!(kind_of(&both, &claims), Err(WrongAudience));
    }
    let twice = [access(), access()].map(|one| one.build().unwrap());
    assert!(Verifier::combine(twice).is_err());
}

#[test]
fn claims_can_be_demanded_and_refused() {
    let builder = || {
        builder()
            .require_any_claim(["scp", "roles"])
            .require_claim_value("ver", "2.0")
            .require_any_value([("owner", "a"), ("repository", "b/c")])
            .refuse_claims(["idtyp", "nonce"])
    };
    let good = json!({"scp": "read", "ver": "2.0", "owner": "a"});
    for (changes, expected) in [
        (json!({}), Ok(())),
        (json!({"scp": "-", "roles": ["r"]}), Ok(())),
        (json!({"scp": "-"}), Err(MissingClaim)),
        (json!({"scp": ""}), Err(MissingClaim)),
        (json!({"scp": null, "roles": []}), Err(MissingClaim)),
        (json!({"ver": "1.0"}), Err(WrongClaim)),
        (json!({"ver": 2.0}), Err(WrongClaim)),
        (json!({"ver": ["2.0"]}), Err(WrongClaim)),
        (json!({"ver": "-"}), Err(WrongClaim)),
        (json!({"owner": "b"}), Err(WrongClaim)),
        (json!({"owner": "-", "repository": "b/c"}), Ok(())),
        (json!({"owner": "b", "repository": "b/c"}), Ok(())),
        (json!({"owner": "b/c", "repository": "a"}), Err(WrongClaim)),
        (json!({"idtyp": "app"}), Err(WrongKind)),
        (json!({"nonce": 7}), Err(WrongKind)),
        // `null` is none.
        (json!({"nonce": null}), Ok(())),
    ] {
        let mut all = good.clone();
        all.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        assert_eq!(judge(builder(), all), expected, "{changes}");
    }
}

#[test]
fn the_errors_say_what_came_and_what_is_configured() {
    let error = |builder: Builder, changes: &[(&str, &str)]| {
        let mut claims = claims();
        for (name, value) in changes {
            claims[name] = json!(value);
        }
        let verifier = builder.build().unwrap();
        verifier
            .verify_now(token(&claims).as_bytes())
            .unwrap_err()
            .to_string()
    };
    for (found, part) in [
        (
            error(builder().require_any_claim(["scp", "roles"]), &[]),
            "one of `scp`, `roles`",
        ),
        (
            error(
                builder().require_any_value([("o", "a"), ("r", "b")]),
                &[("r", "x\n")],
            ),
            r#"`o` is none, and "a" is configured, `r` is "x\n", and "b" is configured"#,
        ),
        (
            error(builder().authorized_parties(["p"]), &[("azp", "x")]),
            r#"`azp` is "x", and "api", "p" is configured"#,
        ),
        (
            error(builder().refuse_claims(["scp"]), &[("scp", "x")]),
            "`scp` is a claim of other tokens",
        ),
    ] {
        assert!(found.contains(part), "{found}");
    }
}

/// What is checked once is remembered, what is refused is not.
#[test]
fn further_rules_hold_for_tokens_that_are_remembered() {
    let verifier = builder()
        .cache(TokenCache::new().with_shared_secrets())
        .id_tokens();
    let verifier = verifier.build().unwrap();
    for _ in 0..2 {
        assert_eq!(kind_of(&verifier, &with("azp", json!("api"))), Ok(()));
        assert_eq!(
            kind_of(&verifier, &with("azp", json!("x"))),
            Err(WrongAudience)
        );
    }
    assert_eq!(verifier.cache_len_and_bytes().0, 1);
}
