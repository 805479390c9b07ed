//! Steps of versions that there are not yet, beside those that there are.

use portcullis::session::StoreErrorKind;

use super::*;

const DIALECT: Dialect = Dialect {
    integer: "INTEGER",
    strict: " STRICT",
};

const fn alone(version: i64) -> Migration {
    Migration::alone(version, "SELECT 1;", DIALECT)
}

/// Step 6 only adds something; after 8 a node must know of 7.
static STEPS: [Migration; 8] = [
    alone(1),
    alone(2),
    alone(3),
    alone(4),
    alone(5),
    Migration::beside(6, 5, "CREATE TABLE added (a INTEGER) STRICT;", DIALECT),
    Migration::beside(7, 5, "ALTER TABLE added ADD COLUMN b INTEGER;", DIALECT),
    Migration::beside(8, 7, "ALTER TABLE added DROP COLUMN a;", DIALECT),
];

/// The tables after so many steps.
fn tables(steps: usize) -> Tables {
    let notes: Vec<_> = STEPS[..steps]
        .iter()
        .map(|step| (step.version, step.readable_since))
        .collect();
    Tables::from_notes(&notes)
}

fn versions(missing: Result<&[Migration], StoreError>) -> Vec<i64> {
    missing.unwrap().iter().map(Migration::version).collect()
}

#[test]
fn steps_count_from_one_and_are_readable_ever_later() {
    let mut all: Vec<&[Migration]> = vec![&STEPS];
    #[cfg(feature = "sqlite")]
    all.push(crate::SqliteStore::migrations());
    #[cfg(feature = "postgres")]
    all.push(crate::PostgresStore::migrations());
    for steps in all {
        let mut since = 0;
        for (step, expected) in steps.iter().zip(1..) {
            assert_eq!(step.version, expected);
            assert!(since <= step.readable_since && step.readable_since <= step.version);
            let alone = step.readable_since == step.version;
            assert!(alone || step.version > LAST_ALONE);
            since = step.readable_since;
        }
    }
}

#[test]
fn a_node_makes_the_steps_that_are_missing() {
    assert_eq!(
        versions(Tables::default().missing(&STEPS)),
        [1, 2, 3, 4, 5, 6, 7, 8]
    );
    assert_eq!(versions(tables(5).missing(&STEPS)), [6, 7, 8]);
    assert_eq!(versions(tables(8).missing(&STEPS)), [0; 0]);
    assert!(tables(8).check(&STEPS).is_ok());
    let error = tables(6).check(&STEPS).unwrap_err();
    let cause = error.cause().to_string();
    assert!(
        cause.contains("lack portcullis_0007, portcullis_0008: call"),
        "{cause}"
    );
}

#[test]
fn an_older_node_runs_on_what_it_can_read() {
    for made in [6, 7] {
        for known in [5, 6] {
            assert_eq!(versions(tables(made).missing(&STEPS[..known])), [0; 0]);
            assert!(tables(made).check(&STEPS[..known]).is_ok() || made < known);
        }
    }
    assert_eq!(versions(tables(8).missing(&STEPS[..7])), [0; 0]);
    let error = tables(8).missing(&STEPS[..6]).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let cause = error.cause().to_string();
    assert!(
        cause.contains("version 8, which nodes of version 7 and later"),
        "{cause}"
    );
    assert!(cause.contains("up to 6: run a newer version"), "{cause}");
}

#[test]
fn a_step_that_was_left_out_is_named() {
    let notes = [(1, 1), (2, 2), (3, 3), (5, 5)];
    let error = Tables::from_notes(&notes).missing(&STEPS).unwrap_err();
    let cause = error.cause().to_string();
    assert!(cause.contains("portcullis_0004 was never made"), "{cause}");
}

/// By the notes that the statements leave: nodes of before the notes had two columns go by
/// the highest number in the old table.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn nodes_of_before_are_stopped_only_where_they_must_be() {
    use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let mut seen = Vec::new();
    for step in &STEPS {
        let sql = AssertSqlSafe(step.sql());
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        let old = "SELECT coalesce(max(version), 0) FROM portcullis_schema";
        let old: i64 = sqlx::query_scalar(old)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        seen.push(old);
        let names = "SELECT name FROM sqlite_master WHERE type = 'table'";
        let names: Vec<String> = sqlx::query_scalar(names)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let notes = Tables::notes(&names).unwrap();
        let notes: Vec<(i64, i64)> = sqlx::query_as(notes)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let found = Tables::from_notes(&notes);
        assert_eq!(found.readable_since, step.readable_since);
        assert!(found.check(&STEPS[..step.version as usize]).is_ok());
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 5, 5, 7]);
}
