//! The script of Redis.

use std::time::Duration;

use model::domain::{NOW, cases};
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

/// The members that the store's script writes first, in its order: rows that begin so take
/// its short way, if they are exchanged.
const ORDER: [&str; 20] = [
    "revoked",
    "why",
    "by",
    "late",
    "generation",
    "rotated",
    "idle",
    "absolute",
    "kept",
    "created",
    "ticket",
    "from",
    "rotated_by",
    "key",
    "agent",
    "address",
    "digest",
    "client",
    "subject",
    "grant",
];

/// Until when the subject's key lasts, a millisecond longer than most of the attempts need, as
/// sessions are kept for a day: the short way leaves that as it is, and the long way changes it.
fn kept() -> String {
    let idle_ttl = Duration::from_secs(10);
    let keep = Duration::from_secs(86_400);
    let spare = Duration::from_millis(1);
    let kept = NOW.saturating_add(idle_ttl + keep + spare);
    kept.as_millis().to_string()
}

/// Keys beside that of the session that is copied.
struct Keys {
    /// Whether rows are put in the order of the script, or in that of the alphabet.
    in_order: bool,
    /// How many were exchanged on the short way.
    short: usize,
    connection: Connection,
    /// The key of the session that is copied, and its name in it.
    copied: (String, String),
    row: Kept,
}

impl Keys {
    fn new(
        mut connection: Connection,
        prefix: &str,
        session: &SessionRecord,
        in_order: bool,
    ) -> Self {
        let id = session.id.as_str();
        let keys = all_keys(&mut connection, prefix);
        let mut rows = keys.into_iter().filter(|key| key.ends_with(id));
        let key = rows.next().unwrap();
        assert_eq!(rows.next(), None);
        let row: String = connection.get(&key).unwrap();
        Self {
            in_order,
            short: 0,
            connection,
            copied: (key, id.to_owned()),
            row: serde_json::from_str(&row).unwrap(),
        }
    }

    /// A row as text.
    fn text(&self, mut row: Kept) -> String {
        if !self.in_order {
            return serde_json::to_string(&row).unwrap();
        }
        row.insert("kept".to_owned(), kept().into());
        let first = ORDER
            .iter()
            .filter_map(|name| row.remove(*name).map(|value| ((*name).to_owned(), value)));
        let first: Vec<_> = first.collect();
        let members = first.into_iter().chain(row);
        let members = members.map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
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
            pipeline.set(self.key(row), self.text(whole)).ignore();
        }
        pipeline.exec(&mut self.connection).unwrap();
    }

    async fn read(&mut self, rows: &[Kept]) -> Vec<Kept> {
        let keys: Vec<_> = rows.iter().map(|row| self.key(row)).collect();
        let found: Vec<String> = self.connection.mget(keys).unwrap();
        let found = found.iter().map(|row| serde_json::from_str(row).unwrap());
        let found: Vec<Kept> = found.collect();
        let until = self.in_order.then(|| kept().into());
        let was_short = |(before, after): &(&Kept, &Kept)| {
            after["generation"] != before["generation"] && after.get("kept") == until.as_ref()
        };
        self.short += rows.iter().zip(&found).filter(was_short).count();
        found
    }
}

#[tokio::test]
async fn redis_follows_the_rules() {
    compare(false, |short, _| assert_eq!(short, 0)).await;
}

/// Rows as the script itself leaves them: many current tokens are exchanged on the short way.
#[tokio::test]
async fn redis_follows_the_rules_on_the_short_way() {
    compare(true, |short, exchanged| {
        assert!(short > exchanged / 3, "{short} of {exchanged}");
    })
    .await;
}

/// `look` is told how many exchanges were made on the short way, and of how many current tokens
/// there are.
async fn compare(in_order: bool, look: impl Fn(usize, usize)) {
    let Some(url) = servers::redis_url() else {
        return;
    };
    let prefix = format!("portcullis-model-{}-{in_order}", std::process::id());
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
        let mut keys = Keys::new(connect(), &prefix, &session, in_order);
        follows_the_rules(&store, &mut keys).await;
        let exchanged = cases().into_iter().filter(|case| {
            let (_, next) = case.decided();
            next.generation == case.row.generation + 1
        });
        look(keys.short, exchanged.count());
    };
    tidied(compared, async || {
        let mut connection = connect();
        for keys in all_keys(&mut connection, &prefix).chunks(1000) {
            let _: () = connection.del(keys).unwrap();
        }
    })
    .await;
}
