//! In a cluster each primary is confirmed by itself, and the oldest proof counts.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use common::{
    server::Server,
    sessions::{DAY, open_for},
};
use portcullis::{
    session::{SessionStore, StoreErrorKind},
    subject::Subject,
};
use portcullis_redis::RedisStore;
use redis::FromRedisValue;

const HOUR: Duration = Duration::from_secs(3600);

/// Three primaries, each with a replica.
fn start() -> Option<Vec<Server>> {
    let options = [
        "--cluster-enabled",
        "yes",
        // Nobody is promoted because of a node that only hangs for a moment.
        "--cluster-node-timeout",
        "60000",
        "--repl-diskless-sync-delay",
        "0",
    ];
    let nodes: Vec<_> = (0..6)
        .map(|_| Server::start(&options))
        .collect::<Option<_>>()?;
    let made = Command::new("redis-cli")
        .args(["--cluster", "create"])
        .args(nodes.iter().map(|node| node.address().to_string()))
        .args(["--cluster-replicas", "1", "--cluster-yes"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    for node in &nodes {
        node.wait_until(&["CLUSTER", "INFO"], "cluster_state:ok");
    }
    for node in &nodes {
        // A replica that has its primary, or a primary that has its replica.
        let give_up = Instant::now() + Duration::from_secs(30);
        loop {
            let replication = format!("{:?}", node.command(&["INFO", "replication"]));
            if replication.contains("master_link_status:up") || replication.contains("state=online")
            {
                break;
            }
            assert!(Instant::now() < give_up, "{replication}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Some(nodes)
}

fn is_replica(node: &Server) -> bool {
    format!("{:?}", node.command(&["INFO", "replication"])).contains("role:slave")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_proof_of_all_primaries_counts() {
    let Some(nodes) = start() else {
        return;
    };
    let builder = || {
        let nodes = nodes.iter().map(Server::url);
        RedisStore::cluster(nodes).timeout(Duration::from_secs(2))
    };
    let store = builder()
        .confirmed_by_replicas(1)
        .log_outs_reach_replicas(1);
    let store = store.connect().await.unwrap();
    let before = store.current_time().await.unwrap();
    let proven = store.confirm(Duration::ZERO).await.unwrap();
    assert!(proven >= before);
    // On each of the three, and read by all.
    let proofs: usize = nodes
        .iter()
        .filter(|node| !is_replica(node))
        .map(|node| {
            format!("{:?}", node.command(&["KEYS", "*:proof"]))
                .matches(":proof")
                .count()
        })
        .inspect(|proofs| assert_eq!(*proofs, 1))
        .sum();
    assert_eq!(proofs, 3);
    let reader = builder().connect().await.unwrap();
    assert_eq!(reader.confirm(HOUR).await.unwrap(), proven);

    let stopped = nodes.iter().find(|node| is_replica(node)).unwrap();
    stopped.pause();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let since = store.current_time().await.unwrap();
    let old = store.confirm(Duration::ZERO).await.unwrap();
    assert!(old < since, "{old:?} {since:?}");
    // Log-outs of those who are elsewhere go on.
    let (mut reached, mut missed) = (0, 0);
    for number in 0..24 {
        let subject = Subject::new("users", format!("user-{number}"));
        let session = open_for(&reader, &subject, DAY).await;
        match store.revoke(&subject, &session.id).await {
            Ok(ended) => reached += usize::from(ended),
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
                missed += 1;
            }
        }
    }
    assert!(
        reached > 0 && missed > 0 && reached + missed == 24,
        "{reached} {missed}"
    );
    stopped.resume();
    let give_up = Instant::now() + Duration::from_secs(60);
    loop {
        let proven = store.confirm(Duration::ZERO).await;
        if proven.is_ok_and(|proven| proven >= since) {
            break;
        }
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// While its keys are still there, what is not there would be looked for elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_in_a_slot_that_moves_is_made_once() {
    let Some(nodes) = start() else { return };
    let store = RedisStore::cluster(nodes[..3].iter().map(Server::url))
        .timeout(Duration::from_secs(2))
        .log_outs_reach_replicas(1);
    let store = store.connect().await.unwrap();
    let session = open_for(&store, &Subject::new("users", "alice"), DAY).await;
    let command = |node: &Server, words: &[&str]| node.command(words);
    let text = |value| String::from_redis_value(value).unwrap();
    let pattern = format!("*:s:{}", session.id);
    let key_on = |node: &Server| {
        let keys = Vec::<String>::from_redis_value(command(node, &["KEYS", &pattern])).unwrap();
        keys.into_iter().next()
    };
    let (from, key) = nodes[..3]
        .iter()
        .find_map(|node| Some((node, key_on(node)?)))
        .unwrap();
    let to = nodes[..3].iter().find(|node| node.url() != from.url());
    let to = to.unwrap();
    let slot = i64::from_redis_value(command(from, &["CLUSTER", "KEYSLOT", &key])).unwrap();
    let slot = slot.to_string();
    let name = |node: &Server| text(command(node, &["CLUSTER", "MYID"]));
    command(to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &name(from)]);
    command(from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &name(to)]);
    assert!(store.revoke(&session.subject, &session.id).await.unwrap());
    assert!(!store.revoke(&session.subject, &session.id).await.unwrap());
    // Nothing is left of having waited.
    let (tag, _) = key.split_once(":s:").unwrap();
    let marks = command(from, &["HKEYS", &format!("{tag}:cut")]);
    let marks = Vec::<String>::from_redis_value(marks).unwrap();
    assert_eq!(marks, [""]);
}
