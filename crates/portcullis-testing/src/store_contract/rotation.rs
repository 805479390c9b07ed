//! Every row of the rotation rules.

use std::time::Duration;

use portcullis::{
    session::{
        Created, RefusalReason, ReplayPolicy, RevocationReason, RotationMode, RotationOutcome,
        RotationRules, SecretDigest, SessionId, SessionStore,
    },
    subject::Subject,
};

use super::bench::{
    ABSOLUTE, Bench, GRACE, IDLE, MILLISECOND, alice, attempt, device, new_session, successor,
};

/// The current token is exchanged for the next one.
pub async fn the_current_token_gives_the_next(bench: &Bench) {
    let session = bench.open().await;
    bench.pass(Duration::from_secs(60));
    let mut request = attempt(&session, 0);
    request.refresh_key = "key-2".into();
    request.device = device("phone");
    let outcome = bench.rotate(&request).await;
    let RotationOutcome::Rotated(successor) = &outcome else {
        unreachable!("{outcome:?}")
    };
    let now = bench.now();
    assert_eq!(successor.generation, 1);
    assert_eq!(successor.rotated_at, now);
    assert_eq!(successor.idle_deadline, now.saturating_add(IDLE));
    assert_eq!(successor.absolute_deadline, session.absolute_deadline);
    assert_eq!(&*successor.refresh_key, "key-2");
    let row = bench.row(&session).await;
    assert_eq!((row.generation, row.rotated_from), (1, 0));
    assert_eq!(row.device, device("phone"));
    assert_eq!(row.grant, session.grant);
    assert_eq!(row.created_at, session.created_at);
}

/// The token before the current one gives the current one again.
pub async fn the_predecessor_gives_the_same_successor_in_the_window(bench: &Bench) {
    let session = bench.open().await;
    let first = bench.advance(&session, 0).await;
    let row = bench.row(&session).await;
    bench.pass(GRACE - MILLISECOND);
    let mut again = attempt(&session, 0);
    again.device = device("another");
    again.refresh_key = "key-2".into();
    let outcome = bench.rotate(&again).await;
    let RotationOutcome::Replayed {
        successor,
        elapsed,
        late,
        device_changed,
    } = outcome
    else {
        unreachable!("{outcome:?}")
    };
    assert_eq!(successor, first);
    assert_eq!(elapsed, GRACE - MILLISECOND);
    assert!(!late && device_changed);
    assert_eq!(bench.row(&session).await, row);
}

/// However often a token is presented again, the window ends when it ends.
pub async fn the_window_is_anchored_at_the_rotation(bench: &Bench) {
    let session = bench.open().await;
    bench.advance(&session, 0).await;
    for _ in 0..4 {
        bench.pass(GRACE / 5);
        bench.advance(&session, 0).await;
    }
    bench.pass(GRACE / 5);
    let outcome = bench.rotate(&attempt(&session, 0)).await;
    assert!(
        matches!(outcome, RotationOutcome::Reused { .. }),
        "{outcome:?}"
    );
}

/// At the end of the window the predecessor is a stolen token.
pub async fn past_the_window_the_predecessor_revokes(bench: &Bench) {
    let session = bench.open().await;
    bench.advance(&session, 0).await;
    bench.pass(GRACE);
    let reuse = attempt(&session, 0);
    let outcome = bench.rotate(&reuse).await;
    assert_eq!(
        outcome,
        RotationOutcome::Reused {
            elapsed: GRACE,
            device_changed: false
        }
    );
    let revoked = bench.row(&session).await.revoked.expect("revoked");
    assert_eq!(revoked.reason, RevocationReason::Reuse);
    assert_eq!(revoked.at, bench.now());
    assert_eq!(revoked.by, Some(reuse.id));
    let outcome = bench.rotate(&attempt(&session, 1)).await;
    assert_eq!(outcome, RotationOutcome::Refused(RefusalReason::Revoked));
    assert!(bench.live(&session.subject).await.is_empty());
}

/// A window of zero forgives nothing, not even within the same millisecond.
pub async fn without_a_window_a_second_use_revokes(bench: &Bench) {
    let session = bench.open().await;
    bench.advance(&session, 0).await;
    let mut again = attempt(&session, 0);
    again.rules = RotationRules::with_grace(Duration::ZERO);
    let outcome = bench.rotate(&again).await;
    assert!(
        matches!(outcome, RotationOutcome::Reused { .. }),
        "{outcome:?}"
    );
    assert!(bench.row(&session).await.revoked.is_some());
}

