//! Rotation over HTTP, by a clock that is turned.

use std::time::Duration;

use portcullis::{
    session::{RotationOutcome, RotationRules, SessionStore},
    subject::Subject,
};
use portcullis_testing::{faulty::Fault, mint::hostile};

use super::{On, Pair, Stage, assert_error, claims};

const DAY: u64 = 24 * 60 * 60;

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Within the window the same successor comes again, byte for byte, with a new
/// access token.
#[test]
fn a_retry_gets_the_same_successor() {
    Stage::new().play(async |on: &On<'_>| {
        let first = on.grant("").await;
        let next = Pair::of(&on.refresh(&first.refresh).await);
        on.backend.clock.advance(millis(9_999));
        for again in [
            on.refresh(&first.refresh).await,
            on.refresh_by_form(&first.refresh, "").await,
        ] {
            assert_eq!(again.json()["expires_in"].as_i64(), Some(3599), "{again:?}");
            let again = Pair::of(&again);
            assert_eq!(again.refresh, next.refresh);
            assert_ne!(again.access, next.access);
        }
        assert_eq!(on.generation(&first.refresh).await, 1);
        // And it is as good as it was.
        on.backend.clock.advance(millis(1));
        let third = Pair::of(&on.refresh(&next.refresh).await);
        assert_ne!(third.refresh, next.refresh);
    });
}

/// For as long as its predecessor is forgiven, a token is not exchanged: it comes
/// back byte for byte, with a new access token.
#[test]
fn a_young_token_rests() {
    Stage::new().play(async |on: &On<'_>| {
        let first = on.grant("").await;
        on.backend.clock.advance(millis(60_000));
        let next = Pair::of(&on.refresh(&first.refresh).await);
        // The last milliseconds of a second are not promised.
        for (passes, expires_in) in [(0, 3600), (9_999, 3599)] {
            on.backend.clock.advance(millis(passes));
            for rested in [
                on.refresh(&next.refresh).await,
                on.refresh_by_form(&next.refresh, "").await,
            ] {
                assert_eq!(rested.json()["expires_in"].as_i64(), Some(expires_in));
                let rested = Pair::of(&rested);
                assert_eq!(rested.refresh, next.refresh);
                assert_ne!(rested.access, next.access);
                assert!(on.accepts("/auth/stations", &rested.access).await);
            }
        }
        assert_eq!(on.generation(&next.refresh).await, 1);
        on.backend.clock.advance(millis(1));
        let third = Pair::of(&on.refresh(&next.refresh).await);
        assert_ne!(third.refresh, next.refresh);
        assert_eq!(on.generation(&next.refresh).await, 2);
    });
}

/// What several calls of a client without a lock come to: the successor is
/// presented while its predecessor is still on its way.
#[test]
fn a_refresh_that_was_overtaken_twice_is_forgiven() {
    Stage::new().play(async |on: &On<'_>| {
        let first = on.grant("").await;
        let next = Pair::of(&on.refresh(&first.refresh).await);
        for token in [&next, &first, &next, &first, &first] {
            on.backend.clock.advance(millis(30));
            assert_eq!(
                Pair::of(&on.refresh(&token.refresh).await).refresh,
                next.refresh
            );
        }
        on.backend.clock.advance(millis(60_000));
        assert_eq!(on.refresh(&next.refresh).await.status, 200);
    });
}

/// A refresh that a proxy held up for longer than the window is a fault, and
/// does not end the session when it arrives at last.
#[test]
fn a_refresh_that_was_held_up_ends_no_session() {
    Stage::new().play(async |on: &On<'_>| {
        let first = on.grant("").await;
        on.backend.store.fail_next(u64::MAX, Fault::HeldUp);
        let held_up = on.refresh(&first.refresh).await;
        on.backend.store.fail_next(0, Fault::HeldUp);
        assert_eq!(held_up.status, 503, "{held_up:?}");
        on.backend.clock.advance(millis(1_000));
        let next = Pair::of(&on.refresh(&first.refresh).await);
        on.backend.clock.advance(millis(10_000));
        let arrived = on.backend.store.release().await.unwrap();
        assert_eq!(arrived.len(), 2, "it was asked twice");
        let by = millis(1_000);
        for outcome in arrived {
            assert_eq!(outcome, RotationOutcome::Overdue { by });
        }
        assert_eq!(on.generation(&next.refresh).await, 1);
        assert!(on.accepts("/auth/stations", &next.access).await);
        assert_eq!(on.refresh(&next.refresh).await.status, 200);
    });
}

