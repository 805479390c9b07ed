//! What was revoked though nobody heard the answer is never taken for good.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use portcullis::{
    issue::{AccessToken, TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{
        DynSessionStore, MemoryStore, OpenSession, RefreshRequest, Revocations, RotationRules,
        SessionErrorKind, SessionStore, Sessions, SessionsBuilder, SingleUse, TokenPair,
        refresh::RefreshKeys,
    },
    subject::Subject,
    verify::{Status, TokenStatus, Verified},
};
use portcullis_testing::{
    clock::FakeClock,
    faulty::{Fault, FaultyStore},
};

const SECOND: Duration = Duration::from_secs(1);

/// One process, which is the only one that writes unless said otherwise: nobody reads the
/// store again.
struct Api {
    clock: FakeClock,
    store: FaultyStore,
    keys: RefreshKeys,
    sessions: Sessions,
}

impl Api {
    async fn new() -> Self {
        Self::with(|revocations| revocations.sole_writer(), |builder| builder).await
    }

    /// Another process with the same store.
    fn other_node(&self, set: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Self {
        let store = FaultyStore::new(self.store.clone());
        let shared = DynSessionStore::new(store.clone());
        let longest = Duration::from_secs(900);
        let revocations = Revocations::new(shared, self.clock.shared(), longest);
        let builder = Sessions::builder(revocations, self.sessions.issuer().clone())
            .refresh_keys(self.keys.clone());
        Self {
            clock: self.clock.clone(),
            store,
            keys: self.keys.clone(),
            sessions: set(builder).build().unwrap(),
        }
    }

    async fn with(
        change: impl FnOnce(Revocations) -> Revocations,
        set: impl FnOnce(SessionsBuilder) -> SessionsBuilder,
    ) -> Self {
        let clock = FakeClock::new();
        let store = FaultyStore::new(MemoryStore::new(clock.shared()));
        let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
            .shape(TokenShape::session())
            .clock(clock.shared())
            .build()
            .unwrap();
        let longest = Duration::from_secs(900);
        let shared = DynSessionStore::new(store.clone());
        let revocations = change(Revocations::new(shared, clock.shared(), longest));
        revocations.sync().await.unwrap();
        let keys = RefreshKeys::generate().unwrap();
        let sessions = Sessions::builder(revocations, issuer)
            .refresh_keys(keys.clone())
            .rules(RotationRules::with_grace(Duration::ZERO));
        let sessions = set(sessions).build().unwrap();
        Self {
            clock,
            store,
            keys,
            sessions,
        }
    }

    /// A session, and its access token.
    async fn open(&self, subject: &Subject) -> (TokenPair, Verified) {
        let ticket = self.sessions.begin_login().await.unwrap();
        let request = OpenSession::login(subject);
        let pair = self.sessions.open(ticket, &request).await.unwrap();
        let token = self.verified(pair.access.token().expose());
        (pair, token)
    }

    /// An access token without a session.
    fn token(&self, subject: &Subject) -> Verified {
        let issued = self.sessions.issuer().access(&AccessToken::new(subject));
        self.verified(issued.unwrap().token().expose())
    }

    async fn application_token(&self, subject: &Subject) -> Verified {
        let ticket = self.sessions.begin_login().await.unwrap();
        let token = AccessToken::new(subject);
        let issued = self.sessions.application_token(ticket, &token).await;
        self.verified(issued.unwrap().token().expose())
    }

    fn verified(&self, token: &str) -> Verified {
        // The snapshot is asked by itself.
        let verifier = self.sessions.verifier().build().unwrap();
        match verifier.verify(token.as_bytes()) {
            portcullis::verify::Verification::Done(result) => result.unwrap(),
            portcullis::verify::Verification::Pending(pending) => {
                let result = poll_once(pending);
                result
                    .expect("the store in memory answers at once")
                    .unwrap()
            }
        }
    }

    fn status(&self, token: &Verified) -> Status {
        self.sessions.revocations().status(token)
    }

    async fn is_clear(&self, token: &Verified) -> bool {
        match self.status(token) {
            Status::Pending(answer) => matches!(answer.await, Status::Clear),
            status => matches!(status, Status::Clear),
        }
    }
}

fn alice() -> Subject {
    Subject::new("users", "alice")
}

fn bob() -> Subject {
    Subject::new("users", "bob")
}

/// Lets a call come as far as it does at once, and waits for it no longer.
fn poll_once<T>(call: impl Future<Output = T>) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(call).poll(&mut context) {
        std::task::Poll::Ready(answer) => Some(answer),
        std::task::Poll::Pending => None,
    }
}

