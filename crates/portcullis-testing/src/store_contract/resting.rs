//! A token that was made just now is not exchanged yet.

use std::time::Duration;

use portcullis::session::{RefusalReason, ReplayPolicy, RotationOutcome, RotationRules};

use super::bench::{Bench, GRACE, MILLISECOND, attempt, device, successor};

/// In the window the current token is given again, and nothing is written.
pub async fn a_young_token_rests(bench: &Bench) {
    let session = bench.open().await;
    bench.pass(GRACE);
    let current = bench.advance(&session, 0).await;
    assert_eq!(current.generation, 1);
    let row = bench.row(&session).await;
    for passes in [Duration::ZERO, GRACE - MILLISECOND] {
        bench.pass(passes);
        let mut again = attempt(&session, 1);
        again.device = device("another");
        again.refresh_key = "key-2".into();
        let outcome = bench.rotate(&again).await;
        let expected = RotationOutcome::Rested {
            current: current.clone(),
            elapsed: passes,
            device_changed: true,
        };
        assert_eq!(outcome, expected);
        assert_eq!(
            bench.rotate(&again).await,
            outcome,
            "the same attempt again"
        );
        assert_eq!(bench.row(&session).await, row);
    }
    bench.pass(MILLISECOND);
    assert_eq!(bench.advance(&session, 1).await.generation, 2);
}

/// Both are counted from the rotation, whatever is presented meanwhile; the
/// first token has no predecessor and never rests.
pub async fn a_token_rests_for_as_long_as_its_predecessor_is_forgiven(bench: &Bench) {
    let session = bench.open().await;
    for generation in 0..3 {
        let current = bench.advance(&session, generation).await;
        assert_eq!(current.generation, generation + 1);
        for _ in 0..5 {
            assert_eq!(bench.advance(&session, generation + 1).await, current);
            assert_eq!(bench.advance(&session, generation).await, current);
            bench.pass(GRACE / 5);
        }
    }
}

/// A window of zero switches resting off, too.
pub async fn without_a_window_no_token_rests(bench: &Bench) {
    let session = bench.open().await;
    for generation in 0..3 {
        let mut next = attempt(&session, generation);
        next.rules = RotationRules::with_grace(Duration::ZERO);
        let outcome = bench.rotate(&next).await;
        assert!(
            matches!(&outcome, RotationOutcome::Rotated(next) if next.generation == generation + 1),
            "{outcome:?}"
        );
    }
}

/// Whose answer was lost asks again, and nobody has made it two generations old.
pub async fn an_attempt_gets_its_first_answer_whoever_came_in_between(bench: &Bench) {
    let session = bench.open().await;
    let first = attempt(&session, 0);
    let outcome = bench.rotate(&first).await;
    for generation in [1, 0, 1] {
        bench.pass(GRACE / 4);
        bench.advance(&session, generation).await;
        assert_eq!(bench.rotate(&first).await, outcome);
    }
    assert_eq!(bench.row(&session).await.generation, 1);
}

/// Where a predecessor is forgiven until its successor is used, "used" means
/// exchanged.
pub async fn a_token_that_rested_was_not_exchanged(bench: &Bench) {
    let session = bench.open().await;
    let current = bench.advance(&session, 0).await;
    assert_eq!(bench.advance(&session, 1).await, current);
    bench.pass(Duration::from_secs(3600));
    let mut late = attempt(&session, 0);
    late.rules.until_used = true;
    let outcome = bench.rotate(&late).await;
    assert!(
        matches!(&outcome, RotationOutcome::Replayed { successor, late: true, .. } if *successor == current),
        "{outcome:?}"
    );
    // The successor is no younger for that.
    assert_eq!(bench.advance(&session, 1).await.generation, 2);
}

/// The policy is about tokens that were exchanged. The current one is good,
/// whoever has it.
pub async fn a_resting_token_is_given_to_any_device(bench: &Bench) {
    let session = bench.open().await;
    let current = bench.advance(&session, 0).await;
    let mut other = attempt(&session, 1);
    other.device = device("another");
    other.rules.replay = ReplayPolicy::SameDevice;
    let outcome = bench.rotate(&other).await;
    assert!(
        matches!(
            outcome,
            RotationOutcome::Rested {
                device_changed: true,
                ..
            }
        ),
        "{outcome:?}"
    );
    assert_eq!(successor(&outcome), current);
}

/// A thief gains nothing by resting tokens: within the window both have the same
/// one, and whoever goes on after it makes the other's an old one.
pub async fn who_goes_on_after_the_window_finds_the_other_out(bench: &Bench) {
    // How long after the one who comes first the other uses the stolen token,
    // and whether that is forgiven.
    for (apart, forgiven) in [
        (GRACE - MILLISECOND, true),
        (GRACE, false),
        (GRACE * 60, false),
    ] {
        let session = bench.open().await;
        bench.advance(&session, 0).await;
        bench.pass(GRACE);
        // One of them exchanges the token that both have; which, nobody can say.
        assert_eq!(bench.advance(&session, 1).await.generation, 2);
        bench.pass(apart);
        let outcome = bench.rotate(&attempt(&session, 1)).await;
        if forgiven {
            assert_eq!(successor(&outcome).generation, 2);
            assert_eq!(bench.advance(&session, 2).await.generation, 2, "it rests");
            bench.pass(GRACE);
            assert_eq!(bench.advance(&session, 2).await.generation, 3);
            bench.pass(GRACE);
            bench.rotate(&attempt(&session, 2)).await;
        }
        assert!(bench.row(&session).await.revoked.is_some(), "{apart:?}");
        let outcome = bench.rotate(&attempt(&session, 3)).await;
        assert_eq!(outcome, RotationOutcome::Refused(RefusalReason::Revoked));
    }
}
