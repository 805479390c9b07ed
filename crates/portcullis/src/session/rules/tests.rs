//! Every row of the rules, without a store.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    session::{AttemptId, Device, Grant, NewSession, RotationRules, SecretDigest, SessionId},
    subject::Subject,
};

const SECRET: &[u8] = b"secret";
const DAY: Duration = Duration::from_secs(86_400);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn row() -> SessionRecord {
    NewSession {
        id: SessionId::parse("936da01f-9abd-4d9d-80c7-02af85c822a8").unwrap(),
        subject: Subject::new("users", "alice"),
        client: Some("web".to_owned()),
        idle_ttl: DAY,
        absolute_ttl: 10 * DAY,
        secret_digest: SecretDigest::of(SECRET),
        refresh_key: "k1".into(),
        grant: Grant::new(),
        device: Device::new(Some("browser"), None),
        limit: None,
    }
    .into_record(at(0))
}

fn attempt(name: u8, generation: u64) -> RotationAttempt {
    RotationAttempt {
        id: AttemptId::from_bytes([name; 16]),
        deadline: at(i64::MAX),
        session: row().id,
        subject: row().subject,
        generation,
        secret_digest: SecretDigest::of(SECRET),
        client: Some("web".to_owned()),
        scope_allowed: true,
        mode: RotationMode::Rotate,
        idle_ttl: DAY,
        refresh_key: "k1".into(),
        device: Device::new(Some("browser"), None),
        rules: RotationRules::default(),
    }
}

