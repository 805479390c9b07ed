//! Stores that leave nothing behind.

#![allow(dead_code)]

#[cfg(feature = "cluster")]
pub(crate) mod cluster;
pub(crate) mod server;
pub(crate) mod sessions;

use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_redis::{RedisStore, RedisStoreBuilder};

/// A prefix of its own; its keys go when it is dropped.
pub(crate) struct Prefix {
    url: String,
    name: String,
}

impl Prefix {
    pub(crate) fn new(url: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            url: url.to_owned(),
            name: format!("portcullis-test-{}-{number}", std::process::id()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A store with this prefix.
    pub(crate) fn store(&self) -> RedisStoreBuilder {
        RedisStore::builder(self.url.as_str()).prefix(&self.name)
    }

    /// The keys there are.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut connection = self.connection();
        let mut keys = Vec::new();
        let mut cursor = 0_u64;
        loop {
            let (next, found): (u64, Vec<String>) = redis::cmd("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg(format!("{{{}[:}}]*", self.name))
                .arg("COUNT")
                .arg(1000)
                .query(&mut connection)
                .unwrap();
            keys.extend(found);
            cursor = next;
            if cursor == 0 {
                return keys;
            }
        }
    }

    pub(crate) fn connection(&self) -> redis::Connection {
        let client = redis::Client::open(self.url.as_str()).unwrap();
        client.get_connection().unwrap()
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        let keys = self.keys();
        if !keys.is_empty() {
            let _ = redis::cmd("DEL").arg(keys).exec(&mut self.connection());
        }
    }
}
