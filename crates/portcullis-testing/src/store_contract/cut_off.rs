//! Logging everybody of a realm out.

use std::{slice, time::Duration};

use portcullis::{
    session::{
        Created, RefusalReason, Revocation, RevocationReason, Revoked, RevokedAll, RotationOutcome,
        SecretDigest, SessionRecord, SessionStore, TokenAdded,
    },
    subject::Subject,
    time::Timestamp,
};

use super::bench::{Bench, alice, at_once, attempt, new_session};

const ROUNDS: usize = 12;

fn bob() -> Subject {
    Subject::new("users", "bob")
}

/// The same name in another realm.
fn namesake() -> Subject {
    Subject::new("apis", "alice")
}

async fn cut_off(bench: &Bench, realm: &str) -> Timestamp {
    let at = bench.store.revoke_realm(realm).await;
    at.expect("the store logs everybody out")
}

async fn assert_refused(bench: &Bench, session: &SessionRecord, generation: u64) {
    let outcome = bench.rotate(&attempt(session, generation)).await;
    assert_eq!(outcome, RotationOutcome::Refused(RefusalReason::Revoked));
}

/// All sessions of the realm, and nothing of another one.
pub async fn everybody_of_a_realm_is_logged_out(bench: &Bench) {
    let (one, two) = (bench.open().await, bench.open_for(&bob()).await);
    let other = bench.open_for(&namesake()).await;
    bench.advance(&one, 0).await;
    let before = bench.row(&one).await;
    bench.pass(Duration::from_secs(60));
    let at = cut_off(bench, "users").await;
    assert_eq!(at, bench.now());
    let ended = SessionRecord {
        revoked: Some(Revoked {
            at,
            reason: RevocationReason::LogoutEverybody,
            by: None,
        }),
        ..before
    };
    assert_eq!(bench.row(&one).await, ended);
    bench.pass(Duration::from_secs(60));
    assert_refused(bench, &one, 1).await;
    assert_refused(bench, &one, 0).await;
    assert_refused(bench, &two, 0).await;
    // It says so to the holder of the secret only.
    let mut guess = attempt(&one, 1);
    guess.secret_digest = SecretDigest::of(b"a guess");
    let outcome = bench.rotate(&guess).await;
    let mismatch = RotationOutcome::Refused(RefusalReason::SecretMismatch);
    assert_eq!(outcome, mismatch);
    // Nothing of that changed the row.
    assert_eq!(bench.row(&one).await, ended);
    for subject in [alice(), bob()] {
        assert_eq!(bench.live(&subject).await, []);
    }
    assert_eq!(bench.live(&namesake()).await, slice::from_ref(&other));
    assert_eq!(bench.advance(&other, 0).await.generation, 1);
}

/// What has ended is not ended again.
pub async fn who_was_logged_out_with_everybody_is_out(bench: &Bench) {
    let (session, earlier) = (bench.open().await, bench.open().await);
    bench
        .store
        .revoke(&earlier.subject, &earlier.id)
        .await
        .expect("revokes");
    let logged_out = bench.row(&earlier).await;
    bench.pass(Duration::from_secs(1));
    cut_off(bench, "users").await;
    assert!(
        !bench
            .store
            .revoke(&session.subject, &session.id)
            .await
            .expect("revokes")
    );
    let nothing = RevokedAll::default();
    let revoked = bench.store.revoke_all(&alice()).await;
    assert_eq!(revoked.expect("revokes"), nothing);
    assert_eq!(bench.row(&earlier).await, logged_out);
    let reason = bench.row(&session).await.revoked.map(|it| it.reason);
    assert_eq!(reason, Some(RevocationReason::LogoutEverybody));
}

/// The order decides, not the clock: what comes after is good, in the same millisecond
/// and when the clock goes back; what came before is over even if the clock was ahead.
pub async fn a_login_after_it_is_good(bench: &Bench) {
    let before = bench.ticket().await;
    let at = cut_off(bench, "users").await;
    let session = bench.open().await;
    assert_eq!(bench.row(&session).await.revoked, None);
    assert_eq!(bench.live(&alice()).await, slice::from_ref(&session));
    let created = bench.create(new_session(&alice()), before).await;
    assert_eq!(created, Created::LoggedOutMeanwhile);
    let created = bench.create(new_session(&namesake()), before).await;
    assert!(matches!(created, Created::Session { .. }));

    // The clock goes back, and everybody is logged out once more.
    bench.clock.set(at.saturating_sub(Duration::from_secs(5)));
    let again = cut_off(bench, "users").await;
    assert!(again > at, "a cut-off is later than the one before");
    let told = bench.store.revocations(again).await.expect("tells");
    let realm = "users".to_owned();
    assert!(told.contains(&Revocation::Realm { realm, at: again }));
    assert_refused(bench, &session, 0).await;
    let later = bench.open().await;
    assert_eq!(bench.row(&later).await.revoked, None);
    assert_eq!(bench.advance(&later, 0).await.generation, 1);
}

/// Of a session that a cut-off has ended, asking again for its creation tells that.
pub async fn a_session_that_was_cut_off_is_not_made_again(bench: &Bench) {
    let ticket = bench.ticket().await;
    let session = new_session(&alice());
    let created = bench.create(session.clone(), ticket).await;
    assert!(matches!(created, Created::Session { .. }));
    cut_off(bench, "users").await;
    let again = bench.create(session.clone(), ticket).await;
    assert_eq!(again, Created::LoggedOutMeanwhile);
    let later = bench.create(session, bench.ticket().await).await;
    let ended = matches!(&later, Created::Session { session: row, .. } if row.revoked.is_some());
    assert!(ended, "{later:?}");
}

