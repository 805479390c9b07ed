//! What an application's subscriber is told.

use serde_json::{Value, json};

use super::*;
use crate::session::events::{self, EventStream};

const CURL: &str = "curl/8";

/// The API with a subscriber that has room for so many events.
async fn subscribed(room: usize, grace: u64) -> (Api, EventStream) {
    let mut api = Api::new(|builder| builder).await;
    let (sender, stream) = events::channel(room);
    let revocations = api.sessions.revocations().clone().with_events(sender);
    api.sessions = Sessions::builder(revocations, api.sessions.issuer().clone())
        .refresh_keys(RefreshKeys::generate().unwrap())
        .rules(RotationRules::with_grace(Duration::from_secs(grace)))
        .application_token_limit(1)
        .build()
        .unwrap();
    (api, stream)
}

fn device() -> Device {
    Device::new(Some(CURL), Some([192, 0, 2, 1].into()))
}

/// What was told since, without the time that is now, and whose it is.
fn told(api: &Api, stream: &mut EventStream) -> Vec<Value> {
    let events = std::iter::from_fn(|| stream.try_next());
    let events = events.map(|event| {
        let mut json = serde_json::to_value(&event).unwrap();
        let members = json.as_object_mut().unwrap();
        let at = members.remove("at").unwrap();
        assert_eq!(at, api.clock.now().as_millis());
        for (name, expected) in [("realm", "users"), ("subject", "alice")] {
            assert_eq!(members.remove(name).unwrap(), expected);
        }
        json
    });
    events.collect()
}

fn told_names(stream: &mut EventStream) -> Vec<&'static str> {
    let events = std::iter::from_fn(|| stream.try_next());
    events.map(|event| event.kind.as_str()).collect()
}

#[tokio::test]
async fn the_subscriber_is_told_all_there_is_to_a_session() {
    let (api, mut stream) = subscribed(64, 10).await;
    let pair = api
        .open(|request| request.client("web").device(device()))
        .await;
    let id = pair.session.as_str();
    let about = |event: &str, more: Value| {
        let mut json = json!({
            "event": event, "session": id, "client": "web",
            "user_agent": CURL, "address": "192.0.2.1",
        });
        json.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json
    };
    assert_eq!(
        told(&api, &mut stream),
        [about("session_opened", json!({}))]
    );
    let request = || plain().client("web").device(device());
    let refresh = async |pair: &TokenPair, request: RefreshRequest<'_>| {
        api.refresh(refresh_token(pair), &request).await
    };
    let next = refresh(&pair, request()).await.unwrap();
    let rotated = about("refresh_rotated", json!({ "generation": 0 }));
    assert_eq!(told(&api, &mut stream), [rotated]);

    api.pass(2000);
    refresh(&next, request()).await.unwrap();
    refresh(&pair, request()).await.unwrap();
    let rested = json!({ "generation": 1, "elapsed_ms": 2000, "device_changed": false });
    let replayed =
        json!({ "generation": 0, "elapsed_ms": 2000, "late": false, "device_changed": false });
    let expected = [
        about("refresh_rested", rested),
        about("refresh_replayed", replayed),
    ];
    assert_eq!(told(&api, &mut stream), expected);

    let wider = request().scope("write".parse::<crate::claims::ScopeSet>().unwrap());
    refresh(&next, wider).await.unwrap_err();
    refresh(&next, request().client("app")).await.unwrap_err();
    let refused = |reason: &str| {
        let details = json!({ "generation": 1, "reason": reason });
        about("refresh_refused", details)
    };
    assert_eq!(
        told(&api, &mut stream),
        [refused("scope"), refused("client")]
    );

    api.pass(60_000);
    let thief = Device::new(Some("other"), None);
    let error = refresh(&pair, request().device(thief)).await.unwrap_err();
    assert_eq!(error, SessionErrorKind::Reused);
    let reused = json!({
        "event": "refresh_reused", "session": id, "client": "web", "user_agent": "other",
        "generation": 0, "elapsed_ms": 62_000, "device_changed": true,
    });
    assert_eq!(told(&api, &mut stream), [reused]);
}

