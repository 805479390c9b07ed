//! Servers that tests use where they are running.
//!
//! A test that finds no server says so in one line and passes, unless
//! `PORTCULLIS_TEST_REQUIRE_SERVERS` is set, as it is where nothing may be left
//! out: then it fails.
//!
//! ```
//! # fn example() {
//! let Some(url) = portcullis_testing::servers::redis_url() else {
//!     return;
//! };
//! # let _ = url;
//! # }
//! ```

use std::{
    env,
    io::{self, Write as _},
    net::{SocketAddr, TcpStream},
    process::Command,
    sync::Once,
    time::Duration,
};

/// Makes a missing server an error.
const REQUIRED: &str = "PORTCULLIS_TEST_REQUIRE_SERVERS";

/// How long a server on this machine may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// The Redis server to test with: `PORTCULLIS_TEST_REDIS`, or the one of this
/// machine if it answers on port 6379.
pub fn redis_url() -> Option<String> {
    static SAID: Once = Once::new();
    let default = ([127, 0, 0, 1], 6379).into();
    url("PORTCULLIS_TEST_REDIS", default, "redis://127.0.0.1:6379/").or_else(|| {
        left_out(
            &SAID,
            "Redis: none answers at 127.0.0.1:6379; to include them, start one or set \
             PORTCULLIS_TEST_REDIS=redis://host:port/",
        )
    })
}

/// Whether `redis-server` is installed, for tests that start one of their own
/// and kill it.
pub fn redis_server_is_installed() -> bool {
    static SAID: Once = Once::new();
    let found = Command::new("redis-server").arg("--version").output();
    found.is_ok()
        || left_out(
            &SAID,
            "faults of Redis: redis-server is not installed; to include them, install it",
        )
        .is_some()
}

/// Whether `pgbouncer` is installed, for tests that start one of their own before the
/// PostgreSQL server.
pub fn pgbouncer_is_installed() -> bool {
    static SAID: Once = Once::new();
    let found = Command::new("pgbouncer").arg("--version").output();
    found.is_ok()
        || left_out(
            &SAID,
            "PgBouncer: pgbouncer is not installed; to include them, install it",
        )
        .is_some()
}

/// The PostgreSQL server to test with: `PORTCULLIS_TEST_POSTGRES`, the URL of a
/// database in which the tests may make schemas of their own, or the one of this
/// machine if it answers on port 5432 and has a database `test` for `postgres`.
pub fn postgres_url() -> Option<String> {
    static SAID: Once = Once::new();
    let default = ([127, 0, 0, 1], 5432).into();
    let default_url = "postgres://postgres@127.0.0.1:5432/test";
    url("PORTCULLIS_TEST_POSTGRES", default, default_url).or_else(|| {
        left_out(
            &SAID,
            "PostgreSQL: none answers at 127.0.0.1:5432; to include them, start one or set \
             PORTCULLIS_TEST_POSTGRES=postgres://user:password@host/database",
        )
    })
}

fn url(variable: &str, default: SocketAddr, default_url: &str) -> Option<String> {
    if let Ok(url) = env::var(variable) {
        return Some(url);
    }
    TcpStream::connect_timeout(&default, PATIENCE).ok()?;
    Some(default_url.to_owned())
}

/// Says it once, past the test harness, which would keep it to itself.
fn left_out(said: &Once, what: &str) -> Option<String> {
    assert!(
        env::var_os(REQUIRED).is_none_or(|value| value.is_empty()),
        "{REQUIRED} is set, but there is no {what}"
    );
    said.call_once(|| {
        let _ = writeln!(io::stdout(), "left out: tests on {what}");
    });
    None
}
