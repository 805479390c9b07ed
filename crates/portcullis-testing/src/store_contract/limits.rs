//! Subjects with many sessions, and subjects that are forgotten.

use std::{num::NonZeroU32, time::Duration};

use portcullis::{
    session::{
        Created, Device, Grant, PurgeRules, RevocationReason, SessionCursor, SessionId,
        SessionRecord, SessionStore,
    },
    subject::Subject,
};

use super::bench::{Bench, alice, at_once, attempt, new_session};

const HOUR: Duration = Duration::from_secs(3600);

async fn open_limited(bench: &Bench, limit: u32) -> (SessionRecord, Vec<SessionId>) {
    let mut session = new_session(&alice());
    session.limit = NonZeroU32::new(limit);
    let ticket = bench.ticket().await;
    match bench.create(session, ticket).await {
        Created::Session { session, evicted } => (*session, evicted),
        refused => unreachable!("nobody logged out: {refused:?}"),
    }
}

/// Each once, in order, whatever the size of a page.
pub async fn sessions_are_listed_page_by_page(bench: &Bench) {
    let mut expected = Vec::new();
    for number in 0..7 {
        expected.push(bench.open().await);
        // Some begin in the same millisecond.
        if number % 3 == 0 {
            bench.pass(Duration::from_millis(1));
        }
    }
    expected.sort_by_key(SessionCursor::behind);
    let ended = expected.remove(3);
    let revoked = bench.store.revoke(&ended.subject, &ended.id).await;
    assert!(revoked.expect("revokes"));
    bench.open_for(&Subject::new("users", "bob")).await;
    for limit in [1, 2, 3, 6, 7, 100] {
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let alice = alice();
            let page = bench.store.session_page(&alice, after.as_ref(), limit);
            let page = page.await.expect("lists");
            assert!(page.sessions.len() <= limit as usize);
            listed.extend(page.sessions);
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(listed, expected, "{limit}");
    }
    let count = async |subject: &Subject| {
        let count = bench.store.session_count(subject).await;
        count.expect("counts")
    };
    assert_eq!(count(&alice()).await, 6);
    assert_eq!(count(&Subject::new("users", "carol")).await, 0);
    bench.clock.set(expected[0].idle_deadline);
    assert!(count(&alice()).await < 6, "what is over does not count");
}

/// Whoever knows its name cannot read or end it.
pub async fn a_session_is_its_subjects_own(bench: &Bench) {
    let session = bench.open().await;
    for other in [
        Subject::new("users", "bob"),
        Subject::new("apis", "alice"),
        Subject::new("", ""),
    ] {
        let row = bench.store.session(&other, &session.id).await;
        assert_eq!(row.expect("reads"), None);
        let revoked = bench.store.revoke(&other, &session.id).await;
        assert!(!revoked.expect("revokes"));
    }
    assert_eq!(bench.row(&session).await, session);
}

/// The one that was refreshed longest ago, and no more than must go.
pub async fn a_login_too_many_ends_the_longest_idle(bench: &Bench) {
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let (session, evicted) = open_limited(bench, 3).await;
        assert_eq!(evicted, []);
        sessions.push(session);
        bench.pass(HOUR);
    }
    // The oldest is in use.
    bench.advance(&sessions[0], 0).await;
    bench.pass(HOUR);
    let at = bench.now();
    let (fourth, evicted) = open_limited(bench, 3).await;
    assert_eq!(evicted, [sessions[1].id.clone()]);
    let row = bench.row(&sessions[1]).await;
    let revoked = row.revoked.expect("it has ended");
    assert_eq!((revoked.at, revoked.by), (at, None));
    assert_eq!(revoked.reason, RevocationReason::Evicted);
    let told = bench.store.revocations(at).await.expect("tells");
    assert_eq!(told.len(), 1, "{told:?}");
    let refused = bench.rotate(&attempt(&sessions[1], 0)).await;
    assert_eq!(refused.successor(), None);
    // A lower limit than before.
    bench.pass(HOUR);
    let (fifth, evicted) = open_limited(bench, 1).await;
    let expected = [&sessions[2], &sessions[0], &fourth].map(|row| row.id.clone());
    assert_eq!(evicted.len(), 3);
    assert!(expected.iter().all(|id| evicted.contains(id)));
    assert_eq!(bench.live(&alice()).await, [fifth]);
    // None at all.
    for _ in 0..3 {
        bench.open().await;
    }
    assert_eq!(bench.live(&alice()).await.len(), 4);
}