/// How an answer can be missed: nobody waits for it any more, or it is lost.
const UNHEARD: [Fault; 2] = [Fault::Unanswered, Fault::AnswerLost];

impl Api {
    /// Makes a call whose answer is missed, after so many that are heard.
    fn unheard<T, E>(
        &self,
        (passing, fault): (u64, Fault),
        call: impl Future<Output = Result<T, E>>,
    ) {
        self.store.fail_after(passing, 1, fault);
        let answer = poll_once(call);
        assert_eq!(answer.is_none(), fault == Fault::Unanswered);
        assert!(answer.is_none_or(|answer| answer.is_err()));
    }

    /// Whether the store has to be asked about a token.
    fn is_asked_about(&self, token: &Verified) -> bool {
        matches!(self.status(token), Status::Pending(_))
    }

    fn is_known_to_be_revoked(&self, token: &Verified) -> bool {
        matches!(self.status(token), Status::Revoked)
    }
}

#[tokio::test]
async fn a_session_whose_log_out_was_not_heard_of_is_over() {
    for fault in UNHEARD {
        let api = Api::new().await;
        let ((pair, token), (_, other)) = (api.open(&alice()).await, api.open(&alice()).await);
        let (subject, session) = (alice(), &pair.session);
        api.unheard((1, fault), api.sessions.log_out(&subject, session));
        assert!(api.is_asked_about(&token), "{fault:?}");
        assert!(!api.is_clear(&token).await, "{fault:?}");
        // It is known then.
        assert!(api.is_known_to_be_revoked(&token), "{fault:?}");
        assert!(matches!(api.status(&other), Status::Clear), "{fault:?}");
    }
}

#[tokio::test]
async fn all_that_a_subject_has_is_in_doubt_until_its_log_out_is_heard_of() {
    for fault in UNHEARD {
        let api = Api::new().await;
        let tokens = [
            api.open(&alice()).await.1,
            api.token(&alice()),
            api.application_token(&alice()).await,
        ];
        let others = [api.open(&bob()).await.1, api.token(&bob())];
        for token in tokens.iter().chain(&others) {
            assert!(api.is_clear(token).await);
        }
        let subject = alice();
        api.unheard((0, fault), api.sessions.log_out_everywhere(&subject));
        for token in &tokens {
            assert!(!api.is_clear(token).await, "{fault:?} {token:?}");
        }
        for token in &others {
            assert!(matches!(api.status(token), Status::Clear), "{fault:?}");
        }
        // Logging out again finds nothing that is left, and heals nothing by itself.
        api.sessions.log_out_everywhere(&subject).await.unwrap();
        for token in &tokens {
            assert!(!api.is_clear(token).await, "{fault:?} {token:?}");
        }
        // Whoever logs in again is good.
        api.clock.advance(10 * SECOND);
        assert!(api.is_clear(&api.open(&alice()).await.1).await);
        assert!(api.is_clear(&api.token(&alice())).await);
    }
}

