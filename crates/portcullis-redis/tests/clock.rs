//! By the server's own clock.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{
    Prefix,
    sessions::{DAY, alice, attempt, open, open_for, with_grace},
};
use portcullis::{
    session::{ApplicationToken, RefusalReason, RotationOutcome, SessionStore},
    time::Timestamp,
};
use portcullis_testing::servers::redis_url;
use tokio::time::sleep;

const SHORT: Duration = Duration::from_millis(200);

fn prefix() -> Option<Prefix> {
    Some(Prefix::new(&redis_url()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_measures_the_window_and_the_deadlines() {
    let Some(prefix) = prefix() else {
        return;
    };
    let store = prefix.store().connect().await.unwrap();
    let (session, idle) = (open(&store).await, open_for(&store, &alice(), SHORT).await);
    let first = with_grace(attempt(&session, 0), SHORT * 5);
    let outcome = store.rotate(&first).await.unwrap();
    assert!(
        matches!(outcome, RotationOutcome::Rotated(_)),
        "{outcome:?}"
    );
    sleep(SHORT + Duration::from_millis(20)).await;
    let again = with_grace(attempt(&session, 0), SHORT * 5);
    let outcome = store.rotate(&again).await.unwrap();
    assert!(
        matches!(outcome, RotationOutcome::Replayed { elapsed, .. } if elapsed >= SHORT),
        "{outcome:?}"
    );
    let outcome = store.rotate(&attempt(&idle, 0)).await.unwrap();
    let refused = RotationOutcome::Refused(RefusalReason::IdleDeadline);
    assert_eq!(outcome, refused);
    let late = with_grace(attempt(&session, 0), SHORT);
    let outcome = store.rotate(&late).await.unwrap();
    assert!(
        matches!(outcome, RotationOutcome::Reused { .. }),
        "{outcome:?}"
    );
}

/// Asked for where it is not known, and then carried on from the last answer.
#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_the_server_is_known() {
    let Some(prefix) = prefix() else {
        return;
    };
    let server_time = || {
        let time = redis::cmd("TIME").query(&mut prefix.connection());
        let (seconds, micros): (i64, i64) = time.unwrap();
        Timestamp::from_millis(seconds * 1000 + micros / 1000)
    };
    let store = prefix.store().connect().await.unwrap();
    let before = server_time();
    let told = store.current_time().await.unwrap();
    assert!(before <= told && told <= server_time());
    let session = open(&store).await;
    let outcome = store.rotate(&attempt(&session, 0)).await.unwrap();
    let told = store.current_time().await.unwrap();
    assert!(outcome.successor().unwrap().rotated_at <= told);
    assert!(told <= server_time());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_has_to_be_purged() {
    let Some(prefix) = prefix() else {
        return;
    };
    let store = prefix.store().keep(SHORT).connect().await.unwrap();
    let at_rest = prefix.keys().len();
    let (ends, _expires) = (open(&store).await, open_for(&store, &alice(), SHORT).await);
    let ticket = store.login_ticket().await.unwrap();
    for id in ["removed", "stays"] {
        let token = ApplicationToken {
            id: id.to_owned(),
            subject: alice(),
            created_at: ends.created_at,
        };
        store.add_application_token(token, 9, ticket).await.unwrap();
    }
    store
        .remove_application_token(&alice(), "removed")
        .await
        .unwrap();
    store.revoke(&ends.subject, &ends.id).await.unwrap();
    let until = ends.created_at.saturating_add(SHORT);
    store.revoke_token(&alice(), "jti", until).await.unwrap();
    assert!(prefix.keys().len() > at_rest + 5);
    for _ in 0..50 {
        sleep(SHORT / 2).await;
        // The order of log-outs, what each shard has, the token that stays, and its list.
        if prefix.keys().len() == at_rest + 5 {
            assert!(
                store
                    .application_token_is_live(&alice(), "stays")
                    .await
                    .unwrap()
            );
            return;
        }
    }
    panic!("left: {:?}", prefix.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_go_out_of_date() {
    use portcullis::session::{Created, LoginTicket};

    let Some(prefix) = prefix() else {
        return;
    };
    let store = prefix.store().connect().await.unwrap();
    let now = store.login_ticket().await.unwrap().sequence();
    for (age, is_good) in [
        (0_u64, true),
        (3_500, true),
        (3_700, false),
        (1 << 40, false),
    ] {
        let ticket = LoginTicket::from_sequence(now.saturating_sub(age * 1_000_000));
        let session = common::sessions::new_session(&alice(), DAY);
        let created = store.create(session, ticket).await.unwrap();
        assert_eq!(matches!(created, Created::Session { .. }), is_good, "{age}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_race() {
    let Some(prefix) = prefix() else {
        return;
    };
    let nodes = [
        prefix.store().connect().await.unwrap(),
        prefix.store().connect().await.unwrap(),
    ];
    for grace in [Duration::ZERO, DAY] {
        for _ in 0..8 {
            let session = open(&nodes[0]).await;
            let tasks: Vec<_> = (0..64)
                .map(|task| {
                    let node = nodes[task % 2].clone();
                    let attempt = with_grace(attempt(&session, 0), grace);
                    tokio::spawn(async move { node.rotate(&attempt).await.unwrap() })
                })
                .collect();
            let mut outcomes = Vec::new();
            for task in tasks {
                outcomes.push(task.await.unwrap());
            }
            let rotated =
                |outcome: &&RotationOutcome| matches!(outcome, RotationOutcome::Rotated(_));
            assert_eq!(outcomes.iter().filter(rotated).count(), 1);
            let successors: Vec<_> = outcomes.iter().filter_map(|o| o.successor()).collect();
            let expected = if grace.is_zero() { 1 } else { 64 };
            assert_eq!(successors.len(), expected);
            assert!(successors.windows(2).all(|pair| pair[0] == pair[1]));
            let row = nodes[1]
                .session(&session.subject, &session.id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                (row.generation, row.revoked.is_some()),
                (1, grace.is_zero())
            );
        }
    }
}
