//! Logging out, here and everywhere.

use std::time::Duration;

use portcullis::{
    session::{
        Created, RefusalReason, Revocation, RevocationReason, RotationOutcome, SessionId,
        SessionStore, TokenAdded,
    },
    subject::Subject,
};

use super::bench::{Bench, alice, attempt, new_session};

/// Ending a session twice is no error, and the first time counts.
pub async fn ending_a_session_can_be_repeated(bench: &Bench) {
    let (session, other) = (bench.open().await, bench.open().await);
    assert!(
        bench
            .store
            .revoke(&session.subject, &session.id)
            .await
            .expect("revokes")
    );
    let row = bench.row(&session).await;
    let revoked = row.revoked.expect("revoked");
    assert_eq!(revoked.reason, RevocationReason::Logout);
    assert_eq!(revoked.at, bench.now());
    bench.pass(Duration::from_secs(1));
    assert!(
        !bench
            .store
            .revoke(&session.subject, &session.id)
            .await
            .expect("revokes")
    );
    assert_eq!(bench.row(&session).await, row);
    let unknown = SessionId::random().expect("randomness");
    assert!(
        !bench
            .store
            .revoke(&alice(), &unknown)
            .await
            .expect("revokes")
    );
    let outcome = bench.rotate(&attempt(&session, 0)).await;
    assert_eq!(outcome, RotationOutcome::Refused(RefusalReason::Revoked));
    assert_eq!(bench.live(&alice()).await, [other]);
}

/// Sessions and application tokens, but nobody else's.
pub async fn logging_out_everywhere_ends_everything_of_one_subject(bench: &Bench) {
    let namesake = Subject::new("apis", "alice");
    let (one, two) = (bench.open().await, bench.open().await);
    let ended = bench.open().await;
    let others = bench.open_for(&namesake).await;
    bench
        .store
        .revoke(&ended.subject, &ended.id)
        .await
        .expect("revokes");
    let ticket = bench.ticket().await;
    bench.list_token("app", ticket).await;
    let revoked = bench.store.revoke_all(&alice()).await.expect("revokes");
    let mut sessions = revoked.sessions;
    sessions.sort();
    let mut expected = vec![one.id.clone(), two.id];
    expected.sort();
    assert_eq!(sessions, expected);
    assert_eq!(revoked.application_tokens, ["app"]);
    assert_eq!(bench.live(&alice()).await, []);
    assert_eq!(bench.live(&namesake).await, [others]);
    let reason = bench.row(&one).await.revoked.expect("revoked").reason;
    assert_eq!(reason, RevocationReason::LogoutEverywhere);
    let reason = bench.row(&ended).await.revoked.expect("revoked").reason;
    assert_eq!(reason, RevocationReason::Logout);
    let live = bench.store.application_token_is_live(&alice(), "app").await;
    assert!(!live.expect("asks"));
    let again = bench.store.revoke_all(&alice()).await.expect("revokes");
    assert_eq!(again, portcullis::session::RevokedAll::default());
}

/// Its last access token may be good for longer than its refresh token was.
pub async fn a_session_past_its_deadline_can_be_ended(bench: &Bench) {
    let (one, everywhere) = (bench.open().await, bench.open().await);
    bench.clock.set(one.idle_deadline);
    let at = bench.now();
    assert_eq!(bench.live(&alice()).await, []);
    assert!(
        bench
            .store
            .revoke(&one.subject, &one.id)
            .await
            .expect("revokes")
    );
    let revoked = bench.store.revoke_all(&alice()).await.expect("revokes");
    assert_eq!(revoked.sessions, std::slice::from_ref(&everywhere.id));
    let told = bench.store.revocations(at).await.expect("tells");
    for id in [one.id, everywhere.id] {
        let of =
            |known: &Revocation| matches!(known, Revocation::Session { id: own, .. } if *own == id);
        assert!(told.iter().any(of), "{id:?} was not told");
    }
}

/// A ticket orders a login and a log-out everywhere of its subject only.
pub async fn a_ticket_from_before_a_log_out_is_worthless(bench: &Bench) {
    let bob = Subject::new("users", "bob");
    let before = bench.ticket().await;
    bench.store.revoke_all(&alice()).await.expect("revokes");
    let created = bench.create(new_session(&alice()), before).await;
    assert_eq!(created, Created::LoggedOutMeanwhile);
    let added = bench.list_token("app", before).await;
    assert_eq!(added, TokenAdded::LoggedOutMeanwhile);
    let created = bench.create(new_session(&bob), before).await;
    assert!(matches!(created, Created::Session { .. }));
    let after = bench.ticket().await;
    let created = bench.create(new_session(&alice()), after).await;
    assert!(matches!(created, Created::Session { .. }));
    assert_eq!(bench.list_token("app", after).await, TokenAdded::Added);
}

/// A log-out that was purged still refuses the logins that it overtook.
pub async fn the_order_outlives_a_purge(bench: &Bench) {
    let before = bench.ticket().await;
    bench.store.revoke_all(&alice()).await.expect("revokes");
    bench.pass(Duration::from_secs(7200));
    let gone = bench.store.purge(Duration::from_secs(3600)).await;
    assert!(gone.expect("purges") <= 1, "only the log-out is over");
    let created = bench.create(new_session(&alice()), before).await;
    assert_eq!(created, Created::LoggedOutMeanwhile);
    bench.open().await;
}
