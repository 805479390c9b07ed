//! How connections are set up, and what to say about the server's own settings.

use std::{net::IpAddr, time::Duration};

use portcullis::{
    session::{SessionId, StoreError},
    time::{Clock, SystemClock},
};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Row as _, SqlSafeStr as _, SqlStr,
    postgres::{PgConnectOptions, PgSslMode},
};

use super::{clock::ServerClock, error::Failure};

/// How far the clocks of this machine and of the server may differ before we
/// say so.
const SKEW: Duration = Duration::from_secs(10);

/// The longest name that PostgreSQL does not cut, in bytes.
const LONGEST_NAME: usize = 63;

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

/// What is wrong with a proxy that does not keep connections apart.
const POOLED: &str = "a proxy on the way to PostgreSQL hands the server's \
    connections to others between transactions (PgBouncer: pool_mode = transaction or \
    statement): prepared statements and the feed of revocations need pool_mode = session, or \
    no proxy";

/// What holds for our statements, whatever the defaults of server, database and role are:
/// each change on the disk before it is answered, no statement longer than `limit`, read
/// committed, and the tables in the schema that was chosen.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// As it stands in `search_path`.
    schema: Option<String>,
    limit: Duration,
    /// What connections are marked with, to be found again.
    marker: String,
}

impl Settings {
    pub(super) fn new(schema: Option<&str>, limit: Duration) -> Result<Self, StoreError> {
        // A name that nobody can guess is all that it takes.
        let marker = SessionId::random().map_err(StoreError::unavailable)?;
        Ok(Self {
            schema: schema.map(quoted).transpose()?,
            limit,
            marker: marker.as_str().to_owned(),
        })
    }

    /// The schema's name as it stands in statements.
    pub(super) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// Prepares a new connection of our own. Refuses a standby.
    pub(super) async fn set(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let statement = format!(
            "SELECT pg_is_in_recovery() AS standby, \
             set_config('default_transaction_isolation', 'read committed', false), \
             set_config('portcullis.marker', '{}', false), {}",
            self.marker,
            self.assignments("false")
        );
        refuse_standby(connection, statement).await
    }

    /// What begins a transaction on a connection of somebody else, who finds it afterwards
    /// as it was.
    pub(super) fn begin(&self) -> SqlStr {
        let statement = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT {}",
            self.assignments("true")
        );
        AssertSqlSafe(statement).into_sql_str()
    }

    fn assignments(&self, is_local: &str) -> String {
        let limit = self.limit.as_millis().clamp(1, 1 << 30);
        let mut assignments = format!(
            "set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
                 WHEN 'off' THEN 'on' WHEN 'local' THEN 'on' \
                 ELSE current_setting('synchronous_commit') END, {is_local}), \
             set_config('statement_timeout', '{limit}', {is_local}), \
             set_config('lock_timeout', '0', {is_local}), \
             set_config('idle_in_transaction_session_timeout', '{limit}', {is_local})"
        );
        if let Some(schema) = &self.schema {
            assignments += &format!(", set_config('search_path', '{schema}', {is_local})");
        }
        assignments
    }

    /// Whether a connection still is the one that [`set`](Self::set) prepared.
    pub(super) async fn is_marked(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        Ok(marker(connection).await?.0.as_deref() == Some(self.marker.as_str()))
    }

    /// Finds out whether the server on the other side is a primary, and stays the same: a
    /// proxy that pools transactions gives two of its connections the same one, or one of
    /// them several.
    pub(super) async fn look_for_proxy(
        &self,
        connection: &mut PgConnection,
        options: &PgConnectOptions,
    ) -> Result<(), Failure> {
        let statement = "SELECT pg_is_in_recovery() AS standby";
        refuse_standby(connection, statement.to_owned()).await?;
        let mut other = PgConnection::connect_with(options).await?;
        mark(connection, &self.marker).await?;
        mark(&mut other, "another").await?;
        let (first, second) = (marker(connection).await?, marker(&mut other).await?);
        let is_kept = first.0.as_deref() == Some(self.marker.as_str())
            && second.0.as_deref() == Some("another")
            && first.1 != second.1
            && marker(connection).await? == first;
        // What it had to say is said; whether it ends well is nobody's matter.
        let _ = other.close().await;
        if is_kept {
            Ok(())
        } else {
            Err(StoreError::unsupported(POOLED).into())
        }
    }
}

/// By an answer that says whether the server is one.
async fn refuse_standby(connection: &mut PgConnection, statement: String) -> sqlx::Result<()> {
    let row = sqlx::raw_sql(AssertSqlSafe(statement))
        .fetch_one(connection)
        .await?;
    if row.try_get("standby")? {
        return Err(sqlx::Error::Configuration(
            "the server is a standby: sessions live on the primary".into(),
        ));
    }
    Ok(())
}

// Not prepared, all three: a proxy may not know what that is.

async fn mark(connection: &mut PgConnection, marker: &str) -> sqlx::Result<()> {
    let statement = format!("SELECT set_config('portcullis.marker', '{marker}', false)");
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await?;
    Ok(())
}

/// The marker of a connection, and the number of its process on the server.
async fn marker(connection: &mut PgConnection) -> sqlx::Result<(Option<String>, i32)> {
    let row = sqlx::raw_sql(
        "SELECT current_setting('portcullis.marker', true) AS marker, pg_backend_pid() AS pid",
    )
    .fetch_one(connection)
    .await?;
    Ok((row.try_get("marker")?, row.try_get("pid")?))
}

/// A name as it stands in statements, and in a text in them.
fn quoted(schema: &str) -> Result<String, StoreError> {
    let is_odd = |c: char| c.is_control() || matches!(c, '"' | '\'' | '\\');
    if schema.is_empty() || schema.len() > LONGEST_NAME || schema.contains(is_odd) {
        return Err(StoreError::unsupported(format!(
            "schema: a name has 1 to {LONGEST_NAME} bytes, no quotes, backslashes and control \
             characters"
        )));
    }
    if schema == "$user" {
        return Err(StoreError::unsupported(
            "schema: PostgreSQL takes `$user` for the name of the role, which may differ from node \
             to node; say the name itself",
        ));
    }
    Ok(format!("\"{schema}\""))
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
    fn a_schema_has_one_name_for_all() {
        assert_eq!(quoted("$users").unwrap(), "\"$users\"");
        let error = quoted("$user").unwrap_err();
        assert!(error.cause().to_string().contains("name of the role"));
    }

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