/// What has ended or expired is not in the way, and makes no room.
pub async fn only_live_sessions_count(bench: &Bench) {
    let (first, _) = open_limited(bench, 2).await;
    let (second, _) = open_limited(bench, 2).await;
    let revoked = bench.store.revoke(&alice(), &first.id).await;
    assert!(revoked.expect("revokes"));
    let (third, evicted) = open_limited(bench, 2).await;
    assert_eq!(evicted, []);
    bench.clock.set(second.idle_deadline);
    let (_, evicted) = open_limited(bench, 2).await;
    assert_eq!(evicted, [], "both have expired");
    assert_eq!(bench.row(&third).await.revoked, None);
    // Another's do not count.
    let bob = bench.open_for(&Subject::new("users", "bob")).await;
    open_limited(bench, 1).await;
    assert_eq!(bench.row(&bob).await.revoked, None);
}

/// The same login asked again ends nobody else.
pub async fn a_login_that_is_made_again_evicts_nobody(bench: &Bench) {
    let mut session = new_session(&alice());
    session.limit = NonZeroU32::new(1);
    let ticket = bench.ticket().await;
    for _ in 0..3 {
        let created = bench.create(session.clone(), ticket).await;
        let Created::Session {
            session: row,
            evicted,
        } = created
        else {
            unreachable!("nobody logged out")
        };
        assert_eq!((row.revoked, evicted), (None, Vec::new()));
    }
}

/// At most as many too many as there are logins at once, and the next one mends it.
pub async fn a_limit_holds_among_many_at_once(bench: &Bench) {
    const LIMIT: u32 = 4;
    const MANY: usize = 16;
    let logins = (0..MANY).map(|_| {
        let bench = bench.clone();
        async move { open_limited(&bench, LIMIT).await }
    });
    at_once(logins).await;
    let live = bench.live(&alice()).await.len();
    assert!((LIMIT as usize..=MANY).contains(&live), "{live}");
    open_limited(bench, LIMIT).await;
    assert_eq!(bench.live(&alice()).await.len(), LIMIT as usize);
}

/// Everywhere logged out, and nothing personal left but the name.
pub async fn a_subject_is_forgotten(bench: &Bench) {
    let ended = bench.open().await;
    let revoked = bench.store.revoke(&alice(), &ended.id).await;
    assert!(revoked.expect("revokes"));
    let live = bench.open().await;
    let bob = bench.open_for(&Subject::new("users", "bob")).await;
    let ticket = bench.ticket().await;
    bench.list_token("app", ticket).await;
    let forgotten = bench.store.erase(&alice()).await.expect("forgets");
    assert_eq!(forgotten.sessions, std::slice::from_ref(&live.id));
    assert_eq!(forgotten.application_tokens, ["app"]);
    for session in [&ended, &live] {
        let row = bench.row(session).await;
        assert_eq!(row.device, Device::default());
        assert_eq!(row.grant, Grant::default());
        assert!(row.revoked.is_some());
        let refused = bench.rotate(&attempt(session, 0)).await;
        assert_eq!(refused.successor(), None);
    }
    assert_eq!(bench.live(&alice()).await, []);
    assert_eq!(bench.row(&bob).await, bob);
    let overtaken = bench.create(new_session(&alice()), ticket).await;
    assert_eq!(overtaken, Created::LoggedOutMeanwhile);
}

/// Addresses and user agents go when they have not been used for as long as is asked;
/// what counts stays.
pub async fn devices_are_forgotten(bench: &Bench) {
    let old = bench.open().await;
    bench.pass(2 * HOUR);
    let young = bench.open().await;
    let mut rules = PurgeRules::new(HOUR);
    rules.devices = Some(HOUR);
    while bench.store.purge_batch(&rules).await.expect("purges") >= u64::from(rules.limit) {}
    let row = bench.row(&old).await;
    assert_eq!(row.device, Device::default());
    let expected = SessionRecord {
        device: Device::default(),
        ..old.clone()
    };
    assert_eq!(row, expected);
    assert_eq!(bench.row(&young).await, young);
    bench.advance(&old, 0).await;
    assert_eq!(bench.row(&old).await.device, young.device);
}