#[tokio::test]
async fn everybody_is_in_doubt_until_the_log_out_of_all_is_heard_of() {
    for fault in UNHEARD {
        let api = Api::new().await;
        let tokens = [
            api.open(&alice()).await.1,
            api.token(&bob()),
            api.application_token(&alice()).await,
        ];
        api.clock.advance(SECOND);
        api.unheard((0, fault), api.sessions.log_out_everybody("users"));
        for token in &tokens {
            assert!(!api.is_clear(token).await, "{fault:?} {token:?}");
        }
        api.clock.advance(10 * SECOND);
        assert!(api.is_clear(&api.open(&alice()).await.1).await);
        assert!(api.is_clear(&api.token(&alice())).await);
    }
}

#[tokio::test]
async fn single_tokens_are_in_doubt_by_their_names() {
    for fault in UNHEARD {
        let api = Api::new().await;
        let (subject, until) = (alice(), api.token(&alice()).expires_at().unwrap());
        let (revoked, other) = (api.token(&subject), api.token(&subject));
        let id = revoked.token_id().unwrap();
        let call = api.sessions.revoke_token(&subject, id, until);
        api.unheard((0, fault), call);
        assert!(!api.is_clear(&revoked).await, "{fault:?}");
        assert!(matches!(api.status(&other), Status::Clear), "{fault:?}");

        let listed = api.application_token(&subject).await;
        let id = listed.token_id().unwrap();
        assert!(matches!(api.status(&listed), Status::Clear), "{fault:?}");
        let call = api.sessions.remove_application_token(&subject, id);
        api.unheard((1, fault), call);
        assert!(!api.is_clear(&listed).await, "{fault:?}");
    }
}

/// A call may be on its way for a while after nobody waits for it.
#[tokio::test]
async fn what_came_to_nothing_is_asked_about_until_nothing_can_come_of_it() {
    let api = Api::new().await;
    let (pair, token) = api.open(&alice()).await;
    let subject = alice();
    api.store.fail_after(1, 1, Fault::Unreachable);
    let error = api.sessions.log_out(&subject, &pair.session).await;
    assert_eq!(error.unwrap_err().kind(), SessionErrorKind::Unavailable);
    for _ in 0..2 {
        assert!(api.is_asked_about(&token));
        assert!(api.is_clear(&token).await);
        api.clock.advance(29 * SECOND);
    }
    // While the store is down, nobody can say.
    api.store.fail_next(u64::MAX, Fault::Unreachable);
    match api.status(&token) {
        Status::Pending(answer) => assert!(matches!(answer.await, Status::Unknown)),
        status => panic!("{status:?}"),
    }
    api.store.fail_next(0, Fault::Unreachable);
    api.clock.advance(2 * SECOND);
    assert!(api.is_clear(&token).await);
    // That read what was revoked besides, which settles it.
    assert!(matches!(api.status(&token), Status::Clear));
}

#[tokio::test]
async fn a_call_on_its_way_is_in_doubt_and_one_that_is_answered_is_not() {
    let api = Api::new().await;
    let (pair, token) = api.open(&alice()).await;
    let subject = alice();
    api.store.fail_after(1, 1, Fault::Unanswered);
    let mut call = Box::pin(api.sessions.log_out(&subject, &pair.session));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    assert!(api.is_asked_about(&token));
    drop(call);
    assert!(!api.is_clear(&token).await);

    let (_, of_bob) = api.open(&bob()).await;
    api.sessions.log_out_everywhere(&bob()).await.unwrap();
    assert!(api.is_known_to_be_revoked(&of_bob));
    assert!(matches!(
        api.status(&api.open(&bob()).await.1),
        Status::Clear
    ));
}