/// Applies and checks that asking again gives the same and changes nothing.
fn apply(row: &mut SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> RotationOutcome {
    let (outcome, change) = decide(row, attempt, now);
    if let Some(next) = change {
        *row = next;
    }
    assert_eq!(decide(row, attempt, now), (outcome.clone(), None));
    outcome
}

fn without_window(mut attempt: RotationAttempt) -> RotationAttempt {
    attempt.rules = RotationRules::with_grace(Duration::ZERO);
    attempt
}

/// A session whose third token is current, rotated at 2 s.
fn third() -> SessionRecord {
    let mut row = row();
    apply(&mut row, &attempt(1, 0), at(1_000));
    apply(&mut row, &without_window(attempt(2, 1)), at(2_000));
    assert_eq!(row.generation, 2);
    row
}

#[test]
fn the_current_token_gives_the_next() {
    let mut row = row();
    let outcome = apply(&mut row, &attempt(1, 0), at(1_000));
    let RotationOutcome::Rotated(successor) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(successor.generation, 1);
    assert_eq!(successor.rotated_at, at(1_000));
    assert_eq!(successor.idle_deadline, at(1_000).saturating_add(DAY));
    assert_eq!(row.generation, 1);
}

#[test]
fn the_predecessor_gives_the_same_successor_within_the_window() {
    let row = third();
    for millis in [2_000, 11_999] {
        let mut after = row.clone();
        let outcome = apply(&mut after, &attempt(3, 1), at(millis));
        let RotationOutcome::Replayed {
            successor, late, ..
        } = outcome
        else {
            panic!("{outcome:?}");
        };
        assert_eq!(successor.generation, 2);
        assert_eq!(successor.rotated_at, at(2_000));
        assert!(!late);
        assert_eq!(after, row, "no retry extends the window");
    }
}

#[test]
fn a_young_token_rests() {
    let row = third();
    for millis in [1_000, 2_000, 11_999] {
        let mut after = row.clone();
        let mut again = attempt(3, 2);
        again.device = Device::new(Some("curl"), None);
        let outcome = apply(&mut after, &again, at(millis));
        let expected = RotationOutcome::Rested {
            current: Successor::of(&row),
            elapsed: at(millis).saturating_duration_since(at(2_000)),
            device_changed: true,
        };
        assert_eq!(outcome, expected);
        assert_eq!(after, row);
    }
    let mut row = row;
    assert!(matches!(
        apply(&mut row, &attempt(3, 2), at(12_000)),
        RotationOutcome::Rotated(_)
    ));
}

#[test]
fn the_first_token_does_not_rest() {
    assert!(matches!(
        apply(&mut row(), &attempt(1, 0), at(0)),
        RotationOutcome::Rotated(_)
    ));
}

#[test]
fn an_attempt_gets_its_first_answer_whoever_came_in_between() {
    let mut row = row();
    let first = apply(&mut row, &attempt(1, 0), at(1_000));
    apply(&mut row, &attempt(2, 1), at(5_000));
    assert_eq!(apply(&mut row, &attempt(1, 0), at(10_999)), first);
}

#[test]
fn an_overdue_attempt_changes_nothing() {
    for generation in 0..4 {
        let mut row = third();
        let mut overdue = attempt(3, generation);
        overdue.deadline = at(60_000);
        let outcome = apply(&mut row, &overdue, at(60_250));
        let by = Duration::from_millis(250);
        assert_eq!(outcome, RotationOutcome::Overdue { by });
        assert_eq!(row, third());
        apply(&mut row, &overdue, at(59_999));
        assert_ne!(row, third());
    }
}

/// Its token was forgiven when it set out, or not: the row does not tell any more.
#[test]
fn an_attempt_that_was_overtaken_changes_nothing() {
    // The third token was made at 2,000.
    let outcome = |set_out, rules: RotationRules| {
        let mut overtaken = attempt(3, 0);
        overtaken.deadline = at(set_out).saturating_add(rules.attempt_limit());
        overtaken.rules = rules;
        apply(&mut third(), &overtaken, at(2_500))
    };
    let by = Duration::ZERO;
    let forgiving = RotationRules::default();
    assert_eq!(outcome(1_999, forgiving), RotationOutcome::Overdue { by });
    let is_reuse = |outcome| matches!(outcome, RotationOutcome::Reused { .. });
    assert!(is_reuse(outcome(2_000, forgiving)));
    assert!(is_reuse(outcome(1_999, RotationRules::with_grace(by))));
}

#[test]
fn an_attempt_may_take_as_long_as_the_window() {
    for (window, limit) in [(0, 3_000), (1, 1_000), (1_000, 1_000), (10_000, 10_000)] {
        let rules = RotationRules::with_grace(Duration::from_millis(window));
        assert_eq!(rules.attempt_limit(), Duration::from_millis(limit));
    }
}

#[test]
fn past_the_window_the_predecessor_revokes() {
    let mut row = third();
    let outcome = apply(&mut row, &attempt(3, 1), at(12_000));
    let elapsed = Duration::from_secs(10);
    assert!(matches!(outcome, RotationOutcome::Reused { elapsed: e, .. } if e == elapsed));
    let revoked = row.revoked.unwrap();
    assert_eq!(revoked.reason, RevocationReason::Reuse);
    assert_eq!(
        apply(&mut row, &attempt(4, 2), at(12_001)),
        RotationOutcome::Refused(RefusalReason::Revoked)
    );
}

#[test]
fn only_the_immediate_predecessor_is_forgiven() {
    let mut row = third();
    let outcome = apply(&mut row, &attempt(3, 0), at(2_001));
    assert!(matches!(outcome, RotationOutcome::Reused { .. }));
}

#[test]
fn without_a_window_nothing_is_forgiven_even_when_the_clock_stands() {
    let mut row = third();
    let again = without_window(attempt(3, 1));
    let outcome = apply(&mut row, &again, at(1_000));
    assert!(matches!(outcome, RotationOutcome::Reused { elapsed, .. } if elapsed.is_zero()));
}

#[test]
fn until_used_forgives_once_however_late() {
    let mut row = third();
    let mut late = attempt(3, 1);
    late.rules.until_used = true;
    let hour = at(3_600_000);
    assert!(matches!(
        apply(&mut row, &late, hour),
        RotationOutcome::Replayed { late: true, .. }
    ));
    let mut second = late.clone();
    second.id = AttemptId::from_bytes([4; 16]);
    assert!(matches!(
        apply(&mut row, &second, hour),
        RotationOutcome::Reused { .. }
    ));
}

#[test]
fn until_used_is_granted_anew_after_each_rotation() {
    let mut row = third();
    let mut late = attempt(3, 1);
    late.rules.until_used = true;
    apply(&mut row, &late, at(3_600_000));
    apply(&mut row, &attempt(5, 2), at(3_600_001));
    let mut late = attempt(6, 2);
    late.rules.until_used = true;
    assert!(matches!(
        apply(&mut row, &late, at(7_200_000)),
        RotationOutcome::Replayed { late: true, .. }
    ));
}

#[test]
fn a_policy_refuses_another_device_without_revoking() {
    let mut row = third();
    let mut other = attempt(3, 1);
    other.device = Device::new(Some("curl"), None);
    assert!(matches!(
        apply(&mut row, &other, at(2_001)),
        RotationOutcome::Replayed {
            device_changed: true,
            ..
        }
    ));
    other.rules.replay = ReplayPolicy::SameDevice;
    assert_eq!(
        apply(&mut row, &other, at(2_001)),
        RotationOutcome::Refused(RefusalReason::OtherDevice)
    );
    assert_eq!(row, third());
}

#[test]
fn a_token_from_the_future_means_lost_writes() {
    let mut row = third();
    let ahead = attempt(3, 7);
    let outcome = apply(&mut row, &ahead, at(3_000));
    let RotationOutcome::RolledBack(successor) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(successor.generation, 8);
    assert!(matches!(
        apply(&mut row, &attempt(4, 8), at(3_001)),
        RotationOutcome::Rested { .. }
    ));
    assert!(matches!(
        apply(&mut row, &attempt(4, 8), at(13_000)),
        RotationOutcome::Rotated(_)
    ));
}

#[test]
fn a_rotation_never_goes_back_in_time() {
    let mut row = third();
    let next = without_window(attempt(3, 2));
    let RotationOutcome::Rotated(successor) = apply(&mut row, &next, at(500)) else {
        panic!("not rotated");
    };
    assert_eq!(successor.rotated_at, at(2_000));
}

#[test]
fn no_token_outlives_the_absolute_deadline() {
    let mut row = row();
    let mut long = attempt(1, 0);
    long.idle_ttl = 100 * DAY;
    let RotationOutcome::Rotated(successor) = apply(&mut row, &long, at(1)) else {
        panic!("not rotated");
    };
    assert_eq!(successor.idle_deadline, row.absolute_deadline);
    assert_eq!(
        apply(&mut row, &attempt(2, 1), row_end()),
        RotationOutcome::Refused(RefusalReason::AbsoluteDeadline)
    );
}

fn row_end() -> Timestamp {
    row().absolute_deadline
}

#[test]
fn deadlines_end_at_their_very_moment() {
    let idle = row().idle_deadline;
    let before = at(idle.as_millis() - 1);
    assert!(matches!(
        decide(&row(), &attempt(1, 0), before).0,
        RotationOutcome::Rotated(_)
    ));
    assert_eq!(
        decide(&row(), &attempt(1, 0), idle),
        (RotationOutcome::Refused(RefusalReason::IdleDeadline), None)
    );
}

#[test]
fn the_first_failing_check_decides() {
    let mut row = third();
    let mut bad = attempt(3, 0);
    bad.subject = Subject::new("apis", "alice");
    bad.secret_digest = SecretDigest::of(b"guess");
    bad.client = Some("other".to_owned());
    bad.scope_allowed = false;
    row.revoked = Some(Revoked {
        at: at(2_500),
        reason: RevocationReason::Logout,
        by: None,
    });
    let late = row_end();
    let expect = |row: &SessionRecord, attempt: &RotationAttempt, now, reason| {
        assert_eq!(
            decide(row, attempt, now),
            (RotationOutcome::Refused(reason), None)
        );
    };
    expect(&row, &bad, late, RefusalReason::Unknown);
    bad.subject = row.subject.clone();
    expect(&row, &bad, late, RefusalReason::SecretMismatch);
    bad.secret_digest = row.secret_digest;
    expect(&row, &bad, late, RefusalReason::Revoked);
    row.revoked = None;
    expect(&row, &bad, late, RefusalReason::AbsoluteDeadline);
    expect(&row, &bad, row.idle_deadline, RefusalReason::IdleDeadline);
    expect(&row, &bad, at(3_000), RefusalReason::Client);
    bad.client = None;
    expect(&row, &bad, at(3_000), RefusalReason::Client);
    bad.client = row.client.clone();
    expect(&row, &bad, at(3_000), RefusalReason::Scope);
    bad.scope_allowed = true;
    assert!(matches!(
        decide(&row, &bad, at(3_000)).0,
        RotationOutcome::Reused { .. }
    ));
}

#[test]
fn a_kept_token_stays_and_never_revokes() {
    let mut row = row();
    let mut keep = attempt(1, 0);
    keep.mode = RotationMode::Keep;
    assert!(matches!(
        apply(&mut row, &keep, at(1)),
        RotationOutcome::Valid { .. }
    ));
    let mut row = third();
    assert_eq!(
        apply(&mut row, &keep, at(3_000)),
        RotationOutcome::Refused(RefusalReason::Generation)
    );
}

#[test]
fn the_same_attempt_gets_the_same_answer_even_without_a_window() {
    let mut row = third();
    let next = without_window(attempt(3, 2));
    let first = apply(&mut row, &next, at(3_000));
    assert_eq!(apply(&mut row, &next, at(90_000)), first);
}

#[test]
fn the_last_generation_is_refused_without_overflow() {
    for generation in [MAX_GENERATION, u64::MAX] {
        assert_eq!(
            decide(&row(), &attempt(1, generation), at(1)),
            (RotationOutcome::Refused(RefusalReason::Generation), None)
        );
    }
}

fn any_attempt() -> impl Strategy<Value = (RotationAttempt, i64)> {
    let flags = (
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.8),
    );
    let rules = (0u64..12, any::<bool>(), any::<bool>());
    let times = (0i64..30, -3i64..30);
    (0u8..4, 0u64..5, flags, rules, any::<bool>(), times).prop_map(
        |(name, generation, flags, (grace, until_used, strict), other, (now, left))| {
            let (client, scope, rotate) = flags;
            let mut attempt = attempt(name, generation);
            attempt.deadline = at((now + left) * 1_000);
            attempt.client = attempt.client.filter(|_| client);
            attempt.scope_allowed = scope;
            if !rotate {
                attempt.mode = RotationMode::Keep;
            }
            attempt.rules = RotationRules::with_grace(Duration::from_secs(grace));
            attempt.rules.until_used = until_used;
            if strict {
                attempt.rules.replay = ReplayPolicy::SameDevice;
            }
            if other {
                attempt.device = Device::new(Some("curl"), None);
            }
            (attempt, now * 1_000)
        },
    )
}

