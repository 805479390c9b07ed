//! Thefts that others have found are told once.

use std::{fmt, sync::Mutex};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::{DefaultGuard, set_default},
};

use super::*;

/// The sessions whose theft was told on this thread.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn listen(&self) -> DefaultGuard {
        set_default(self.clone())
    }

    fn sessions(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Subscriber for Told {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.event == "refresh_reuse_heard" {
            self.0.lock().unwrap().push(fields.session);
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields {
    event: String,
    session: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "event" => self.event = value.to_owned(),
            "session.id" => self.session = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl Node {
    /// Hears of a session as from another node.
    fn hear(&self, id: &SessionId, reason: RevocationReason) {
        self.revocations.apply(Revocation::Session {
            id: id.clone(),
            subject: alice(),
            at: self.clock.now(),
            reason,
        });
    }
}

#[tokio::test]
async fn a_theft_that_is_heard_of_is_told_after_the_next_reading() {
    let (node, told) = (Node::new(), Told::default());
    let _listening = told.listen();
    let session = SessionId::random().unwrap();
    node.revocations.sync().await.unwrap();
    node.hear(&session, RevocationReason::Reuse);
    node.hear(&SessionId::random().unwrap(), RevocationReason::Logout);
    // A request here that found it may not have been answered yet.
    node.revocations.sync().await.unwrap();
    assert!(told.sessions().is_empty());
    node.revocations.sync().await.unwrap();
    assert_eq!(told.sessions(), [session.as_str()]);
    node.hear(&session, RevocationReason::Reuse);
    for _ in 0..3 {
        node.revocations.sync_thoroughly().await.unwrap();
    }
    assert_eq!(told.sessions().len(), 1);
}

#[tokio::test]
async fn a_theft_that_was_found_here_is_told_by_its_request() {
    let (node, told) = (Node::new(), Told::default());
    let _listening = told.listen();
    let [first, second] = [(); 2].map(|()| SessionId::random().unwrap());
    let now = node.clock.now();
    // Whether the feed or the answer is first.
    node.hear(&first, RevocationReason::Reuse);
    node.revocations.apply_theft(&alice(), &first, now);
    node.revocations.apply_theft(&alice(), &second, now);
    node.hear(&second, RevocationReason::Reuse);
    for _ in 0..3 {
        node.revocations.sync().await.unwrap();
    }
    assert!(told.sessions().is_empty());
}

#[tokio::test]
async fn thefts_have_room_for_as_many_again_as_the_limit() {
    let mut node = Node::new();
    node.revocations = node.revocations.clone().with_limit(10);
    node.revocations.sync().await.unwrap();
    let thefts: Vec<_> = (0..100).map(|_| SessionId::random().unwrap()).collect();
    for session in &thefts {
        node.hear(session, RevocationReason::Reuse);
    }
    assert_eq!(node.revocations.shared.state.count(Kind::Session), 20);
    let is_clear = |session| matches!(node.check(&alice(), session), Status::Clear);
    assert!(!thefts.iter().any(is_clear));
}

#[tokio::test]
async fn beyond_the_limit_thefts_are_still_told_once() {
    let (mut node, told) = (Node::new(), Told::default());
    node.revocations = node.revocations.clone().with_limit(2);
    let _listening = told.listen();
    let session = SessionId::random().unwrap();
    for _ in 0..5 {
        node.hear(&SessionId::random().unwrap(), RevocationReason::Logout);
    }
    for _ in 0..4 {
        node.hear(&session, RevocationReason::Reuse);
        node.revocations.sync().await.unwrap();
    }
    assert_eq!(told.sessions(), [session.as_str()]);
}