/// Its use may have ended the session, as a theft does.
#[tokio::test]
async fn a_session_is_in_doubt_when_nobody_waits_for_its_refresh() {
    let api = Api::new().await;
    let (first, token) = api.open(&alice()).await;
    let presented = |pair: &TokenPair| {
        let text = pair.refresh.as_ref().unwrap().token().expose().to_owned();
        api.sessions.read(text.as_bytes()).unwrap()
    };
    let request = RefreshRequest::new();
    let old = presented(&first);
    let second = api.sessions.refresh(&old, &request).await.unwrap();
    assert!(matches!(api.status(&token), Status::Clear));
    // The old one again, which is a theft.
    api.unheard((0, Fault::Unanswered), api.sessions.refresh(&old, &request));
    assert!(api.is_asked_about(&token));
    assert!(!api.is_clear(&token).await);
    assert!(api.is_known_to_be_revoked(&token));
    let refused = api.sessions.refresh(&presented(&second), &request).await;
    assert!(matches!(
        refused.unwrap_err().kind(),
        SessionErrorKind::Refused(_)
    ));
}

/// A theft whose answer was lost is noticed with the next refresh.
#[tokio::test]
async fn a_refused_refresh_brings_its_session_in_doubt() {
    let api = Api::new().await;
    let (first, token) = api.open(&alice()).await;
    let text = first.refresh.as_ref().unwrap().token().expose().to_owned();
    let old = api.sessions.read(text.as_bytes()).unwrap();
    let request = RefreshRequest::new();
    api.sessions.refresh(&old, &request).await.unwrap();
    api.store.fail_next(2, Fault::AnswerLost);
    let error = api.sessions.refresh(&old, &request).await.unwrap_err();
    assert_eq!(error.kind(), SessionErrorKind::Unavailable);
    let error = api.sessions.refresh(&old, &request).await.unwrap_err();
    assert!(matches!(error.kind(), SessionErrorKind::Refused(_)));
    assert!(!api.is_clear(&token).await);
    assert!(api.is_known_to_be_revoked(&token));
}

/// Of another node that has not heard of it yet.
#[tokio::test]
async fn a_log_out_everywhere_that_finds_nothing_left_holds_where_it_was_asked_for() {
    let api = Api::with(|revocations| revocations, |builder| builder).await;
    let tokens = [
        api.open(&alice()).await.1,
        api.token(&alice()),
        api.application_token(&alice()).await,
    ];
    let of_bob = api.token(&bob());
    for token in &tokens {
        assert!(api.is_clear(token).await);
    }
    // Elsewhere, where the answer was lost.
    api.store.revoke_all(&alice()).await.unwrap();
    assert!(api.is_clear(&tokens[0]).await);
    let revoked = api.sessions.log_out_everywhere(&alice()).await.unwrap();
    assert_eq!(revoked.sessions, []);
    for token in &tokens {
        assert!(!api.is_clear(token).await, "{token:?}");
    }
    assert!(matches!(api.status(&of_bob), Status::Clear));
    let (_, again) = api.open(&alice()).await;
    assert!(api.is_clear(&again).await);
    api.clock.advance(61 * SECOND);
    api.sessions.revocations().sync().await.unwrap();
    assert!(matches!(api.status(&again), Status::Clear));
}

/// Such as the oldest, for which a new login makes room.
#[tokio::test]
async fn a_subject_is_in_doubt_when_its_login_was_not_heard_of() {
    for fault in UNHEARD {
        let api = Api::with(Revocations::sole_writer, |it| it.session_limit(1)).await;
        let (_, token) = api.open(&alice()).await;
        let (_, of_bob) = api.open(&bob()).await;
        let subject = alice();
        let ticket = api.sessions.begin_login().await.unwrap();
        let login = OpenSession::login(&subject);
        api.unheard((0, fault), api.sessions.open(ticket, &login));
        assert!(!api.is_clear(&token).await, "{fault:?}");
        assert!(matches!(api.status(&of_bob), Status::Clear), "{fault:?}");
        // One that is heard of says itself who had to go.
        let (_, next) = api.open(&bob()).await;
        assert!(api.is_known_to_be_revoked(&of_bob));
        assert!(matches!(api.status(&next), Status::Clear), "{fault:?}");
    }
}

