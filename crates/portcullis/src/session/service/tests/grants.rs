//! What a login grants, and how it outlives refreshes.

use serde_json::{Value, json};

use super::*;
use crate::{
    claims::KeyConfirmation,
    session::{Grant, SessionData, SessionRecord, SessionStore},
    verify::Verified,
};

fn data() -> SessionData {
    // A number that no binary fraction is.
    SessionData::new(&json!({ "tenant": "acme", "share": 0.1, "z": [1, {}] })).unwrap()
}

fn verified(api: &Api, pair: &TokenPair) -> Verified {
    let verifier = api.sessions.verifier();
    let verifier = verifier.dangerous().ignore_binding().build().unwrap();
    let token = pair.access.token().expose().as_bytes();
    verifier.verify_now(token).unwrap()
}

async fn row(api: &Api, pair: &TokenPair) -> SessionRecord {
    let row = api.sessions.store().session(&alice(), &pair.session).await;
    row.unwrap().unwrap()
}

fn claims(api: &Api, pair: &TokenPair) -> Value {
    let verified = verified(api, pair);
    let all: Value = serde_json::from_str(verified.claims_json()).unwrap();
    let of_login = ["acr", "amr", "auth_time", "cnf"];
    of_login
        .map(|name| all.get(name).cloned().unwrap_or_default())
        .into()
}

#[tokio::test]
async fn a_refreshed_token_says_what_the_first_one_said_of_the_login() {
    let api = Api::new(|builder| builder).await;
    let (key, data) = (KeyConfirmation::jkt("thumbprint"), data());
    let first = api
        .open(|request| {
            let request = request.acr("mfa").amr(["pwd", "otp"]);
            request.confirmation(&key).data(&data)
        })
        .await;
    let expected = json!(["mfa", ["pwd", "otp"], 1_700_000_000, { "jkt": "thumbprint" }]);
    assert_eq!(claims(&api, &first), expected);
    let mut pair = first;
    for _ in 0..3 {
        api.pass(60_000);
        let presented = api.sessions.read(refresh_token(&pair).as_bytes()).unwrap();
        assert_eq!(presented.data(), Some(&data));
        let request = plain().proven_key(&key);
        let next = api.refresh(refresh_token(&pair), &request).await.unwrap();
        assert_eq!(claims(&api, &next), expected);
        // Byte for byte, with all that it carries.
        let again = api.refresh(refresh_token(&pair), &request).await.unwrap();
        assert_eq!(refresh_token(&again), refresh_token(&next));
        pair = next;
    }
    let row = row(&api, &pair).await;
    let grant = row.grant;
    assert_eq!(grant.acr.as_deref(), Some("mfa"));
    assert_eq!(grant.amr, ["pwd", "otp"]);
    assert_eq!(grant.cnf, Some(key));
    assert_eq!(grant.data, Some(data));
}

#[tokio::test]
async fn what_is_not_said_at_login_is_in_no_token() {
    let api = Api::new(|builder| builder).await;
    let first = api.open(|request| request).await;
    let row = row(&api, &first).await;
    let expected = Grant {
        auth_time: Some(1_700_000_000),
        ..Grant::new()
    };
    assert_eq!(row.grant, expected);
    let next = api.refresh(refresh_token(&first), &plain()).await.unwrap();
    for pair in [first, next] {
        let expected = json!([null, null, 1_700_000_000, null]);
        assert_eq!(claims(&api, &pair), expected);
        let presented = api.sessions.read(refresh_token(&pair).as_bytes()).unwrap();
        assert_eq!(presented.data(), None);
    }
}

/// As further claims, which an application may have written before.
#[tokio::test]
async fn the_application_can_say_it_itself_but_not_twice() {
    let api = Api::new(|builder| builder).await;
    let own = Map::from_iter([("acr".to_owned(), json!("own"))]);
    let first = api.open(|request| request.claims(&own)).await;
    assert_eq!(claims(&api, &first)[0], "own");
    let request = plain().claims(&own);
    let next = api.refresh(refresh_token(&first), &request).await.unwrap();
    assert_eq!(claims(&api, &next)[0], "own");
    let strong = api.open(|request| request.acr("mfa")).await;
    let both = api.refresh(refresh_token(&strong), &request).await;
    assert_eq!(both.unwrap_err(), SessionErrorKind::Issue);
    // Nothing was used up by that.
    assert!(api.refresh(refresh_token(&strong), &plain()).await.is_ok());
}