proptest! {
    #[test]
    fn whatever_happens_the_invariants_hold(steps in prop::collection::vec(any_attempt(), 1..40)) {
        let mut row = row();
        for (attempt, now) in steps {
            let before = row.clone();
            let outcome = apply(&mut row, &attempt, at(now));
            prop_assert!(attempt.may_change() || row == before);
            prop_assert!(row.generation >= before.generation);
            prop_assert!(row.rotated_at >= before.rotated_at);
            prop_assert!(row.idle_deadline <= row.absolute_deadline);
            prop_assert!(before.revoked.is_none() || row.revoked == before.revoked);
            if let RotationOutcome::Refused(_)
            | RotationOutcome::Valid { .. }
            | RotationOutcome::Rested { .. }
            | RotationOutcome::Overdue { .. } = outcome
            {
                prop_assert_eq!(&row, &before);
            }
            prop_assert!(row == before || at(now) < attempt.deadline);
            if let Some(successor) = outcome.successor() {
                prop_assert_eq!(successor.generation, row.generation);
                prop_assert!(row.revoked.is_none());
            }
        }
    }

    /// Whatever a client has, in whatever order it comes: in one window there is
    /// one generation, and nobody is logged out.
    #[test]
    fn what_comes_within_a_window_ends_no_session(
        generation in 0u64..3,
        steps in prop::collection::vec((any::<bool>(), 0i64..10_000), 1..40),
    ) {
        let mut row = row();
        for generation in 0..generation {
            apply(&mut row, &without_window(attempt(1, generation)), at(0));
        }
        let start = 60_000;
        apply(&mut row, &attempt(2, generation), at(start));
        let after = row.clone();
        prop_assert_eq!(row.generation, generation + 1);
        for (new, millis) in steps {
            let presented = attempt(3, generation + u64::from(new));
            let outcome = apply(&mut row, &presented, at(start + millis));
            prop_assert_eq!(outcome.successor(), Some(&Successor::of(&after)));
            prop_assert_eq!(&row, &after);
        }
    }
}