#[tokio::test]
async fn the_subscriber_is_told_of_log_outs() {
    let (api, mut stream) = subscribed(64, 10).await;
    let sessions = &api.sessions;
    let alice = alice();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(api.open(|request| request).await.session);
    }
    let ticket = sessions.begin_login().await.unwrap();
    let token = AccessToken::new(&alice);
    let token = sessions.application_token(ticket, &token).await.unwrap();
    let names: Vec<_> = told(&api, &mut stream);
    assert_eq!(names.len(), 4);
    let issued = json!({ "event": "application_token_issued", "token": token.id() });
    assert_eq!(names[3], issued);

    let ended = |id: &SessionId, reason: &str| json!({ "event": "session_ended", "session": id.as_str(), "reason": reason });
    sessions.log_out(&alice, &ids[0]).await.unwrap();
    // Nothing has ended by that.
    sessions.log_out(&alice, &ids[0]).await.unwrap();
    assert_eq!(told(&api, &mut stream), [ended(&ids[0], "logout")]);
    sessions
        .remove_application_token(&alice, token.id())
        .await
        .unwrap();
    let removed = json!({ "event": "application_token_removed", "token": token.id() });
    assert_eq!(told(&api, &mut stream), [removed]);

    sessions.log_out_everywhere(&alice).await.unwrap();
    let mut events = told(&api, &mut stream);
    let everywhere = json!({
        "event": "logged_out_everywhere", "sessions": 2, "application_tokens": 0,
    });
    assert_eq!(events.pop().unwrap(), everywhere);
    for id in &ids[1..] {
        assert!(events.contains(&ended(id, "logout_everywhere")));
    }
    assert_eq!(events.len(), 2);

    sessions.log_out_everybody("users").await.unwrap();
    let event = stream.try_next().unwrap();
    assert_eq!(event.kind.as_str(), "everybody_logged_out");
    assert_eq!((event.subject, event.session), (None, None));
}

#[tokio::test]
async fn the_subscriber_is_told_of_credentials_that_are_good_once() {
    let (api, mut stream) = subscribed(64, 10).await;
    let link = SingleUse::new("mail link", b"random", Duration::from_secs(600));
    let alice = alice();
    let login = OpenSession::login(&alice).single_use(link).device(device());
    let open = async || {
        let ticket = api.sessions.begin_login().await.unwrap();
        api.sessions.open(ticket, &login).await
    };
    let pair = open().await.unwrap();
    let about = |event: &str, elapsed: Option<u64>| {
        let mut json = json!({
            "event": event, "session": pair.session.as_str(), "purpose": "mail link",
            "user_agent": CURL, "address": "192.0.2.1",
        });
        if let Some(elapsed) = elapsed {
            json["elapsed_ms"] = elapsed.into();
        }
        json
    };
    assert_eq!(told(&api, &mut stream), [about("single_use_opened", None)]);
    api.pass(3000);
    open().await.unwrap();
    let repeated = about("single_use_repeated", Some(3000));
    assert_eq!(told(&api, &mut stream), [repeated]);
    api.pass(7000);
    open().await.unwrap_err();
    let refused = about("single_use_refused", Some(10_000));
    assert_eq!(told(&api, &mut stream), [refused]);
}

/// Whichever use it was that opened it.
#[tokio::test]
async fn the_subscriber_is_told_of_a_session_whose_first_use_came_to_nothing() {
    let (api, mut stream) = subscribed(64, 10).await;
    let link = SingleUse::new("mail link", b"random", Duration::from_secs(600));
    let alice = alice();
    let login = OpenSession::login(&alice).single_use(link);
    let overtaken = api.sessions.begin_login().await.unwrap();
    api.sessions.log_out_everywhere(&alice).await.unwrap();
    api.sessions.open(overtaken, &login).await.unwrap_err();
    told_names(&mut stream);
    for expected in ["single_use_opened", "single_use_repeated"] {
        let ticket = api.sessions.begin_login().await.unwrap();
        api.sessions.open(ticket, &login).await.unwrap();
        assert_eq!(told_names(&mut stream), [expected]);
    }
}