/// Whoever of two that have the same token goes on after the window makes the
/// other's an old one, whichever of them is the thief.
#[test]
fn a_stolen_token_is_found_out_after_the_window() {
    Stage::new().play(async |on: &On<'_>| {
        let first = on.grant("").await;
        let stolen = Pair::of(&on.refresh(&first.refresh).await);
        on.backend.clock.advance(millis(10_000));
        let one = Pair::of(&on.refresh(&stolen.refresh).await);
        on.backend.clock.advance(millis(10_000));
        assert_error(&on.refresh(&stolen.refresh).await, 400, "invalid_grant");
        assert_error(&on.refresh(&one.refresh).await, 400, "invalid_grant");
        for pair in [first, stolen, one] {
            assert!(!on.accepts("/auth/stations", &pair.access).await);
        }
    });
}

/// No retry extends the window.
#[test]
fn the_window_is_anchored_at_the_rotation() {
    Stage::new().play(async |on: &On<'_>| {
        let first = on.grant("").await;
        Pair::of(&on.refresh(&first.refresh).await);
        on.backend.clock.advance(millis(9_000));
        assert_eq!(on.refresh(&first.refresh).await.status, 200);
        on.backend.clock.advance(millis(9_000));
        assert_error(&on.refresh(&first.refresh).await, 400, "invalid_grant");
    });
}

/// Reuse ends the session: refresh and access tokens, in one step.
#[test]
fn reuse_ends_the_session_and_no_other() {
    Stage::new().play(async |on: &On<'_>| {
        let other = on.grant("").await;
        let first = on.grant("").await;
        let next = Pair::of(&on.refresh(&first.refresh).await);
        on.backend.clock.advance(millis(10_001));
        let reused = on.refresh(&first.refresh).await;
        assert_error(&reused, 400, "invalid_grant");
        for token in [&first.refresh, &next.refresh] {
            let refused = on.refresh(token).await;
            // Every refusal has the same body.
            assert_eq!(refused.text(), reused.text());
        }
        for access in [&first.access, &next.access] {
            assert!(!on.accepts("/auth/stations", access).await);
        }
        assert!(on.accepts("/auth/stations", &other.access).await);
        assert_eq!(on.refresh(&other.refresh).await.status, 200);
    });
}

/// Only the immediate predecessor qualifies, and what is older is found out at
/// once.
#[test]
fn grandparents_are_reuse_at_once() {
    Stage::new().play(async |on: &On<'_>| {
        let first = on.grant("").await;
        let second = Pair::of(&on.refresh(&first.refresh).await);
        on.backend.clock.advance(millis(10_000));
        let third = Pair::of(&on.refresh(&second.refresh).await);
        assert_error(&on.refresh(&first.refresh).await, 400, "invalid_grant");
        assert_error(&on.refresh(&third.refresh).await, 400, "invalid_grant");
        assert!(!on.accepts("/auth/stations", &third.access).await);
    });
}

#[test]
fn without_a_window_every_retry_is_reuse() {
    let stage = Stage::with_rules(RotationRules::with_grace(Duration::ZERO));
    stage.play(async |on: &On<'_>| {
        let first = on.grant("").await;
        let next = Pair::of(&on.refresh(&first.refresh).await);
        // Nor does a token rest.
        let third = Pair::of(&on.refresh(&next.refresh).await);
        assert_ne!(third.refresh, next.refresh);
        assert_error(&on.refresh(&next.refresh).await, 400, "invalid_grant");
        assert_error(&on.refresh(&third.refresh).await, 400, "invalid_grant");
    });
}

/// Opt-in: a predecessor whose successor was never exchanged is accepted
/// however late, once.
#[test]
fn until_the_successor_is_used() {
    let mut rules = RotationRules::default();
    rules.until_used = true;
    let stage = Stage::with_rules(rules);
    stage.play(async |on: &On<'_>| {
        let first = on.grant("").await;
        let lost = Pair::of(&on.refresh(&first.refresh).await);
        on.backend.clock.advance(millis(3_600_000));
        let again = Pair::of(&on.refresh(&first.refresh).await);
        assert_eq!(again.refresh, lost.refresh);
        // Once.
        on.backend.clock.advance(millis(3_600_000));
        assert_error(&on.refresh(&first.refresh).await, 400, "invalid_grant");
        // A token that was presented while it rested was not exchanged.
        let first = on.grant("").await;
        let next = Pair::of(&on.refresh(&first.refresh).await);
        let rested = Pair::of(&on.refresh(&next.refresh).await);
        assert_eq!(rested.refresh, next.refresh);
        on.backend.clock.advance(millis(3_600_000));
        let again = Pair::of(&on.refresh(&first.refresh).await);
        assert_eq!(again.refresh, next.refresh);
        // And never once the successor was exchanged.
        let first = on.grant("").await;
        let next = Pair::of(&on.refresh(&first.refresh).await);
        on.backend.clock.advance(millis(10_000));
        let next = Pair::of(&on.refresh(&next.refresh).await);
        on.backend.clock.advance(millis(3_600_000));
        assert_error(&on.refresh(&first.refresh).await, 400, "invalid_grant");
        assert_error(&on.refresh(&next.refresh).await, 400, "invalid_grant");
    });
}

