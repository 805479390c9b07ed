//! Tables of every released version, brought up to date.

use std::process::Command;

use portcullis::{session::SessionStore, time::SharedClock};
use portcullis_sqlx::PostgresStore;
use portcullis_testing::servers;
use sqlx::AssertSqlSafe;

use crate::{
    released::{self, BY_HAND},
    schema::Schema,
};

async fn execute(schema: &Schema, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    let mut raw = schema.raw().await;
    sqlx::raw_sql(sql).execute(&mut raw).await.unwrap();
}

async fn migrated(schema: &Schema, dump: &str, clock: SharedClock) -> PostgresStore {
    execute(schema, dump).await;
    let store = schema.store(clock).await;
    store.check_schema().await.unwrap();
    store
}

#[tokio::test]
async fn what_released_versions_kept_is_as_it_was() {
    for (name, dump) in released::dumps("postgres") {
        let Some(schema) = Schema::new().await else {
            return;
        };
        let clock = released::clock_of_before();
        let store = migrated(&schema, &dump, clock.shared()).await;
        println!("{name}");
        released::expect(&store, &clock).await;
    }
}

/// Also writes the dump, see `released`.
#[tokio::test]
async fn what_this_version_keeps_is_as_it_was() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let clock = released::clock_of_before();
    let store = schema.store(clock.shared()).await;
    released::populate(&store, &clock).await;
    for sql in BY_HAND {
        execute(&schema, sql).await;
    }
    let newest = PostgresStore::migrations().last().unwrap().version();
    if let Some(file) = released::wanted_dump("postgres", newest) {
        std::fs::write(file, dump(&schema)).unwrap();
    }
    released::expect(&store, &clock).await;
}

/// What `pg_dump` has, in whatever schema it is put back.
fn dump(schema: &Schema) -> String {
    let mut command = Command::new("pg_dump");
    command.args(["--inserts", "--no-owner", "--no-privileges", "--schema"]);
    command
        .arg(schema.name())
        .arg(servers::postgres_url().unwrap());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let dump = String::from_utf8(output.stdout).unwrap();
    let dump = dump.replace(&format!("{}.", schema.name()), "");
    let apart = ["--", "SET ", "SELECT pg_catalog", "CREATE SCHEMA", "\\"];
    let lines = dump
        .lines()
        .filter(|line| !apart.iter().any(|start| line.starts_with(start)));
    let mut dump = String::new();
    for line in lines {
        if !(line.is_empty() && dump.ends_with("\n\n")) {
            dump += line;
            dump += "\n";
        }
    }
    dump.trim().to_owned() + "\n"
}

mod version_5 {
    use super::*;

    /// What is over is forgotten first: the cases count what they make.
    async fn migrated_store(clock: SharedClock) -> Option<(PostgresStore, Schema)> {
        let schema = Schema::new().await?;
        let dump = include_str!("../released/postgres_5.sql");
        let store = migrated(&schema, dump, clock).await;
        store.purge(std::time::Duration::ZERO).await.unwrap();
        Some((store, schema))
    }

    portcullis_testing::store_contract!(migrated_store);
}
