//! What has to be there before a step is made on tables that are in use.
//!
//! A step is one transaction, and others wait for its locks until it ends. On large tables its
//! indexes take too long for that: they are made beforehand, by hand, beside what runs.

use portcullis::session::StoreError;
use sqlx::PgConnection;

use super::error::Failure;
use crate::migrations::Migration;

/// A table of more bytes is large: its indexes take longer than a second or so.
const LARGE: i64 = 64 << 20;

const INDEX: &str = "CREATE INDEX IF NOT EXISTS ";

/// That these steps take a moment, and find no index that somebody began and did not finish,
/// which they would take for done.
pub(super) async fn look(
    connection: &mut PgConnection,
    steps: &[Migration],
) -> Result<(), Failure> {
    let mut first = Vec::new();
    for step in steps {
        let statements = step.statements();
        let mut missing = Vec::new();
        for statement in &statements {
            let Some((name, table)) = index(statement) else {
                continue;
            };
            let found = Found::of(connection, name, table).await?;
            if found.is_valid == Some(false) {
                return Err(unfinished(name).into());
            }
            if found.is_valid.is_none() && found.size > LARGE {
                missing.push(statement.replace(INDEX, "CREATE INDEX CONCURRENTLY IF NOT EXISTS "));
            }
        }
        if !missing.is_empty() {
            let columns = statements
                .into_iter()
                .filter(|statement| statement.contains(" ADD COLUMN IF NOT EXISTS "));
            first.extend(columns);
            first.extend(missing);
        }
    }
    if first.is_empty() {
        return Ok(());
    }
    Err(StoreError::corrupt(format!(
        "the tables are too large to be brought up to date while nodes wait: run these statements \
         in their schema first, outside a transaction: {};",
        first.join("; ")
    ))
    .into())
}

fn unfinished(name: &str) -> StoreError {
    StoreError::corrupt(format!(
        "the index {name} is not valid: its CREATE INDEX CONCURRENTLY goes on, or has failed; if \
         it has, run DROP INDEX {name}, and make it again"
    ))
}

/// The name and table of a statement that makes an index unless it is there.
fn index(statement: &str) -> Option<(&str, &str)> {
    let (name, rest) = statement.strip_prefix(INDEX)?.split_once(' ')?;
    Some((name, rest.strip_prefix("ON ")?.split(' ').next()?))
}

/// What is there of an index.
struct Found {
    /// `None` if there is no such index.
    is_valid: Option<bool>,
    /// That of its table.
    size: i64,
}

impl Found {
    async fn of(connection: &mut PgConnection, name: &str, table: &str) -> Result<Self, Failure> {
        let (is_valid, size) = sqlx::query_as(
            "SELECT (SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid \
                 WHERE relname = $1 AND pg_table_is_visible(oid)) AS is_valid, \
             coalesce((SELECT pg_relation_size(oid) FROM pg_class \
                 WHERE relname = $2 AND relkind = 'r' AND pg_table_is_visible(oid)), 0) AS size",
        )
        .bind(name)
        .bind(table)
        .fetch_one(&mut *connection)
        .await?;
        Ok(Self { is_valid, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::schema::MIGRATIONS;

    #[test]
    fn the_indexes_of_a_step_are_found() {
        let statements = MIGRATIONS[6].statements();
        let indexes: Vec<_> = statements.iter().filter_map(|sql| index(sql)).collect();
        let of = |table: &str| indexes.iter().filter(|(_, of)| *of == table).count();
        assert_eq!(of("portcullis_sessions"), 5);
        assert_eq!(of("portcullis_application_tokens"), 2);
        assert_eq!(of("portcullis_revoked_tokens"), 2);
        assert_eq!(of("portcullis_subjects"), 1);
        assert_eq!(indexes.len(), 10);
        let made = |sql: &&String| sql.contains("CREATE INDEX");
        assert_eq!(statements.iter().filter(made).count(), 10);
    }
}