/// What is forged, foreign, cut off or expired changes nothing.
#[test]
fn only_the_generation_revokes() {
    Stage::new().play(async |on: &On<'_>| {
        let first = on.grant("").await;
        let pair = Pair::of(&on.refresh(&first.refresh).await);
        on.backend.clock.advance(millis(60_000));
        let token = &pair.refresh;
        let mut bad: Vec<_> = (0..3)
            .map(|segment| hostile::flipped(token, segment))
            .collect();
        bad.push(token[..token.len() - 1].to_owned());
        bad.push(format!("{token}A"));
        bad.push(hostile::unsigned(
            r#"{"alg":"none"}"#,
            claims(&first.refresh).to_string(),
        ));
        // The generation of the first under the signature of the second.
        bad.push(hostile::with_segment(
            token,
            1,
            hostile::segments(&first.refresh)[1],
        ));
        bad.extend((0..3).filter_map(|segment| hostile::with_trailing_bits(token, segment)));
        for bad in &bad {
            assert_error(&on.refresh(bad).await, 400, "invalid_grant");
        }
        assert_eq!(on.generation(token).await, 1);
        assert!(on.accepts("/auth/stations", &pair.access).await);
        assert_eq!(on.refresh(token).await.status, 200);
    });
}

#[test]
fn an_unused_token_expires() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("").await;
        let lives = Duration::from_secs(30 * DAY);
        on.backend.clock.advance(lives - millis(1000));
        let pair = Pair::of(&on.refresh(&pair.refresh).await);
        on.backend.clock.advance(lives);
        assert_error(&on.refresh(&pair.refresh).await, 400, "invalid_grant");
    });
}

/// However often it is refreshed, a session ends; and no token outlives it.
#[test]
fn a_session_ends_at_its_absolute_deadline() {
    Stage::new().play(async |on: &On<'_>| {
        let mut pair = on.grant("").await;
        let start = claims(&pair.access)["iat"].as_i64().unwrap();
        let end = start + 90 * 24 * 60 * 60;
        for _ in 0..3 {
            on.backend.clock.advance(Duration::from_secs(29 * DAY));
            pair = Pair::of(&on.refresh(&pair.refresh).await);
            assert!(claims(&pair.refresh)["exp"].as_i64().unwrap() <= end);
        }
        assert_eq!(claims(&pair.refresh)["exp"], end);
        // Half an hour before the end an access token lives half an hour.
        let at = |seconds| {
            on.backend
                .clock
                .set(portcullis::time::Timestamp::from_secs(seconds))
        };
        at(end - 1800);
        let answer = on.refresh(&pair.refresh).await;
        assert_eq!(answer.json()["expires_in"], 1800);
        pair = Pair::of(&answer);
        assert_eq!(claims(&pair.access)["exp"], end);
        at(end);
        assert_error(&on.refresh(&pair.refresh).await, 400, "invalid_grant");
        assert!(!on.accepts("/auth/stations", &pair.access).await);
    });
}

/// Disabled or removed: refused; and nothing is revoked by it.
#[test]
fn who_is_gone_gets_nothing() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("").await;
        on.backend
            .people
            .change(|people| people.gone.insert("alice".to_owned()));
        assert_error(&on.refresh(&pair.refresh).await, 400, "invalid_grant");
        on.backend.people.change(|people| people.gone.clear());
        assert_eq!(on.generation(&pair.refresh).await, 0);
        assert_eq!(on.refresh(&pair.refresh).await.status, 200);
    });
}

#[test]
fn sec_is_not_what_the_store_keeps() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("").await;
        let said = claims(&pair.refresh);
        let sec = said["sec"].as_str().unwrap();
        assert_eq!(sec.len(), 43);
        let id = portcullis::session::SessionId::parse(said["sid"].as_str().unwrap()).unwrap();
        let subject = Subject::new("users", said["user_id"].as_str().unwrap());
        let row = on.backend.store.session(&subject, &id).await;
        let row = row.unwrap().unwrap();
        let mut secret = [0_u8; 32];
        secret.copy_from_slice(&portcullis::jose::decode_array::<32>(sec.as_bytes()).unwrap());
        assert_ne!(row.secret_digest.as_bytes(), &secret);
        assert_eq!(
            row.secret_digest,
            portcullis::session::SecretDigest::of(&secret)
        );
    });
}