/// They are off the live list, make room on it, and stay off.
pub async fn application_tokens_end_with_everybody(bench: &Bench) {
    let store = &bench.store;
    let is_live = async |id: &str| {
        let live = store.application_token_is_live(&alice(), id).await;
        live.expect("the store says")
    };
    let before = bench.ticket().await;
    for number in 0..10 {
        let added = bench.list_token(&format!("token-{number}"), before).await;
        assert_eq!(added, TokenAdded::Added);
    }
    assert!(is_live("token-0").await);
    cut_off(bench, "users").await;
    assert!(!is_live("token-0").await);
    let tokens = store.application_tokens(&alice()).await;
    assert_eq!(tokens.expect("lists"), []);
    let removed = store.remove_application_token(&alice(), "token-0").await;
    assert!(!removed.expect("removes"));
    let late = bench.list_token("late", before).await;
    assert_eq!(late, TokenAdded::LoggedOutMeanwhile);
    let after = bench.ticket().await;
    let again = bench.list_token("token-0", after).await;
    assert_eq!(again, TokenAdded::LoggedOutMeanwhile);
    assert_eq!(bench.list_token("new", after).await, TokenAdded::Added);
    assert!(is_live("new").await);
    // One that was off already is not told again, and they are forgotten one day.
    bench.pass(Duration::from_secs(7200));
    let purged = store.purge(Duration::from_secs(3600)).await;
    purged.expect("purges");
    assert!(is_live("new").await && !is_live("token-0").await);
}

/// A snapshot is told of one point in time, whoever was logged out by it.
pub async fn a_cut_off_is_told_as_one(bench: &Bench) {
    let (_one, _two) = (bench.open().await, bench.open_for(&bob()).await);
    bench.list_token("token", bench.ticket().await).await;
    let realm = |realm: &str, at| Revocation::Realm {
        realm: realm.to_owned(),
        at,
    };
    let odd = "a|b:c {é} \"'\\";
    let first = cut_off(bench, "users").await;
    cut_off(bench, odd).await;
    let told = async |since| {
        let mut told = bench.store.revocations(since).await.expect("tells");
        told.sort_by_key(|told| format!("{told:?}"));
        // A store in several parts may tell of each.
        told.dedup();
        told
    };
    assert_eq!(
        told(first).await,
        [realm(odd, first), realm("users", first)]
    );
    bench.pass(Duration::from_secs(5));
    let second = cut_off(bench, "users").await;
    assert_eq!(told(second).await, [realm("users", second)]);
    bench.pass(Duration::from_millis(1));
    assert_eq!(told(bench.now()).await, []);
    // However often is purged, who was out stays out.
    let purged = bench.store.purge(Duration::ZERO).await;
    purged.expect("purges");
    assert_eq!(bench.live(&alice()).await, []);
}

/// Whatever the order, the session ends, and its successors with it.
pub async fn a_cut_off_that_races_refreshes_wins(bench: &Bench) {
    for _ in 0..ROUNDS {
        let sessions = [bench.open().await, bench.open_for(&bob()).await];
        at_once((0..12).map(|task| {
            let store = bench.store.clone();
            let attempt = attempt(&sessions[task % 2], 0);
            async move {
                if task == 5 {
                    store.revoke_realm("users").await.expect("revokes");
                } else {
                    store.rotate(&attempt).await.expect("the store rotates");
                }
            }
        }))
        .await;
        for session in &sessions {
            let row = bench.row(session).await;
            assert!(row.revoked.is_some());
            assert_refused(bench, session, row.generation).await;
        }
    }
}

/// A login whose credential check began before leaves no session, whoever is first.
pub async fn no_login_survives_the_cut_off_that_overtook_it(bench: &Bench) {
    for round in 0..ROUNDS {
        let ticket = bench.ticket().await;
        at_once((0..16).map(|task| {
            let store = bench.store.clone();
            let token = portcullis::session::ApplicationToken {
                id: format!("{round}-{task}"),
                subject: alice(),
                created_at: bench.now(),
            };
            async move {
                match task {
                    5 => drop(store.revoke_realm("users").await.expect("revokes")),
                    _ if task % 2 == 0 => {
                        let created = store.create(new_session(&alice()), ticket).await;
                        created.expect("the store creates");
                    }
                    _ => {
                        let added = store.add_application_token(token, 10, ticket).await;
                        added.expect("the store adds");
                    }
                }
            }
        }))
        .await;
        assert_eq!(bench.live(&alice()).await, []);
        let tokens = bench.store.application_tokens(&alice()).await;
        assert_eq!(tokens.expect("lists"), []);
    }
    bench.open().await;
    assert_eq!(bench.live(&alice()).await.len(), 1);
}

/// Those who come in while everybody is logged out are in or out, and a ticket of
/// afterwards is good.
pub async fn whoever_comes_afterwards_stays(bench: &Bench) {
    for _ in 0..ROUNDS {
        let done = at_once((0..8).map(|task| {
            let store = bench.store.clone();
            async move {
                if task % 4 == 1 {
                    store.revoke_realm("users").await.expect("revokes");
                    let ticket = store.login_ticket().await.expect("a ticket");
                    return Some(ticket);
                }
                let ticket = store.login_ticket().await.expect("a ticket");
                let created = store.create(new_session(&alice()), ticket).await;
                created.expect("the store creates");
                None
            }
        }))
        .await;
        let last = done.into_iter().flatten().max().expect("a ticket");
        let created = bench.create(new_session(&bob()), last).await;
        assert!(matches!(created, Created::Session { .. }));
        cut_off(bench, "users").await;
        for subject in [alice(), bob()] {
            assert_eq!(bench.live(&subject).await, []);
        }
    }
}
