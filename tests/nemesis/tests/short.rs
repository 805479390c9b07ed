//! A short run on each store, with every fault there is once. Nothing is asserted of how
//! long anything takes.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, env, fs, path::PathBuf, time::Duration};

use nemesis::{
    checker::Rules,
    report,
    run::{Habits, Plan, run},
    site::Kind,
};
use portcullis_testing::servers;

const PROGRAMS: [&str; 3] = [
    env!("CARGO_BIN_EXE_nemesis-demo-axum"),
    env!("CARGO_BIN_EXE_nemesis-demo-actix"),
    env!("CARGO_BIN_EXE_nemesis-demo-hyper"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_forked_on_sqlite() {
    holds(Kind::Sqlite, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_forked_on_postgresql() {
    if Kind::Postgres.is_installed() {
        holds(Kind::Postgres, 11).await;
    } else {
        // With the word that makes a missing server an error.
        assert!(
            env::var_os("PORTCULLIS_TEST_REQUIRE_SERVERS").is_none_or(|value| value.is_empty()),
            "PostgreSQL is not installed"
        );
        eprintln!("left out: faults on PostgreSQL, which is not installed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_lost_writes_is_lost_on_redis() {
    if servers::redis_server_is_installed() {
        holds(Kind::Redis, 12).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_lost_writes_is_lost_on_a_redis_cluster() {
    if servers::redis_server_is_installed() {
        holds(Kind::RedisCluster, 6).await;
    }
}

/// A run with so many kinds of faults.
async fn holds(kind: Kind, faults: usize) {
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path().to_owned());
    let plan = Plan {
        kind,
        programs: PROGRAMS.map(PathBuf::from).to_vec(),
        rules: Rules {
            grace: Duration::from_secs(5),
            max_silence: Duration::from_secs(4),
        },
        clients: 80,
        // More than in the long runs, since there are so few.
        habits: Habits {
            leave: 60,
            stolen: 60,
            twice: 100,
            cut: 50,
            early: 50,
            call: 300,
        },
        at_once: 16,
        generations: 100,
        rounds: 1,
        at_most: Duration::from_secs(600),
        peace: Duration::from_millis(300),
        seed: 20,
        folder: fs::canonicalize(folder.path()).unwrap(),
    };
    let outcome = run(&plan).await.unwrap();
    let text = report::text(&plan, &outcome);
    println!("{text}");
    assert!(outcome.report.violations.is_empty(), "{text}");
    assert!(outcome.report.advanced >= plan.generations, "{text}");
    let injected = outcome.history.faults.iter().map(|one| &*one.fault);
    let injected: BTreeSet<_> = injected.collect();
    assert_eq!(injected.len(), faults, "{text}");
}

/// PostgreSQL does not run as root, and has to get to its files.
fn open_to_all(folder: PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}
