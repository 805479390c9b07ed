//! What is left in doubt, and for how long.

use super::*;
use crate::session::revocations::progress::Read;

impl Node {
    fn refused(&self, session: &SessionId) {
        self.revocations.has_been_refused(&alice(), session);
    }

    fn doubts(&self) -> usize {
        self.revocations.shared.doubts.len()
    }
}

#[tokio::test]
async fn of_many_doubts_those_that_are_settled_go() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let sessions: Vec<_> = (0..3_000).map(|_| SessionId::random().unwrap()).collect();
    let (early, late) = sessions.split_at(2_000);
    early.iter().for_each(|session| node.refused(session));
    node.pass(30_000);
    late.iter().for_each(|session| node.refused(session));
    assert_eq!(node.doubts(), 3_000);
    let is_in_doubt = |session: &SessionId| {
        let shared = &node.revocations.shared;
        let name = || Some(shared.names.session(session.as_str()));
        shared.doubts.contain(Kind::Session, name)
    };
    // Known to be over by then.
    let (known, unknown) = late.split_at(10);
    let known = known.iter().map(|id| Revocation::Session {
        id: id.clone(),
        subject: alice(),
        at: node.clock.now(),
        reason: RevocationReason::Logout,
    });
    node.revocations.apply_all(known);
    assert_eq!(node.doubts(), 2_990);
    node.pass(30_001);
    node.revocations.sync().await.unwrap();
    assert_eq!(node.doubts(), 990);
    assert!(!early.iter().any(is_in_doubt));
    assert!(unknown.iter().all(is_in_doubt));
    node.pass(30_000);
    node.revocations.sync().await.unwrap();
    assert_eq!(node.doubts(), 0);
    assert!(!node.revocations.shared.doubts.any());
}

/// Everybody comes with a refresh token of before, and none of the sessions has a name of
/// its own.
#[tokio::test]
async fn who_is_refused_after_a_log_out_of_everybody_leaves_no_doubt() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let session = node.open(&alice()).await;
    node.store.revoke_realm("users").await.unwrap();
    node.revocations.sync().await.unwrap();
    node.refused(&session);
    assert_eq!(node.doubts(), 0);
    assert_status!(node.check(&alice(), &session), Revoked);
    // Whenever it was that the token was issued.
    node.pass(300_000);
    node.revocations.sync().await.unwrap();
    assert_status!(node.check(&alice(), &session), Revoked);
    let other = node.open(&alice()).await;
    assert_status!(node.check(&alice(), &other), Clear);
}

/// About what has a hint the store is asked anyway.
#[tokio::test]
async fn what_has_a_hint_is_not_left_in_doubt() {
    let mut node = Node::new();
    node.revocations = node.revocations.clone().with_limit(0);
    node.revocations.sync().await.unwrap();
    let session = node.open(&alice()).await;
    node.log_out(&alice(), &session).await;
    node.refused(&session);
    assert_eq!(node.doubts(), 0);
    assert_status!(asked(node.check(&alice(), &session)).await, Revoked);
}

/// One whose page was held up on its way.
#[tokio::test]
async fn a_reading_that_was_overtaken_turns_nothing_back() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let progress = &node.revocations.shared.progress;
    let early = node.clock.now();
    let slow: Read = progress.read(early, early);
    node.pass(20_000);
    node.revocations.sync().await.unwrap();
    node.revocations.has_read(slow);
    let read = progress.complete().unwrap();
    assert_eq!(read.now, node.clock.now());
    let session = node.open(&alice()).await;
    node.pass(15_000);
    assert_status!(node.check(&alice(), &session), Clear);
}
