//! `pgbench`: one prepared `UPDATE` of a row as wide.

use std::process::Command;

use sqlx::{AssertSqlSafe, Executor as _};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use super::Rounds;
use crate::{Result, places::Place};

/// A copy of the table, with its room for new rows beside the old ones.
const TABLE: &str = "CREATE TABLE bench_rows (LIKE portcullis_sessions INCLUDING ALL) \
    WITH (fillfactor = 80); \
    INSERT INTO bench_rows SELECT * FROM portcullis_sessions; \
    VACUUM (ANALYZE) bench_rows; CHECKPOINT";

/// What a refresh changes of a row, by its key and nothing else.
const SCRIPT: &str = "\\set n random(1, :rows)\n\
    UPDATE bench_rows SET generation = generation + 1, rotated_at = rotated_at + 1, \
    idle_deadline = idle_deadline + 1, rotated_from = generation, \
    rotated_by = '\\x000102030405060708090a0b0c0d0e0f' \
    WHERE id = (lpad(to_hex((:n::bigint * 2654435761) % 4294967296), 8, '0') \
    || '-0000-4000-8000-000000000000')::uuid;\n";

pub(super) struct Bare {
    url: String,
    script: NamedTempFile,
}

impl Bare {
    pub(super) async fn new(place: &Place) -> Result<Self> {
        let mut connection = place.connection().await?;
        for sql in TABLE.split("; ") {
            connection.execute(AssertSqlSafe(sql)).await?;
        }
        let script = NamedTempFile::new()?;
        std::fs::write(script.path(), SCRIPT)?;
        let url = place.libpq_url()?;
        Ok(Self { url, script })
    }

    pub(super) async fn rate(&self, how: Rounds, rows: u64) -> Result<f64> {
        let mut command = Command::new("pgbench");
        command
            .args(["-n", "-M", "prepared", "-j", "2"])
            .args(["-c", &how.clients.to_string()])
            .args(["-T", &how.span.as_secs().max(1).to_string()])
            .args(["-D", &format!("rows={rows}"), "-f"])
            .arg(self.script.path())
            .arg(&self.url);
        let output = spawn_blocking(move || command.output()).await??;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rate| rate.split(' ').next());
        match rate {
            Some(rate) => Ok(rate.parse()?),
            None => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }
}

/// The command as one may type it, and its script.
pub(crate) fn command(how: Rounds) -> String {
    format!(
        "pgbench -n -M prepared -j 2 -c {} -T {} -D rows=ROWS -f SCRIPT URL, with the \
         script:\n{SCRIPT}",
        how.clients,
        how.span.as_secs().max(1),
    )
}