/// The token before the predecessor is a stolen token even in the window.
pub async fn only_the_immediate_predecessor_is_forgiven(bench: &Bench) {
    let session = bench.open().await;
    bench.advance(&session, 0).await;
    bench.pass(GRACE);
    bench.advance(&session, 1).await;
    let outcome = bench.rotate(&attempt(&session, 0)).await;
    assert!(
        matches!(outcome, RotationOutcome::Reused { .. }),
        "{outcome:?}"
    );
}

/// The opt-in for clients that lose answers for long: once, without a timer.
pub async fn until_used_forgives_once(bench: &Bench) {
    let session = bench.open().await;
    let mut generation = 0;
    for _ in 0..2 {
        let current = bench.advance(&session, generation).await;
        bench.pass(Duration::from_secs(86_400));
        let mut late = attempt(&session, generation);
        late.rules.until_used = true;
        let outcome = bench.rotate(&late).await;
        assert!(
            matches!(&outcome, RotationOutcome::Replayed { successor, late: true, .. } if *successor == current),
            "{outcome:?}"
        );
        assert_eq!(bench.rotate(&late).await, outcome, "the same attempt again");
        generation += 1;
    }
    let mut second = attempt(&session, generation - 1);
    second.rules.until_used = true;
    let outcome = bench.rotate(&second).await;
    assert!(
        matches!(outcome, RotationOutcome::Reused { .. }),
        "{outcome:?}"
    );
}

/// A policy can keep what is forgiven to the device that rotated.
pub async fn another_device_can_be_refused_without_revoking(bench: &Bench) {
    let session = bench.open().await;
    bench.advance(&session, 0).await;
    let row = bench.row(&session).await;
    let mut other = attempt(&session, 0);
    other.rules.replay = ReplayPolicy::SameDevice;
    other.device = device("another");
    let refused = RotationOutcome::Refused(RefusalReason::OtherDevice);
    assert_eq!(bench.rotate(&other).await, refused);
    bench.pass(GRACE);
    other.rules.until_used = true;
    assert_eq!(bench.rotate(&other).await, refused);
    assert_eq!(bench.row(&session).await, row);
    other.device = device("browser");
    let outcome = bench.rotate(&other).await;
    assert!(
        matches!(outcome, RotationOutcome::Replayed { late: true, .. }),
        "{outcome:?}"
    );
}

/// A token that is newer than the row means a restored backup, not theft.
pub async fn a_store_that_lost_writes_keeps_the_holder(bench: &Bench) {
    let session = bench.open().await;
    let ahead = attempt(&session, 5);
    let outcome = bench.rotate(&ahead).await;
    assert!(
        matches!(outcome, RotationOutcome::RolledBack(_)),
        "{outcome:?}"
    );
    assert_eq!(successor(&outcome).generation, 6);
    assert_eq!(
        bench.rotate(&ahead).await,
        outcome,
        "the same attempt again"
    );
    bench.pass(GRACE);
    let outcome = bench.rotate(&attempt(&session, 6)).await;
    assert!(
        matches!(outcome, RotationOutcome::Rotated(_)),
        "{outcome:?}"
    );
}

/// An attempt whose answer was lost can be made again, even without a window.
pub async fn the_same_attempt_gets_the_same_answer(bench: &Bench) {
    let session = bench.open().await;
    let mut first = attempt(&session, 0);
    first.rules = RotationRules::with_grace(Duration::ZERO);
    let outcome = bench.rotate(&first).await;
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.rotate(&first).await, outcome);
    assert_eq!(bench.row(&session).await.generation, 1);
    let mut reuse = attempt(&session, 0);
    reuse.rules = RotationRules::with_grace(Duration::ZERO);
    let outcome = bench.rotate(&reuse).await;
    assert!(
        matches!(outcome, RotationOutcome::Reused { .. }),
        "{outcome:?}"
    );
    assert_eq!(bench.rotate(&reuse).await, outcome);
    let late = RotationOutcome::Refused(RefusalReason::Revoked);
    assert_eq!(bench.rotate(&first).await, late);
}

