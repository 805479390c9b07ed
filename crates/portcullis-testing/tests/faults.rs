//! A fault of the store is a fault, never a revocation.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use portcullis::{
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{
        DynSessionStore, MemoryStore, OpenSession, RefreshRequest, Revocations, RotationMode,
        RotationOutcome, RotationRules, SessionError, SessionErrorKind, SessionStore, Sessions,
        SessionsBuilder, TokenPair, refresh::RefreshKeys,
    },
    subject::Subject,
    verify::{Status, TokenStatus},
};
use portcullis_testing::{
    clock::FakeClock,
    faulty::{Fault, FaultyStore},
};

struct Api {
    clock: FakeClock,
    store: FaultyStore,
    sessions: Sessions,
}

impl Api {
    fn new(grace: Duration) -> Self {
        Self::with(|sessions| sessions.rules(RotationRules::with_grace(grace)))
    }

    fn with(settings: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Self {
        let clock = FakeClock::new();
        let store = FaultyStore::new(MemoryStore::new(clock.shared()));
        let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
            .shape(TokenShape::password_grant())
            .clock(clock.shared())
            .build()
            .unwrap();
        let revocations = Revocations::new(
            DynSessionStore::new(store.clone()),
            clock.shared(),
            Duration::from_secs(900),
        );
        let sessions =
            Sessions::builder(revocations, issuer).refresh_keys(RefreshKeys::generate().unwrap());
        let sessions = settings(sessions).build().unwrap();
        Self {
            clock,
            store,
            sessions,
        }
    }

    async fn open(&self) -> TokenPair {
        let ticket = self.sessions.begin_login().await.unwrap();
        let alice = Subject::new("users", "alice");
        let request = OpenSession::login(&alice);
        self.sessions.open(ticket, &request).await.unwrap()
    }

    async fn refresh(&self, pair: &TokenPair) -> Result<TokenPair, SessionError> {
        let presented = self.sessions.read(token(pair).as_bytes())?;
        let request = RefreshRequest::new();
        self.sessions.refresh(&presented, &request).await
    }
}

fn token(pair: &TokenPair) -> &str {
    pair.refresh.as_ref().unwrap().token().expose()
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_even_without_a_window() {
    let api = Api::new(Duration::ZERO);
    let mut pair = api.open().await;
    for fault in [Fault::AnswerLost, Fault::Unreachable, Fault::AnswerLost] {
        api.store.fail_next(1, fault);
        let calls = api.store.calls();
        pair = api.refresh(&pair).await.unwrap();
        assert_eq!(api.store.calls() - calls, 2);
    }
    assert!(api.refresh(&pair).await.is_ok());
}

#[tokio::test]
async fn a_store_that_fails_slowly_is_not_asked_again() {
    for (grace, delay, calls) in [(10, 3, 2), (10, 4, 1), (0, 1, 2), (0, 2, 1)] {
        let api = Api::new(Duration::from_secs(grace));
        let pair = api.open().await;
        api.store.fail_next(u64::MAX, Fault::Unreachable);
        api.store
            .fail_slowly(&api.clock, Duration::from_secs(delay));
        let before = api.store.calls();
        let error = api.refresh(&pair).await.unwrap_err();
        assert_eq!(error.kind(), SessionErrorKind::Unavailable);
        assert_eq!(api.store.calls() - before, calls, "{grace} {delay}");
    }
}

#[tokio::test]
async fn a_crash_between_commit_and_answer_loses_no_session_within_the_window() {
    let api = Api::new(Duration::from_secs(10));
    let pair = api.open().await;
    api.store.fail_next(2, Fault::AnswerLost);
    let error = api.refresh(&pair).await.unwrap_err();
    assert_eq!(error.kind(), SessionErrorKind::Unavailable);
    api.clock.advance(api.sessions.retry_after());
    let next = api.refresh(&pair).await.unwrap();
    let again = api.refresh(&pair).await.unwrap();
    assert_eq!(token(&next), token(&again));
    assert!(api.refresh(&next).await.is_ok());
}

/// A proxy held the refresh up; the client tried again, and later the first one
/// arrives after all.
#[tokio::test]
async fn a_refresh_that_arrives_after_its_deadline_ends_no_session() {
    for grace in [1, 10] {
        let grace = Duration::from_secs(grace);
        for held in [grace, grace * 3] {
            let api = Api::new(grace);
            let pair = api.open().await;
            api.store.fail_next(2, Fault::HeldUp);
            let error = api.refresh(&pair).await.unwrap_err();
            assert_eq!(error.kind(), SessionErrorKind::Unavailable);
            let next = api.refresh(&pair).await.unwrap();
            api.clock.advance(held);
            let arrived = api.store.release().await.unwrap();
            let by = held - grace;
            assert_eq!(arrived, vec![RotationOutcome::Overdue { by }; 2]);
            assert!(api.refresh(&next).await.is_ok(), "{held:?}");
        }
    }
}

/// Before that it is forgiven, as what it was: a token presented twice.
#[tokio::test]
async fn a_refresh_that_arrives_within_the_window_is_forgiven() {
    let api = Api::new(Duration::from_secs(10));
    let pair = api.open().await;
    api.store.fail_next(2, Fault::HeldUp);
    api.refresh(&pair).await.unwrap_err();
    api.clock.advance(Duration::from_secs(1));
    let next = api.refresh(&pair).await.unwrap();
    api.clock.advance(Duration::from_secs(8));
    for arrived in api.store.release().await.unwrap() {
        assert!(
            matches!(arrived, RotationOutcome::Replayed { .. }),
            "{arrived:?}"
        );
    }
    api.clock.advance(Duration::from_secs(1));
    let rested = api.refresh(&next).await.unwrap();
    assert_eq!(token(&rested), token(&next));
    api.clock.advance(Duration::from_secs(1));
    let exchanged = api.refresh(&next).await.unwrap();
    assert_ne!(token(&exchanged), token(&next));
}

/// A node that does not know the store's time well learns it from the answer.
#[tokio::test]
async fn a_deadline_reckoned_from_a_wrong_time_costs_one_more_call() {
    let api = Api::new(Duration::from_secs(10));
    let pair = api.open().await;
    api.store.fall_behind(Duration::from_secs(3600));
    let calls = api.store.calls();
    api.refresh(&pair).await.unwrap();
    assert_eq!(api.store.calls() - calls, 2);
}

/// Whoever asks again carries the same deadline on, however late that is.
#[tokio::test]
async fn the_second_ask_has_only_the_time_that_is_left() {
    let api = Api::new(Duration::from_secs(10));
    let pair = api.open().await;
    api.store.fail_next(2, Fault::HeldUp);
    api.store.fail_slowly(&api.clock, Duration::from_secs(3));
    api.refresh(&pair).await.unwrap_err();
    // Six seconds have passed already, three for each.
    api.clock.advance(Duration::from_millis(4_250));
    let by = Duration::from_millis(250);
    let arrived = api.store.release().await.unwrap();
    assert_eq!(arrived, vec![RotationOutcome::Overdue { by }; 2]);
}

#[tokio::test]
async fn an_unreachable_store_leaves_the_token_good_however_long() {
    let api = Api::new(Duration::ZERO);
    let pair = api.open().await;
    api.store.fail_next(u64::MAX, Fault::Unreachable);
    for _ in 0..3 {
        api.clock.advance(Duration::from_secs(3600));
        let error = api.refresh(&pair).await.unwrap_err();
        assert_eq!(error.kind(), SessionErrorKind::Unavailable);
        assert!(std::error::Error::source(&error).is_some());
    }
    assert!(api.sessions.begin_login().await.is_err());
    api.store.fail_next(0, Fault::Unreachable);
    assert!(api.refresh(&pair).await.is_ok());
}

#[tokio::test]
async fn claims_that_cannot_be_issued_do_not_use_the_token_up() {
    let api = Api::new(Duration::ZERO);
    let pair = api.open().await;
    let presented = api.sessions.read(token(&pair).as_bytes()).unwrap();
    let claims = serde_json::Map::from_iter([("exp".to_owned(), 1.into())]);
    let request = RefreshRequest::new().claims(&claims);
    let error = api
        .sessions
        .refresh(&presented, &request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), SessionErrorKind::Issue);
    assert!(api.refresh(&pair).await.is_ok());
}

#[test]
fn a_client_that_obeys_retry_after_is_in_time() {
    for (grace, expected) in [(10, 3), (30, 10), (3, 1), (0, 1), (3600, 30)] {
        let api = Api::new(Duration::from_secs(grace));
        assert_eq!(api.sessions.retry_after(), Duration::from_secs(expected));
    }
}

/// What it has to tell is heard, but the snapshot is as old as the last proof.
#[tokio::test]
async fn what_is_read_without_a_proof_makes_the_snapshot_no_younger() {
    let api = Api::new(Duration::from_secs(10));
    let revocations = api.sessions.revocations();
    let verifier = api.sessions.issuer().verifier().build().unwrap();
    let (gone, stays) = (api.open().await, api.open().await);
    let verified = |pair: &TokenPair| {
        let token = pair.access.token().expose().as_bytes();
        verifier.verify_now(token).unwrap()
    };
    let [of_gone, of_stays] = [verified(&gone), verified(&stays)];
    revocations.sync().await.unwrap();
    api.clock.advance(Duration::from_secs(20));
    // On another node.
    let alice = Subject::new("users", "alice");
    assert!(api.store.revoke(&alice, &gone.session).await.unwrap());
    api.store.fail_next(1, Fault::Unreachable);
    revocations.sync().await.unwrap_err();
    assert!(matches!(revocations.status(&of_gone), Status::Revoked));
    assert!(matches!(revocations.status(&of_stays), Status::Clear));
    api.clock.advance(Duration::from_secs(11));
    assert!(matches!(revocations.status(&of_stays), Status::Unknown));
    revocations.sync().await.unwrap();
    assert!(matches!(revocations.status(&of_stays), Status::Clear));
}

/// A server that was demoted answers whoever only reads.
#[tokio::test]
async fn a_token_that_is_kept_is_good_while_the_snapshot_is_young() {
    let api = Api::with(|sessions| sessions.mode(RotationMode::Keep));
    let pair = api.open().await;
    let error = api.refresh(&pair).await.unwrap_err();
    assert_eq!(error.kind(), SessionErrorKind::Unavailable);
    api.sessions.revocations().sync().await.unwrap();
    assert!(api.refresh(&pair).await.is_ok());
    api.clock.advance(Duration::from_secs(31));
    let error = api.refresh(&pair).await.unwrap_err();
    assert_eq!(error.kind(), SessionErrorKind::Unavailable);
    api.sessions.revocations().sync().await.unwrap();
    assert!(api.refresh(&pair).await.is_ok());
}