/// The second use of a credential finds the session, and nobody who makes room.
#[tokio::test]
async fn a_login_that_is_asked_for_again_leaves_its_subject_in_doubt() {
    let set = |it: SessionsBuilder| it.session_limit(1).rules(RotationRules::default());
    let api = Api::with(|revocations| revocations, set).await;
    let (_, token) = api.open(&alice()).await;
    let subject = alice();
    let link = SingleUse::new("mail link", b"random", 600 * SECOND);
    let login = OpenSession::login(&subject).single_use(link);
    let other = api.other_node(set);
    let ticket = other.sessions.begin_login().await.unwrap();
    other.unheard((1, Fault::AnswerLost), other.sessions.open(ticket, &login));
    assert!(api.is_clear(&token).await);
    api.sessions.open(ticket, &login).await.unwrap();
    assert!(!api.is_clear(&token).await);
}

#[tokio::test]
async fn an_application_token_that_was_removed_elsewhere_is_over_where_it_is_logged_out() {
    let api = Api::with(|revocations| revocations, |builder| builder).await;
    let token = api.application_token(&alice()).await;
    assert!(matches!(api.status(&token), Status::Clear));
    let id = token.token_id().unwrap();
    let removed = api.store.remove_application_token(&alice(), id).await;
    assert!(removed.unwrap());
    assert!(matches!(api.status(&token), Status::Clear));
    let changed = api.sessions.revocations().changed(&token).unwrap();
    // Another subject's token is left alone.
    let listed = api.application_token(&bob()).await;
    let of_bob = listed.token_id().unwrap();
    for (subject, id) in [(alice(), id), (alice(), of_bob)] {
        let removed = api.sessions.remove_application_token(&subject, id).await;
        assert!(!removed.unwrap());
    }
    changed.await;
    assert!(!api.is_clear(&token).await);
    assert!(matches!(api.status(&listed), Status::Clear));
}

/// Where nobody asks about what is in doubt, whoever does something else settles it.
#[tokio::test]
async fn a_sole_writer_settles_its_doubts_by_itself() {
    let api = Api::new().await;
    let ((pair, token), (other, _)) = (api.open(&alice()).await, api.open(&alice()).await);
    let subject = alice();
    let come_to_nothing = async || {
        api.store.fail_after(1, 1, Fault::Unreachable);
        let call = api.sessions.log_out(&subject, &pair.session);
        assert!(call.await.is_err());
        assert!(api.is_asked_about(&token));
        api.clock.advance(61 * SECOND);
        assert!(api.is_asked_about(&token));
    };
    come_to_nothing().await;
    let text = other.refresh.as_ref().unwrap().token().expose().to_owned();
    let presented = api.sessions.read(text.as_bytes()).unwrap();
    let request = RefreshRequest::new();
    api.sessions.refresh(&presented, &request).await.unwrap();
    assert!(matches!(api.status(&token), Status::Clear));
    come_to_nothing().await;
    api.sessions.log_out_everywhere(&bob()).await.unwrap();
    assert!(matches!(api.status(&token), Status::Clear));
}

/// While the store is down, not every request reads it.
#[tokio::test]
async fn what_could_not_be_settled_is_not_tried_again_at_once() {
    let api = Api::new().await;
    let (pair, token) = api.open(&alice()).await;
    let subject = alice();
    api.store.fail_after(1, 1, Fault::Unreachable);
    let call = api.sessions.log_out(&subject, &pair.session);
    assert!(call.await.is_err());
    api.clock.advance(61 * SECOND);
    api.store.fail_next(u64::MAX, Fault::Unreachable);
    let calls = async || {
        let before = api.store.calls();
        assert!(!api.is_clear(&token).await);
        api.store.calls() - before
    };
    assert_eq!([calls().await, calls().await, calls().await], [2, 1, 1]);
    api.clock.advance(SECOND);
    assert_eq!(calls().await, 2);
    api.store.fail_next(0, Fault::Unreachable);
    api.clock.advance(SECOND);
    assert!(api.is_clear(&token).await);
    assert!(matches!(api.status(&token), Status::Clear));
}
