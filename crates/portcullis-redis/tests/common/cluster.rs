//! A cluster of three primaries of a test's own.

use std::{
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use portcullis_redis::{RedisStore, RedisStoreBuilder};

use super::server::Server;

pub(crate) struct Cluster(pub(crate) [Server; 3]);

impl Cluster {
    pub(crate) fn start() -> Option<Self> {
        let node =
            || Server::start(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]);
        let cluster = Self([node()?, node()?, node()?]);
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(cluster.0.iter().map(|node| node.address().to_string()))
            .arg("--cluster-yes")
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let give_up = Instant::now() + Duration::from_secs(20);
        for node in &cluster.0 {
            while !format!("{:?}", node.command(&["CLUSTER", "INFO"])).contains("cluster_state:ok")
            {
                assert!(Instant::now() < give_up, "the cluster does not form");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Some(cluster)
    }

    /// An empty store.
    pub(crate) fn store(&self) -> RedisStoreBuilder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        RedisStore::cluster(self.0.iter().map(Server::url)).prefix(format!("store-{number}"))
    }
}
