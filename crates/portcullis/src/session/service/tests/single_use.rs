//! Credentials that open one session.

use super::*;

/// What it gives again is what it gave: to the same client, for the same scope.
#[tokio::test]
async fn a_credential_of_single_use_opens_one_session() {
    let api = Api::new(|builder| builder).await;
    let link = SingleUse::new("mail link", b"random", Duration::from_secs(600));
    let scope = |text: &str| text.parse::<crate::claims::ScopeSet>().unwrap();
    let alice = alice();
    let login = || OpenSession::login(&alice).client("web").single_use(link);
    let open = async |request: OpenSession<'_>| {
        let ticket = api.sessions.begin_login().await.unwrap();
        let pair = api.sessions.open(ticket, &request).await;
        pair.map_err(|error| error.kind())
    };
    let first = open(login().scope(scope("read"))).await.unwrap();
    api.pass(3000);
    let again = open(login().scope(scope("read"))).await.unwrap();
    assert_eq!(refresh_token(&again), refresh_token(&first));
    assert_eq!(again.session, first.session);
    for other in [
        login(),
        login().scope(scope("read write")),
        login().scope(scope("read")).client("mobile"),
        login().scope(scope("read")).client(None),
        login().scope(scope("read")).acr("mfa"),
        OpenSession::without_login(&Subject::new("users", "bob")).single_use(link),
    ] {
        let refused = open(other).await.unwrap_err();
        assert_eq!(refused, SessionErrorKind::AlreadyUsed);
    }
    // Another credential, and the same for another purpose.
    for other in [
        SingleUse::new("mail link", b"another", Duration::from_secs(600)),
        SingleUse::new("invitation", b"random", Duration::from_secs(600)),
    ] {
        let other = open(login().single_use(other)).await.unwrap();
        assert_ne!(other.session, first.session);
    }
    api.pass(7000);
    let late = open(login().scope(scope("read"))).await.unwrap_err();
    assert_eq!(late, SessionErrorKind::AlreadyUsed);
}

/// Also where it is used twice at once, for different scopes.
#[tokio::test]
async fn of_two_uses_at_once_none_widens_the_session_of_the_other() {
    let api = Api::new(|builder| builder).await;
    for round in 0_u32..200 {
        let random = round.to_be_bytes();
        let start = std::sync::Barrier::new(2);
        let open = &|scope: &'static str| {
            let scope = scope.parse().unwrap();
            let alice = alice();
            let link = SingleUse::new("mail link", &random, Duration::from_secs(600));
            let login = OpenSession::login(&alice).single_use(link).scope(scope);
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            start.wait();
            runtime.unwrap().block_on(async {
                let ticket = api.sessions.begin_login().await.unwrap();
                api.sessions.open(ticket, &login).await
            })
        };
        let pairs = std::thread::scope(|scope| {
            let both = ["read", "write"].map(|text| scope.spawn(move || open(text)));
            both.map(|thread| thread.join().unwrap())
        });
        let opened: Vec<_> = pairs.iter().filter_map(|pair| pair.as_ref().ok()).collect();
        assert_eq!(opened.len(), 1, "{round}");
        let row = api
            .sessions
            .store()
            .session(&alice(), &opened[0].session)
            .await;
        let grant = row.unwrap().unwrap().grant;
        assert_eq!(grant.scope, opened[0].scope.to_string());
    }
}

/// Stores forget a session that has ended as soon as its access tokens have
/// expired: it is not taken for one that came to nothing.
#[tokio::test]
async fn a_session_that_was_ended_and_forgotten_is_not_opened_again() {
    let api = Api::new(|builder| builder).await;
    let link = SingleUse::new("mail link", b"random", Duration::from_secs(7200));
    let alice = alice();
    let open = async || {
        let ticket = api.sessions.begin_login().await.unwrap();
        let login = OpenSession::login(&alice).single_use(link);
        api.sessions.open(ticket, &login).await
    };
    let first = open().await.unwrap();
    assert!(api.sessions.log_out(&alice, &first.session).await.unwrap());
    for _ in 0..20 {
        api.pass(60_000);
        let longest = Duration::from_secs(900);
        api.sessions.store().purge(longest).await.unwrap();
        let refused = open().await.unwrap_err();
        assert_eq!(refused.kind(), SessionErrorKind::AlreadyUsed);
    }
    let row = api
        .sessions
        .store()
        .session(&alice, &first.session)
        .await
        .unwrap();
    assert!(row.is_none());
}
