//! Where the nodes of key rings meet.

use std::time::Duration;

use portcullis::session::{SessionStore, StoredRing};

use super::bench::{Bench, at_once};

/// A record is there until it is replaced, with the store's time beside it.
pub async fn a_ring_is_kept_until_it_is_replaced(bench: &Bench) {
    let none = StoredRing {
        version: 0,
        record: String::new(),
        now: bench.now(),
    };
    assert_eq!(ring(bench, "access").await, none);
    let long = format!(r#"{{"a":"{}\"é😀"}}"#, "x".repeat(100_000));
    for (version, record) in [(0, "first"), (1, ""), (2, &long)] {
        assert!(replace(bench, "access", version, record).await);
        bench.pass(Duration::from_secs(400 * 86_400));
        let expected = StoredRing {
            version: version + 1,
            record: record.to_owned(),
            now: bench.now(),
        };
        assert_eq!(ring(bench, "access").await, expected);
    }
    bench.store.purge(Duration::ZERO).await.expect("it purges");
    assert_eq!(ring(bench, "access").await.record, long);
}

/// Another ring's version is its own.
pub async fn rings_are_told_apart_by_their_names(bench: &Bench) {
    for name in ["access", "refresh", "Access", "a.b-c_d"] {
        assert!(replace(bench, name, 0, name).await);
    }
    assert!(replace(bench, "refresh", 1, "other").await);
    assert_eq!(ring(bench, "access").await.record, "access");
    assert_eq!(ring(bench, "Access").await.version, 1);
    assert_eq!(ring(bench, "refresh").await.version, 2);
}

/// Whoever replaces what somebody else has replaced meanwhile changes nothing.
pub async fn a_ring_that_has_changed_is_not_replaced(bench: &Bench) {
    for version in [1, 7] {
        assert!(!replace(bench, "access", version, "x").await);
    }
    assert!(replace(bench, "access", 0, "first").await);
    for version in [0, 2, u64::from(u32::MAX)] {
        assert!(!replace(bench, "access", version, "x").await);
    }
    assert_eq!(ring(bench, "access").await.record, "first");
    assert_eq!(ring(bench, "access").await.version, 1);
}

/// Of many that replace one version at once, one wins.
pub async fn one_of_many_replaces_a_ring(bench: &Bench) {
    for version in 0..5 {
        let writers = (0..8).map(|number| {
            let store = bench.store.clone();
            async move {
                let record = format!("{version}/{number}");
                let replaced = store.replace_key_ring("access", version, &record).await;
                replaced.expect("it replaces").then_some(record)
            }
        });
        let won: Vec<_> = at_once(writers).await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(ring(bench, "access").await.record, won[0]);
    }
}

async fn ring(bench: &Bench, name: &str) -> StoredRing {
    bench.store.key_ring(name).await.expect("the store reads")
}

async fn replace(bench: &Bench, name: &str, version: u64, record: &str) -> bool {
    let replaced = bench.store.replace_key_ring(name, version, record).await;
    replaced.expect("the store replaces")
}
