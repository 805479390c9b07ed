//! How connections are set up, and what to say about the server's own settings.

use std::{net::IpAddr, time::Duration};

use portcullis::time::{Clock, SystemClock};
use sqlx::{
    AssertSqlSafe, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgSslMode},
};

use super::{clock::ServerClock, error::Failure};

/// How far the clocks of this machine and of the server may differ before we
/// say so.
const SKEW: Duration = Duration::from_secs(10);

/// Server settings, their safe value, and what any other costs.
const WANTED: [(&str, &str, &str); 2] = [
    (
        "fsync",
        "on",
        "a crash of the machine may damage the database",
    ),
    (
        "full_page_writes",
        "on",
        "a crash of the machine may damage the database",
    ),
];

/// Prepares a new connection, whatever the defaults of server, database and
/// role are: each change on the disk before it is answered, no statement longer
/// than `limit`, read committed. Refuses a standby.
pub(super) async fn set(connection: &mut PgConnection, limit: Duration) -> sqlx::Result<()> {
    let limit = limit.as_millis().clamp(1, 1 << 30);
    let statement = format!(
        "SELECT pg_is_in_recovery() AS standby, \
         set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
             WHEN 'off' THEN 'on' WHEN 'local' THEN 'on' \
             ELSE current_setting('synchronous_commit') END, false), \
         set_config('statement_timeout', '{limit}', false), \
         set_config('lock_timeout', '0', false), \
         set_config('idle_in_transaction_session_timeout', '{limit}', false), \
         set_config('default_transaction_isolation', 'read committed', false)"
    );
    let row = sqlx::raw_sql(AssertSqlSafe(statement))
        .fetch_one(&mut *connection)
        .await?;
    if row.try_get("standby")? {
        return Err(sqlx::Error::Configuration(
            "the server is a standby: sessions live on the primary".into(),
        ));
    }
    Ok(())
}

/// Warns about settings of the server that may lose sessions or keep
/// revocations from being noticed.
pub(super) async fn look_at(
    connection: &mut PgConnection,
    clock: &ServerClock,
) -> Result<(), Failure> {
    for (name, safe, cost) in WANTED {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(&mut *connection)
            .await?;
        if value != safe {
            tracing::warn!(setting = name, value, safe, "{cost}");
        }
    }
    let here = SystemClock.now();
    let there = clock.ask(connection).await?;
    let skew = Duration::from_millis(there.as_millis().abs_diff(here.as_millis()));
    if skew > SKEW {
        tracing::warn!(
            ?skew,
            "the clocks of this machine and of the database server differ"
        );
    }
    Ok(())
}

/// Warns about connections over a network on which somebody else may answer, or read.
pub(super) fn look_at_encryption(options: &PgConnectOptions) {
    if is_here(options) {
        return;
    }
    let value = match options.get_ssl_mode() {
        PgSslMode::VerifyFull => return,
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::Require => "require",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Allow => "allow",
        PgSslMode::Disable => "disable",
    };
    tracing::warn!(
        setting = "sslmode",
        value,
        safe = "verify-full",
        "somebody else on the way may answer in place of the database server, or read along"
    );
}

/// Whether the connections stay on this machine.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_machines_are_not_here() {
        for (url, here) in [
            ("postgres://localhost/x", true),
            ("postgres://LOCALHOST/x", true),
            ("postgres://127.0.0.2/x", true),
            ("postgres://[::1]/x", true),
            ("postgres://[::ffff:127.0.0.1]/x", true),
            ("postgres://%2Frun%2Fpostgresql/x", true),
            ("postgres:///x?host=/run/postgresql", true),
            ("postgres://10.0.0.1/x", false),
            ("postgres://[2001:db8::1]/x", false),
            ("postgres://db.internal/x", false),
            ("postgres://localhost.example/x", false),
        ] {
            assert_eq!(is_here(&url.parse().unwrap()), here, "{url}");
        }
    }
}
