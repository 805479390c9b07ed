//! What many do at once.

use std::time::Duration;

use portcullis::session::{
    Created, RefusalReason, RotationOutcome, RotationRules, SessionStore, TokenAdded,
};

use super::bench::{Bench, alice, at_once, attempt, new_session, successor};

const TASKS: usize = 64;
const ROUNDS: usize = 12;

/// Without a window exactly one of many gets a successor, and the others show
/// that the token was used twice.
pub async fn without_a_window_one_of_many_wins(bench: &Bench) {
    for _ in 0..ROUNDS {
        let session = bench.open().await;
        let outcomes = at_once((0..TASKS).map(|_| {
            let mut attempt = attempt(&session, 0);
            attempt.rules = RotationRules::with_grace(Duration::ZERO);
            let store = bench.store.clone();
            async move { store.rotate(&attempt).await.expect("the store rotates") }
        }))
        .await;
        let count = |matches: fn(&RotationOutcome) -> bool| {
            outcomes.iter().filter(|outcome| matches(outcome)).count()
        };
        assert_eq!(count(|o| matches!(o, RotationOutcome::Rotated(_))), 1);
        assert_eq!(count(|o| matches!(o, RotationOutcome::Reused { .. })), 1);
        let refused = count(|o| *o == RotationOutcome::Refused(RefusalReason::Revoked));
        assert_eq!(refused, TASKS - 2);
        assert!(bench.row(&session).await.revoked.is_some());
    }
}

/// In the window all get the same successor, and there is one generation.
pub async fn in_the_window_all_get_the_same_successor(bench: &Bench) {
    let session = bench.open().await;
    for generation in 0..ROUNDS as u64 {
        bench.pass(Duration::from_secs(60));
        let outcomes = at_once((0..TASKS).map(|_| {
            let attempt = attempt(&session, generation);
            let store = bench.store.clone();
            async move { store.rotate(&attempt).await.expect("the store rotates") }
        }))
        .await;
        let rotated = |outcome: &&RotationOutcome| matches!(outcome, RotationOutcome::Rotated(_));
        assert_eq!(outcomes.iter().filter(rotated).count(), 1);
        let first = successor(&outcomes[0]);
        assert_eq!(first.generation, generation + 1);
        assert!(outcomes.iter().all(|outcome| successor(outcome) == first));
        assert_eq!(bench.row(&session).await.generation, generation + 1);
    }
    assert_eq!(bench.live(&session.subject).await.len(), 1);
}

/// One attempt that is asked many times is one rotation.
pub async fn one_attempt_asked_by_many_is_one_rotation(bench: &Bench) {
    let session = bench.open().await;
    for generation in 0..ROUNDS as u64 {
        let mut attempt = attempt(&session, generation);
        attempt.rules = RotationRules::with_grace(Duration::ZERO);
        let outcomes = at_once((0..TASKS).map(|_| {
            let (attempt, store) = (attempt.clone(), bench.store.clone());
            async move { store.rotate(&attempt).await.expect("the store rotates") }
        }))
        .await;
        assert!(matches!(outcomes[0], RotationOutcome::Rotated(_)));
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
    }
    assert_eq!(bench.row(&session).await.generation, ROUNDS as u64);
}

/// Whatever the order, the session ends revoked.
pub async fn a_revocation_that_races_a_refresh_wins(bench: &Bench) {
    for _ in 0..ROUNDS {
        let session = bench.open().await;
        at_once((0..8).map(|task| {
            let (attempt, store) = (attempt(&session, 0), bench.store.clone());
            let id = session.id.clone();
            async move {
                if task == 4 {
                    assert!(
                        store
                            .revoke(&alice(), &id)
                            .await
                            .expect("the store revokes")
                    );
                } else {
                    store.rotate(&attempt).await.expect("the store rotates");
                }
            }
        }))
        .await;
        assert!(bench.row(&session).await.revoked.is_some());
        let outcome = bench.rotate(&attempt(&session, 1)).await;
        assert_eq!(outcome, RotationOutcome::Refused(RefusalReason::Revoked));
    }
}

/// A login whose credential check began before the log-out leaves no session.
pub async fn no_login_survives_the_log_out_that_overtook_it(bench: &Bench) {
    for _ in 0..ROUNDS {
        let ticket = bench.ticket().await;
        at_once((0..TASKS / 4).map(|task| {
            let store = bench.store.clone();
            async move {
                if task == 5 {
                    store.revoke_all(&alice()).await.expect("the store revokes");
                } else {
                    let session = new_session(&alice());
                    store
                        .create(session, ticket)
                        .await
                        .expect("the store creates");
                }
            }
        }))
        .await;
        assert_eq!(bench.live(&alice()).await, []);
    }
    bench.open().await;
    assert_eq!(bench.live(&alice()).await.len(), 1);
}

/// The same for application tokens.
pub async fn no_application_token_survives_it_either(bench: &Bench) {
    for round in 0..ROUNDS {
        let ticket = bench.ticket().await;
        at_once((0..TASKS / 4).map(|task| {
            let store = bench.store.clone();
            let token = portcullis::session::ApplicationToken {
                id: format!("{round}-{task}"),
                subject: alice(),
                created_at: bench.now(),
            };
            async move {
                if task == 5 {
                    store.revoke_all(&alice()).await.expect("the store revokes");
                } else {
                    let added = store.add_application_token(token, 10, ticket).await;
                    added.expect("the store adds");
                }
            }
        }))
        .await;
        let live = bench.store.application_tokens(&alice()).await;
        assert_eq!(live.expect("the store lists"), []);
    }
    let created = bench
        .create(new_session(&alice()), bench.ticket().await)
        .await;
    assert!(matches!(created, Created::Session { .. }));
}

/// However many ask at once, there are no more than the limit.
pub async fn the_limit_of_application_tokens_holds(bench: &Bench) {
    let ticket = bench.ticket().await;
    let outcomes = at_once((0..TASKS).map(|task| {
        let store = bench.store.clone();
        let token = portcullis::session::ApplicationToken {
            id: format!("token-{task}"),
            subject: alice(),
            created_at: bench.now(),
        };
        async move {
            let added = store.add_application_token(token, 10, ticket).await;
            added.expect("the store adds")
        }
    }))
    .await;
    let added = |outcome: &&TokenAdded| **outcome == TokenAdded::Added;
    assert_eq!(outcomes.iter().filter(added).count(), 10);
    let live = bench.store.application_tokens(&alice()).await;
    assert_eq!(live.expect("the store lists").len(), 10);
}
