//! An attempt that was held up on its way for too long.

use std::time::Duration;

use portcullis::session::{
    RefusalReason, RotationAttempt, RotationMode, RotationOutcome, RotationRules, SessionRecord,
    SessionStore,
};

use super::bench::{Bench, GRACE, MILLISECOND, attempt};

/// From its deadline on it changes nothing, whatever it would have done.
pub async fn an_overdue_attempt_changes_nothing(bench: &Bench) {
    // The generation presented of the third, whether an exchange is late, and
    // whether the session goes on if the attempt is in time.
    let cases = [
        (2, false, true),
        (5, false, true),
        (1, true, true),
        (0, false, false),
    ];
    for (generation, until_used, goes_on) in cases {
        let session = third(bench).await;
        let row = bench.row(&session).await;
        let mut overdue = attempt(&session, generation);
        overdue.rules.until_used = until_used;
        for late in [Duration::ZERO, MILLISECOND, Duration::from_secs(3600)] {
            overdue.deadline = bench.now().saturating_sub(late);
            let expected = RotationOutcome::Overdue { by: late };
            assert_eq!(bench.rotate(&overdue).await, expected);
            assert_eq!(bench.row(&session).await, row);
        }
        overdue.deadline = bench.now().saturating_add(MILLISECOND);
        let outcome = bench.rotate(&overdue).await;
        assert_eq!(outcome.successor().is_some(), goes_on, "{outcome:?}");
        assert_ne!(bench.row(&session).await, row);
        // What it has done it says however late.
        overdue.deadline = bench.now();
        assert_eq!(bench.rotate(&overdue).await, outcome);
    }
}

/// A deadline is for changes only: without one the answer is what it always is.
pub async fn what_would_change_nothing_is_answered_however_late(bench: &Bench) {
    let session = third(bench).await;
    bench.advance(&session, 2).await;
    let late = |mut attempt: RotationAttempt| {
        attempt.deadline = bench.now();
        attempt
    };
    for generation in [2, 3] {
        let outcome = bench.rotate(&late(attempt(&session, generation))).await;
        assert_eq!(outcome.successor().map(|next| next.generation), Some(3));
    }
    let mut client = attempt(&session, 0);
    client.client = None;
    let refused = RotationOutcome::Refused(RefusalReason::Client);
    assert_eq!(bench.rotate(&late(client)).await, refused);
    let mut keep = attempt(&session, 3);
    keep.mode = RotationMode::Keep;
    let outcome = bench.rotate(&late(keep)).await;
    assert!(
        matches!(outcome, RotationOutcome::Valid { .. }),
        "{outcome:?}"
    );
    bench
        .store
        .revoke(&session.subject, &session.id)
        .await
        .expect("revoked");
    let refused = RotationOutcome::Refused(RefusalReason::Revoked);
    assert_eq!(bench.rotate(&late(attempt(&session, 0))).await, refused);
}

/// The client gave up and tried again; what it had sent first arrives at some
/// time, and is not taken for reuse.
pub async fn a_held_up_attempt_does_not_end_the_session(bench: &Bench) {
    let limit = RotationRules::default().attempt_limit();
    for step in 0..=8 {
        for retried_after in [Duration::ZERO, GRACE / 3, GRACE - MILLISECOND] {
            let session = bench.open().await;
            let began = bench.store.current_time().await.expect("the store knows");
            let mut held_up = attempt(&session, 0);
            held_up.deadline = began.saturating_add(limit);
            bench.pass(retried_after);
            let next = bench.advance(&session, 0).await;
            bench
                .clock
                .set(began.saturating_add(retried_after.max(GRACE / 4 * step)));
            bench.rotate(&held_up).await;
            let row = bench.row(&session).await;
            assert_eq!((row.generation, row.revoked), (1, None));
            bench.pass(GRACE);
            assert_eq!(next.generation, 1);
            assert_eq!(bench.advance(&session, 1).await.generation, 2);
        }
    }
}

