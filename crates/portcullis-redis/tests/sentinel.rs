//! A primary that sentinels name, and its fail-over.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use common::{
    server::{Server, free_port},
    sessions::{attempt, open, without_window},
};
use portcullis::{
    session::{
        DynSessionStore, Revocations, RotationOutcome, SessionRecord, SessionStore, StoreErrorKind,
    },
    time::SharedClock,
    verify::{Status, TokenStatus, Verified},
};
use portcullis_redis::{RedisStore, RedisStoreBuilder};
use portcullis_testing::mint::Mint;
use tokio::time::sleep;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than a test: polling does not help.
const NEVER: Duration = Duration::from_secs(600);

struct Sentinel {
    port: u16,
    directory: PathBuf,
    process: Child,
}

impl Sentinel {
    fn start(primary: &Server) -> Self {
        let port = free_port();
        let directory = std::env::temp_dir().join(format!("portcullis-sentinel-{port}"));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("sentinel.conf");
        let settings = format!(
            "bind 127.0.0.1\nport {port}\ndir {}\n\
             sentinel monitor mymaster 127.0.0.1 {} 2\n\
             sentinel down-after-milliseconds mymaster 1000\n\
             sentinel failover-timeout mymaster 3000\n",
            directory.display(),
            primary.address().port(),
        );
        std::fs::write(&file, settings).unwrap();
        let process = Command::new("redis-server")
            .arg(&file)
            .arg("--sentinel")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            port,
            directory,
            process,
        }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    fn command(&self, words: &[&str]) -> Option<redis::Value> {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_connection().ok()?;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).query(&mut connection).ok()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A primary, its replica, and those who watch them.
struct Watched {
    primary: Server,
    _replica: Server,
    sentinels: [Sentinel; 3],
}

impl Watched {
    async fn start() -> Option<Self> {
        let options = ["--repl-diskless-sync-delay", "0"];
        let primary = Server::start(&options)?;
        let replica = Server::replica_of(primary.address(), &options)?;
        let sentinels = [(); 3].map(|()| Sentinel::start(&primary));
        let watched = Self {
            primary,
            _replica: replica,
            sentinels,
        };
        // They know each other, and that there is a replica to promote.
        let known = ["SENTINEL", "MASTER", "mymaster"];
        for sentinel in &watched.sentinels {
            eventually(async || {
                let answer = format!("{:?}", sentinel.command(&known));
                says(&answer, "num-slaves", 1) && says(&answer, "num-other-sentinels", 2)
            })
            .await;
        }
        Some(watched)
    }

    fn builder(&self, primary: &str) -> RedisStoreBuilder {
        let sentinels = self.sentinels.iter().map(Sentinel::url);
        RedisStore::sentinel(sentinels, primary)
            .timeout(Duration::from_secs(2))
            .poll_interval(NEVER)
    }
}

/// Whether an answer has a field of this name with this value behind it.
fn says(answer: &str, name: &str, value: u32) -> bool {
    let behind = answer.split_once(name).map(|(_, behind)| behind);
    let digits = behind.and_then(|behind| {
        behind
            .split(|c: char| !c.is_ascii_digit())
            .find(|it| !it.is_empty())
    });
    digits == Some(value.to_string().as_str())
}

async fn eventually(mut is_so: impl AsyncFnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < give_up);
        sleep(Duration::from_millis(50)).await;
    }
}

/// Refreshes until that is answered; all else is an error that may pass.
async fn refreshes_again(store: &RedisStore, session: &SessionRecord, generation: u64) {
    let presented = without_window(attempt(session, generation));
    eventually(async || match store.rotate(&presented).await {
        Ok(outcome) => {
            assert!(
                matches!(outcome, RotationOutcome::Rotated(_)),
                "{outcome:?}"
            );
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
            false
        }
    })
    .await;
}

async fn is_confirmed_again(store: &RedisStore) {
    let since = store.current_time().await.unwrap();
    eventually(async || {
        let proven = store.confirm(Duration::ZERO).await;
        proven.is_ok_and(|proven| proven >= since)
    })
    .await;
}

fn token_of(session: &SessionRecord) -> Verified {
    let mint = Mint::new();
    let token = mint.token(session.subject.name());
    let token = token.claim("sid", session.id.as_str()).build();
    mint.verifier().verify_now(token.as_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_go_on_with_the_primary_that_was_promoted() {
    let Some(mut watched) = Watched::start().await else {
        return;
    };
    let builder = watched.builder("redis://mymaster/0");
    let store = builder.clone().confirmed_by_replicas(1);
    let store = store.connect().await.unwrap();
    let other = builder.connect().await.unwrap();
    let revocations = Revocations::new(
        DynSessionStore::new(store.clone()),
        SharedClock::default(),
        Duration::from_secs(3600),
    )
    .with_max_silence(NEVER);
    let watch = tokio::spawn(store.watch(revocations.clone()));
    let session = open(&store).await;
    refreshes_again(&store, &session, 0).await;
    // The replica has it.
    let proven = store.confirm(Duration::ZERO).await.unwrap();

    watched.primary.kill();
    refreshes_again(&store, &session, 1).await;
    // There is a primary, but who says that it stays one?
    assert!(store.confirm(Duration::ZERO).await.unwrap() <= proven);
    watched.primary.restart();
    is_confirmed_again(&store).await;
    refreshes_again(&store, &session, 2).await;

    // The same without a fault: the old one goes on as a replica.
    eventually(async || {
        let answer = watched.sentinels[0].command(&["SENTINEL", "FAILOVER", "mymaster"]);
        answer.is_some()
    })
    .await;
    watched
        .primary
        .wait_until(&["INFO", "replication"], "role:master");
    is_confirmed_again(&store).await;
    refreshes_again(&store, &session, 3).await;

    // The feed is found again, too: this is published, and read by nobody.
    let token = token_of(&session);
    eventually(async || {
        // Where the first one was lost with the promotion.
        let ended = open(&other).await;
        let revoked = other.revoke(&ended.subject, &ended.id).await;
        sleep(Duration::from_millis(200)).await;
        let status = revocations.status(&token_of(&ended));
        revoked.is_ok() && matches!(status, Status::Revoked)
    })
    .await;
    assert!(matches!(revocations.status(&token), Status::Clear));
    watch.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_sentinel_knows_is_an_error() {
    let Some(watched) = Watched::start().await else {
        return;
    };
    let unknown = watched.builder("redis://another/0").connect().await;
    assert_eq!(unknown.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let nameless = watched.builder("unix:///tmp/redis.sock").connect().await;
    assert_eq!(nameless.unwrap_err().kind(), StoreErrorKind::Unavailable);
    // The database of the URL is that of the primary.
    let store = watched.builder("redis://mymaster/3").connect().await;
    open(&store.unwrap()).await;
    let keyspace = watched.primary.command(&["INFO", "keyspace"]);
    assert!(format!("{keyspace:?}").contains("db3:"), "{keyspace:?}");
}

/// It takes connections, and that is all: a machine that hangs.
#[tokio::test(flavor = "multi_thread")]
async fn a_sentinel_that_says_nothing_is_passed_over() {
    let Some(watched) = Watched::start().await else {
        return;
    };
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let silent = format!("redis://{}/", listener.local_addr().unwrap());
    let sentinels = std::iter::once(silent).chain(watched.sentinels.iter().map(Sentinel::url));
    // Less than the client of the sentinels waits for one of them.
    let store = RedisStore::sentinel(sentinels, "redis://mymaster/0");
    let store = store.timeout(Duration::from_millis(450)).connect().await;
    open(&store.unwrap()).await;
}
