//! The script of Redis.

use std::time::Duration;

use portcullis::{session::SessionRecord, time::Timestamp};
use portcullis_redis::RedisStore;
use portcullis_testing::{clock::FakeClock, servers};
use redis::{Commands as _, Connection, Pipeline};
use serde_json::json;

use crate::{
    Kept, Place, follows_the_rules,
    rows::{begin, object},
    tidied,
};

/// Keys beside that of the session that is copied.
struct Keys {
    connection: Connection,
    /// The key of the session that is copied, and its name in it.
    copied: (String, String),
    row: Kept,
}

impl Keys {
    fn new(mut connection: Connection, prefix: &str, session: &SessionRecord) -> Self {
        let id = session.id.as_str();
        let keys = all_keys(&mut connection, prefix);
        let mut rows = keys.into_iter().filter(|key| key.ends_with(id));
        let key = rows.next().unwrap();
        assert_eq!(rows.next(), None);
        let row: String = connection.get(&key).unwrap();
        Self {
            connection,
            copied: (key, id.to_owned()),
            row: serde_json::from_str(&row).unwrap(),
        }
    }

    fn key(&self, row: &Kept) -> String {
        let (key, id) = &self.copied;
        key.replace(id, row["id"].as_str().unwrap())
    }
}

fn all_keys(connection: &mut Connection, prefix: &str) -> Vec<String> {
    let found = connection.scan_match(format!("*{prefix}*")).unwrap();
    found.map(Result::unwrap).collect()
}

impl Place for Keys {
    fn kept(&self, row: &SessionRecord) -> Kept {
        let time = |time: Timestamp| time.as_millis().to_string();
        object(json!({
            "id": row.id.as_str(),
            "client": row.client,
            "generation": row.generation.to_string(),
            "rotated": time(row.rotated_at),
            "idle": time(row.idle_deadline),
            "absolute": time(row.absolute_deadline),
            "digest": hex::encode(row.secret_digest.as_bytes()),
            "key": &*row.refresh_key,
            "agent": row.device.user_agent,
            "address": row.device.address,
            "rotated_by": row.rotated_by.map(|by| hex::encode(by.as_bytes())),
            "from": row.rotated_from.to_string(),
            "late": row.late_retry_by.map(|by| hex::encode(by.as_bytes())),
            "revoked": row.revoked.map(|revoked| time(revoked.at)),
            "why": row.revoked.map(|revoked| revoked.reason.as_str()),
            "by": row.revoked.and_then(|revoked| revoked.by).map(|by| hex::encode(by.as_bytes())),
        }))
    }

    async fn put(&mut self, rows: &[Kept]) {
        let mut pipeline = Pipeline::new();
        for row in rows {
            let mut whole = self.row.clone();
            whole.extend(row.clone());
            // What is not there is left out.
            whole.retain(|_, value| !value.is_null());
            let text = serde_json::to_string(&whole).unwrap();
            pipeline.set(self.key(row), text).ignore();
        }
        pipeline.exec(&mut self.connection).unwrap();
    }

    async fn read(&mut self, rows: &[Kept]) -> Vec<Kept> {
        let keys: Vec<_> = rows.iter().map(|row| self.key(row)).collect();
        let kept: Vec<String> = self.connection.mget(keys).unwrap();
        let kept = kept.iter().map(|row| serde_json::from_str(row).unwrap());
        kept.collect()
    }
}

#[tokio::test]
async fn redis_follows_the_rules() {
    let Some(url) = servers::redis_url() else {
        return;
    };
    let prefix = format!("portcullis-model-{}", std::process::id());
    let client = redis::Client::open(url.as_str()).unwrap();
    let connect = || client.get_connection().unwrap();
    let compared = async {
        let clock = FakeClock::new();
        let store = RedisStore::builder(url.as_str())
            .prefix(&prefix)
            .test_clock(clock.shared())
            .timeout(Duration::from_secs(30))
            .connect()
            .await
            .unwrap();
        let session = begin(&store, &clock).await;
        let mut keys = Keys::new(connect(), &prefix, &session);
        follows_the_rules(&store, &mut keys).await;
    };
    tidied(compared, async || {
        let mut connection = connect();
        for keys in all_keys(&mut connection, &prefix).chunks(1000) {
            let _: () = connection.del(keys).unwrap();
        }
    })
    .await;
}