/// One that set out within the window is judged as it was then. It arrives later
/// than that, but in time, when others have been told what was forgiven and what
/// rests.
pub async fn a_held_up_attempt_is_judged_as_of_when_it_set_out(bench: &Bench) {
    let limit = RotationRules::default().attempt_limit();
    for held_up_for in [MILLISECOND, GRACE / 2, GRACE - MILLISECOND] {
        for generation in [0, 1] {
            let session = bench.open().await;
            let current = bench.advance(&session, 0).await;
            bench.pass(GRACE - MILLISECOND);
            let mut held_up = attempt(&session, generation);
            held_up.deadline = bench.now().saturating_add(limit);
            assert_eq!(bench.advance(&session, generation).await, current);
            let row = bench.row(&session).await;
            bench.pass(held_up_for);
            let outcome = bench.rotate(&held_up).await;
            assert_eq!(outcome.successor(), Some(&current), "{outcome:?}");
            assert_eq!(bench.row(&session).await, row);
            // The others go on with what they were told, however late.
            bench.pass(GRACE * 60);
            assert_eq!(bench.advance(&session, 1).await.generation, 2);
        }
    }
}

/// One that was overtaken by two exchanges, of which the second found that the first one's
/// rest was over, is not taken for reuse: its token was forgiven when it set out. Presented
/// anew, it is.
pub async fn an_attempt_that_was_overtaken_changes_nothing(bench: &Bench) {
    let session = bench.open().await;
    bench.advance(&session, 0).await;
    bench.pass(GRACE - MILLISECOND);
    let mut overtaken = attempt(&session, 0);
    overtaken.deadline = bench.now().saturating_add(overtaken.rules.attempt_limit());
    bench.pass(MILLISECOND);
    bench.advance(&session, 1).await;
    let row = bench.row(&session).await;
    let expected = RotationOutcome::Overdue { by: Duration::ZERO };
    assert_eq!(bench.rotate(&overtaken).await, expected);
    assert_eq!(bench.row(&session).await, row);
    overtaken.deadline = overtaken.deadline.saturating_add(MILLISECOND);
    let outcome = bench.rotate(&overtaken).await;
    assert!(
        matches!(outcome, RotationOutcome::Reused { .. }),
        "{outcome:?}"
    );
}

/// One that set out after the window is not forgiven, however fast it is.
pub async fn an_attempt_that_set_out_after_the_window_is_not_forgiven(bench: &Bench) {
    let session = bench.open().await;
    bench.advance(&session, 0).await;
    bench.pass(GRACE);
    let mut reuse = attempt(&session, 0);
    reuse.deadline = bench.now().saturating_add(reuse.rules.attempt_limit());
    let outcome = bench.rotate(&reuse).await;
    assert!(
        matches!(outcome, RotationOutcome::Reused { .. }),
        "{outcome:?}"
    );
}

/// The time from which deadlines are reckoned is the one that they are compared
/// with.
pub async fn the_time_is_that_of_the_store(bench: &Bench) {
    for _ in 0..3 {
        let now = bench.store.current_time().await;
        assert_eq!(now.expect("the store knows"), bench.now());
        bench.pass(Duration::from_secs(1));
    }
}

/// A limit is a deadline in that time, and the attempt has it afterwards.
pub async fn a_limit_becomes_a_deadline(bench: &Bench) {
    let session = third(bench).await;
    let mut presented = attempt(&session, 2);
    for limit in [Duration::ZERO, GRACE] {
        let outcome = bench.store.rotate_within(&mut presented, limit).await;
        let outcome = outcome.expect("the store rotates");
        assert_eq!(presented.deadline, bench.now().saturating_add(limit));
        let in_time = matches!(outcome, RotationOutcome::Rotated(_));
        assert_eq!(in_time, !limit.is_zero(), "{outcome:?}");
    }
}

/// A session whose third token is current, and does not rest.
async fn third(bench: &Bench) -> SessionRecord {
    let session = bench.open().await;
    for generation in 0..2 {
        bench.advance(&session, generation).await;
        // Not for attempts either that set out a window ago.
        bench.pass(GRACE * 2);
    }
    session
}