/// Unknown, secret, revoked, deadlines, client, scope, generation.
pub async fn the_first_failing_check_decides(bench: &Bench) {
    let session = bench.open().await;
    bench.advance(&session, 0).await;
    bench.pass(GRACE);
    bench.advance(&session, 1).await;
    let revoked = bench.open().await;
    bench
        .store
        .revoke(&revoked.subject, &revoked.id)
        .await
        .expect("revoked");
    let start = bench.now();
    let absolute = session.absolute_deadline;
    let idle = start.saturating_add(IDLE);

    let mut bad = attempt(&session, 0);
    bad.session = SessionId::random().expect("randomness");
    bad.secret_digest = SecretDigest::of(b"a guess");
    bad.client = Some("another".to_owned());
    bad.scope_allowed = false;
    let expect = async |bad: &_, now, reason| {
        bench.clock.set(now);
        let outcome = bench.rotate(bad).await;
        assert_eq!(outcome, RotationOutcome::Refused(reason));
    };
    expect(&bad, absolute, RefusalReason::Unknown).await;
    bad.session = session.id.clone();
    bad.subject = Subject::new("apis", "alice");
    expect(&bad, absolute, RefusalReason::Unknown).await;
    bad.subject = session.subject.clone();
    bad.session = revoked.id.clone();
    expect(&bad, absolute, RefusalReason::SecretMismatch).await;
    bad.secret_digest = session.secret_digest;
    expect(&bad, absolute, RefusalReason::Revoked).await;
    bad.session = session.id.clone();
    expect(&bad, absolute, RefusalReason::AbsoluteDeadline).await;
    expect(&bad, idle, RefusalReason::IdleDeadline).await;
    expect(&bad, start, RefusalReason::Client).await;
    bad.client = None;
    expect(&bad, start, RefusalReason::Client).await;
    bad.client = session.client.clone();
    expect(&bad, start, RefusalReason::Scope).await;
    bad.scope_allowed = true;
    let outcome = bench.rotate(&bad).await;
    assert!(
        matches!(outcome, RotationOutcome::Reused { .. }),
        "{outcome:?}"
    );
}

/// Only the generation can revoke.
pub async fn refusals_change_nothing(bench: &Bench) {
    let session = bench.open().await;
    bench.advance(&session, 0).await;
    bench.pass(GRACE);
    bench.advance(&session, 1).await;
    let row = bench.row(&session).await;
    let good = attempt(&session, 0);
    let mut secret = good.clone();
    secret.secret_digest = SecretDigest::of(b"a guess");
    let mut subject = good.clone();
    subject.subject = Subject::new("users", "bob");
    let mut client = good.clone();
    client.client = Some("another".to_owned());
    let mut no_client = good.clone();
    no_client.client = None;
    let mut scope = good.clone();
    scope.scope_allowed = false;
    for mut bad in [secret, subject, client, no_client, scope] {
        for generation in [0, 1, 2, 9] {
            bad.generation = generation;
            let outcome = bench.rotate(&bad).await;
            assert!(
                matches!(outcome, RotationOutcome::Refused(_)),
                "{outcome:?}"
            );
            assert_eq!(bench.row(&session).await, row);
        }
    }
    bench.clock.set(row.idle_deadline);
    for generation in [0, 1, 2, 9] {
        let outcome = bench.rotate(&attempt(&session, generation)).await;
        let idle = RotationOutcome::Refused(RefusalReason::IdleDeadline);
        assert_eq!(outcome, idle);
        assert_eq!(bench.row(&session).await, row);
    }
}

/// Where refresh tokens are not exchanged, using one changes nothing.
pub async fn a_kept_token_changes_nothing(bench: &Bench) {
    let session = bench.open().await;
    let mut keep = attempt(&session, 0);
    keep.mode = RotationMode::Keep;
    let valid = RotationOutcome::Valid {
        idle_deadline: session.idle_deadline,
        absolute_deadline: session.absolute_deadline,
    };
    for _ in 0..3 {
        bench.pass(Duration::from_secs(3600));
        assert_eq!(bench.rotate(&keep).await, valid);
    }
    assert_eq!(bench.row(&session).await, session);
    bench.advance(&session, 0).await;
    let refused = RotationOutcome::Refused(RefusalReason::Generation);
    assert_eq!(bench.rotate(&keep).await, refused);
    assert!(bench.row(&session).await.revoked.is_none());
}

/// A deadline is the first moment at which a token is no longer good.
pub async fn deadlines_end_at_their_very_moment(bench: &Bench) {
    let session = bench.open().await;
    bench.pass(IDLE - MILLISECOND);
    bench.advance(&session, 0).await;
    assert_eq!(bench.live(&session.subject).await.len(), 1);
    bench.pass(IDLE);
    let outcome = bench.rotate(&attempt(&session, 1)).await;
    let refused = RotationOutcome::Refused(RefusalReason::IdleDeadline);
    assert_eq!(outcome, refused);
    assert!(bench.live(&session.subject).await.is_empty());
}

