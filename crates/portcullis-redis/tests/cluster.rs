//! The store on a cluster of three primaries keeps the contract: no script
//! touches two slots.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::{
    cluster::Cluster,
    sessions::{DAY, attempt, open_for, with_grace},
};
use portcullis::{
    session::{RevocationQuery, RotationOutcome, SessionStore, StoreErrorKind},
    subject::Subject,
    time::SharedClock,
};
use portcullis_testing::store_contract::{
    self, cut_off, key_rings, limits, lists, log_out, one_use, overdue, races, resting,
    revocations, rotation,
};

macro_rules! cases {
    ($cluster:ident; $($module:ident::$case:ident,)*) => {
        $(store_contract::run(
            async |clock: SharedClock| {
                let store = $cluster.store().test_clock(clock).connect().await;
                (store.unwrap(), ())
            },
            $module::$case,
        );)*
    };
}

#[test]
fn a_cluster_keeps_the_contract_and_survives_the_loss_of_a_node() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    cases!(cluster;
        rotation::the_predecessor_gives_the_same_successor_in_the_window,
        rotation::past_the_window_the_predecessor_revokes,
        rotation::until_used_forgives_once,
        rotation::the_first_failing_check_decides,
        resting::a_young_token_rests,
        overdue::an_overdue_attempt_changes_nothing,
        races::without_a_window_one_of_many_wins,
        races::no_login_survives_the_log_out_that_overtook_it,
        races::the_limit_of_application_tokens_holds,
        cut_off::everybody_of_a_realm_is_logged_out,
        cut_off::who_was_logged_out_with_everybody_is_out,
        cut_off::a_login_after_it_is_good,
        cut_off::application_tokens_end_with_everybody,
        cut_off::a_cut_off_is_told_as_one,
        cut_off::no_login_survives_the_cut_off_that_overtook_it,
        log_out::ending_a_session_can_be_repeated,
        log_out::logging_out_everywhere_ends_everything_of_one_subject,
        lists::sessions_come_back_as_they_were_made,
        lists::application_tokens_are_listed_until_removed,
        limits::sessions_are_listed_page_by_page,
        limits::a_session_is_its_subjects_own,
        limits::a_login_too_many_ends_the_longest_idle,
        limits::only_live_sessions_count,
        limits::a_limit_holds_among_many_at_once,
        limits::a_subject_is_forgotten,
        limits::devices_are_forgotten,
        revocations::what_was_revoked_is_told_page_by_page,
        revocations::everything_that_was_revoked_is_told,
        revocations::what_was_revoked_before_is_not_told,
        one_use::the_first_use_is_told_from_others,
        one_use::of_many_at_once_one_is_first,
        key_rings::a_ring_is_kept_until_it_is_replaced,
        key_rings::one_of_many_replaces_a_ring,
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(a_node_is_lost(&mut cluster));
    runtime.block_on(what_was_revoked_elsewhere_is_told(&mut cluster));
}

async fn a_node_is_lost(cluster: &mut Cluster) {
    let store = cluster.store().timeout(Duration::from_millis(500));
    let store = store.connect().await.unwrap();
    let mut sessions = Vec::new();
    for number in 0..32 {
        let subject = Subject::new("users", format!("user-{number}"));
        sessions.push(open_for(&store, &subject, DAY).await);
    }
    cluster.0[2].kill();
    let mut lost = 0;
    for session in &sessions {
        let begun = Instant::now();
        match store.rotate(&with_grace(attempt(session, 0), DAY)).await {
            Ok(outcome) => assert!(matches!(outcome, RotationOutcome::Rotated(_))),
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
                lost += 1;
            }
        }
        assert!(begun.elapsed() < Duration::from_millis(1500));
    }
    assert!(lost > 0, "no session was on the node");
    cluster.0[2].restart();
    let give_up = Instant::now() + Duration::from_secs(20);
    for session in &sessions {
        loop {
            match store.rotate(&with_grace(attempt(session, 0), DAY)).await {
                Ok(outcome) => {
                    assert!(outcome.successor().is_some(), "{outcome:?}");
                    break;
                }
                Err(_) => assert!(Instant::now() < give_up, "does not come back"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The shards of a node that is lost make the reading fail, but only behind the others.
async fn what_was_revoked_elsewhere_is_told(cluster: &mut Cluster) {
    for node in &cluster.0 {
        node.command(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    let store = cluster.store().timeout(Duration::from_millis(500));
    let store = store.connect().await.unwrap();
    let since = store.current_time().await.unwrap();
    for number in 0..32 {
        let subject = Subject::new("users", format!("user-{number}"));
        let session = open_for(&store, &subject, DAY).await;
        assert!(store.revoke(&subject, &session.id).await.unwrap());
    }
    let read = async || {
        let (mut told, mut query) = (0, RevocationQuery::since(since));
        loop {
            match store.revocation_page(&query).await {
                Err(error) => return (told, Err(error)),
                Ok(page) => {
                    told += page.revocations.len();
                    let Some(next) = page.next else {
                        return (told, Ok(()));
                    };
                    query.after = Some(next);
                }
            }
        }
    };
    let begun = Instant::now();
    let (told, result) = read().await;
    result.unwrap();
    assert_eq!(told, 32);
    println!(
        "a reading of all feeds of a cluster took {:?}",
        begun.elapsed()
    );
    cluster.0[2].kill();
    let (told, result) = read().await;
    assert_eq!(result.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(0 < told && told < 32, "{told}");
    cluster.0[2].restart();
    let give_up = Instant::now() + Duration::from_secs(20);
    loop {
        let read = read().await;
        if matches!(read, (32, Ok(()))) {
            break;
        }
        assert!(Instant::now() < give_up, "does not come back: {read:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