#[tokio::test]
async fn the_subscriber_is_told_who_had_to_make_room() {
    let (mut api, mut stream) = subscribed(64, 10).await;
    let revocations = api.sessions.revocations().clone();
    api.sessions = Sessions::builder(revocations, api.sessions.issuer().clone())
        .refresh_keys(RefreshKeys::generate().unwrap())
        .session_limit(1)
        .build()
        .unwrap();
    let first = api.open(|request| request).await;
    api.pass(1000);
    told_names(&mut stream);
    let second = api.open(|request| request).await;
    let events = told(&api, &mut stream);
    let evicted = json!({
        "event": "session_ended", "session": first.session.as_str(), "reason": "evicted",
    });
    let opened = json!({ "event": "session_opened", "session": second.session.as_str() });
    assert_eq!(events, [evicted, opened]);
}

#[tokio::test]
async fn the_subscriber_is_told_of_who_is_erased() {
    let (api, mut stream) = subscribed(64, 10).await;
    api.open(|request| request).await;
    api.sessions.erase(&alice()).await.unwrap();
    let names = told_names(&mut stream);
    assert_eq!(names, ["session_opened", "session_ended", "subject_erased"]);
}

/// Another node hears of a theft when it reads the store; so does its subscriber.
#[tokio::test]
async fn the_subscriber_of_another_node_is_told_of_a_theft() {
    let (api, mut own) = subscribed(64, 0).await;
    let store = api.sessions.revocations().store().clone();
    let (sender, mut stream) = events::channel(8);
    let clock = SharedClock::new(api.clock.clone());
    let other = Revocations::new(store, clock, Duration::from_secs(900)).with_events(sender);
    other.sync().await.unwrap();
    let pair = api.open(|request| request).await;
    api.refresh(refresh_token(&pair), &plain()).await.unwrap();
    api.pass(1000);
    let error = api.refresh(refresh_token(&pair), &plain()).await;
    assert_eq!(error.unwrap_err(), SessionErrorKind::Reused);
    for _ in 0..3 {
        other.sync().await.unwrap();
        api.sessions.revocations().sync().await.unwrap();
    }
    let heard = json!({ "event": "refresh_reuse_heard", "session": pair.session.as_str() });
    assert_eq!(told(&api, &mut stream), [heard]);
    // Whoever found it has told it, and hears nothing new.
    let names = told_names(&mut own);
    assert_eq!(
        names,
        ["session_opened", "refresh_rotated", "refresh_reused"]
    );
}

/// Nobody waits for a subscriber, whether it is slow or gone.
#[tokio::test]
async fn a_subscriber_that_reads_nothing_holds_nobody_up() {
    let (api, mut stream) = subscribed(2, 0).await;
    let pair = api.open(|request| request).await;
    for _ in 0..5 {
        let next = api.open(|request| request).await;
        api.refresh(refresh_token(&next), &plain()).await.unwrap();
    }
    assert_eq!(stream.dropped(), 9);
    assert_eq!(told(&api, &mut stream).len(), 2);
    drop(stream);
    api.refresh(refresh_token(&pair), &plain()).await.unwrap();
}

/// What another API of the same store does is told, too.
#[tokio::test]
async fn one_subscriber_hears_of_all_apis_of_a_store() {
    let (api, mut stream) = subscribed(8, 0).await;
    let revocations = api.sessions.revocations().clone();
    let other = Sessions::builder(revocations, api.sessions.issuer().clone());
    let other = other.build().unwrap();
    let alice = alice();
    let ticket = other.begin_login().await.unwrap();
    let login = OpenSession::login(&alice);
    let pair = other.open(ticket, &login).await.unwrap();
    api.sessions.log_out(&alice, &pair.session).await.unwrap();
    let names = told_names(&mut stream);
    assert_eq!(names, ["session_opened", "session_ended"]);
}