/// The idle deadline never passes the absolute one.
pub async fn no_token_outlives_the_session(bench: &Bench) {
    let session = bench.open().await;
    for generation in 0..3 {
        bench.pass(IDLE - MILLISECOND);
        let successor = bench.advance(&session, generation).await;
        assert!(successor.idle_deadline <= session.absolute_deadline);
    }
    let mut forever = attempt(&session, 3);
    forever.idle_ttl = Duration::MAX;
    let outcome = bench.rotate(&forever).await;
    assert_eq!(successor(&outcome).idle_deadline, session.absolute_deadline);
    bench.clock.set(session.created_at.saturating_add(ABSOLUTE));
    let outcome = bench.rotate(&attempt(&session, 4)).await;
    let refused = RotationOutcome::Refused(RefusalReason::AbsoluteDeadline);
    assert_eq!(outcome, refused);
}

/// Rotation time never goes back, and no time passes backwards.
pub async fn a_clock_that_goes_back_is_survived(bench: &Bench) {
    let session = bench.open().await;
    bench.pass(Duration::from_secs(3600));
    let first = bench.advance(&session, 0).await;
    bench
        .clock
        .set(session.created_at.saturating_sub(Duration::from_secs(60)));
    let outcome = bench.rotate(&attempt(&session, 0)).await;
    let RotationOutcome::Replayed {
        successor: again,
        elapsed,
        ..
    } = outcome
    else {
        unreachable!("{outcome:?}")
    };
    assert_eq!((again, elapsed), (first.clone(), Duration::ZERO));
    let outcome = bench.rotate(&attempt(&session, 1)).await;
    assert!(
        matches!(
            &outcome,
            RotationOutcome::Rested {
                elapsed: Duration::ZERO,
                ..
            }
        ),
        "{outcome:?}"
    );
    let mut without_window = attempt(&session, 1);
    without_window.rules = RotationRules::with_grace(Duration::ZERO);
    let second = successor(&bench.rotate(&without_window).await);
    assert_eq!(second.generation, 2);
    assert_eq!(second.rotated_at, first.rotated_at);
    assert_eq!(second.idle_deadline, first.idle_deadline);
}

/// Reuse in one session is no reason to end the user's others.
pub async fn reuse_leaves_other_sessions_alone(bench: &Bench) {
    let (session, other) = (bench.open().await, bench.open().await);
    bench.advance(&session, 0).await;
    bench.pass(GRACE);
    bench.rotate(&attempt(&session, 0)).await;
    bench.advance(&other, 0).await;
    let live = bench.live(&session.subject).await;
    assert_eq!(live.len(), 1);
    assert_eq!(live[0].id, other.id);
}

/// Times are whole milliseconds: what is left of one counts as one.
pub async fn a_window_is_counted_in_whole_milliseconds(bench: &Bench) {
    for (window, passes, forgiven) in [(1_500, 1, true), (1_500, 2, false), (1, 0, true)] {
        let session = bench.open().await;
        bench.advance(&session, 0).await;
        bench.pass(Duration::from_millis(passes));
        let mut again = attempt(&session, 0);
        again.rules = RotationRules::with_grace(Duration::from_micros(window));
        let outcome = bench.rotate(&again).await;
        assert_eq!(outcome.successor().is_some(), forgiven, "{outcome:?}");
    }
}

/// The client of a session is part of it, and so is having none.
pub async fn only_the_client_of_a_session_may_refresh_it(bench: &Bench) {
    let clients = [None, Some("web"), Some("app"), Some("")];
    for own in clients {
        let mut session = new_session(&alice());
        session.client = own.map(str::to_owned);
        let ticket = bench.ticket().await;
        let Created::Session { session, .. } = bench.create(session, ticket).await else {
            unreachable!("nobody logged out");
        };
        for presents in clients.into_iter().filter(|client| *client != own) {
            let mut bad = attempt(&session, 0);
            bad.client = presents.map(str::to_owned);
            let outcome = bench.rotate(&bad).await;
            assert_eq!(outcome, RotationOutcome::Refused(RefusalReason::Client));
            bad.mode = RotationMode::Keep;
            let outcome = bench.rotate(&bad).await;
            assert_eq!(outcome, RotationOutcome::Refused(RefusalReason::Client));
        }
        assert_eq!(bench.row(&session).await, *session);
        bench.advance(&session, 0).await;
    }
}