/// Before the store is asked: whoever stole a bound token can neither use it nor end its
/// session by trying.
#[tokio::test]
async fn a_bound_session_is_refreshed_by_whoever_has_the_key() {
    let api = Api::new(|builder| builder).await;
    let key = KeyConfirmation::jkt("thumbprint");
    let first = api
        .open(|request| request.confirmation(&key).client("web"))
        .await;
    let next = {
        let request = plain().client("web").proven_key(&key);
        api.refresh(refresh_token(&first), &request).await.unwrap()
    };
    api.pass(60_000);
    let other = KeyConfirmation::jkt("another");
    let certificate = KeyConfirmation::x5t_s256("thumbprint");
    let refused = SessionErrorKind::Refused(RefusalReason::SenderBinding);
    for proven in [None, Some(&other), Some(&certificate)] {
        let request = plain().client("web").proven_key(proven);
        // One that was exchanged, which would revoke the session, and the current one.
        for pair in [&first, &next] {
            let error = api.refresh(refresh_token(pair), &request).await;
            assert_eq!(error.unwrap_err(), refused);
            let presented = api.sessions.read(refresh_token(pair).as_bytes()).unwrap();
            let error = api.sessions.authorize(&presented, &request).await;
            assert_eq!(error.unwrap_err().kind(), refused);
        }
    }
    // The client comes first.
    let request = plain().client("app").proven_key(&other);
    let error = api.refresh(refresh_token(&next), &request).await;
    let client = SessionErrorKind::Refused(RefusalReason::Client);
    assert_eq!(error.unwrap_err(), client);
    let both = key.and("x5t#S256", "certificate");
    let request = plain().client("web").proven_key(&both);
    assert!(api.refresh(refresh_token(&next), &request).await.is_ok());
}

/// A key that nobody asked for changes nothing.
#[tokio::test]
async fn a_session_that_is_not_bound_does_not_become_so() {
    let api = Api::new(|builder| builder).await;
    let first = api.open(|request| request).await;
    let key = KeyConfirmation::jkt("thumbprint");
    let request = plain().proven_key(&key);
    let next = api.refresh(refresh_token(&first), &request).await.unwrap();
    assert_eq!(claims(&api, &next)[3], Value::Null);
}

/// Whoever may not present it shall not get it, and no row is left of it.
#[tokio::test]
async fn a_session_whose_tokens_would_be_too_long_is_not_opened() {
    let api = Api::new(|builder| builder).await;
    let open = async |limit, client: &str| {
        let alice = alice();
        let request = OpenSession::login(&alice).client(client);
        let request = request.refresh_token_limit(limit);
        let ticket = api.sessions.begin_login().await.unwrap();
        let pair = api.sessions.open(ticket, &request).await;
        pair.map_err(|error| error.kind())
    };
    let pair = open(usize::MAX, "web").await.unwrap();
    let length = refresh_token(&pair).len();
    assert!(open(length + 100, "web").await.is_ok());
    let before = api.sessions.list(&alice()).await.unwrap().len();
    for (limit, client) in [
        (length - 1, "web".to_owned()),
        // It would grow with the generation.
        (length, "web".to_owned()),
        (usize::MAX, "x".repeat(8192)),
    ] {
        let error = open(limit, &client).await.unwrap_err();
        assert_eq!(error, SessionErrorKind::GrantTooLong);
    }
    assert_eq!(api.sessions.list(&alice()).await.unwrap().len(), before);
}

/// With the most data there may be, and long names, it still goes into a cookie.
#[tokio::test]
async fn data_of_full_length_goes_into_a_cookie() {
    let api = Api::new(|builder| builder).await;
    let filler = "x".repeat(SessionData::LIMIT - r#"{"a":""}"#.len());
    let data = SessionData::new(&json!({ "a": filler })).unwrap();
    let thumbprint = "x".repeat(43);
    let key = KeyConfirmation::jkt(thumbprint);
    let pair = api
        .open(|request| {
            let request = request.acr("https://refeds.org/profile/mfa");
            let request = request.amr(["pwd", "otp", "hwk", "user"]);
            request.confirmation(&key).data(&data).client("s6BhdRkqt3")
        })
        .await;
    let length = refresh_token(&pair).len();
    assert!(length < 2600, "{length}");
}
