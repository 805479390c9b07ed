//! Tables of every released version, brought up to date.

use portcullis::{session::SessionStore, time::SharedClock};
use portcullis_sqlx::SqliteStore;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::{
    directory::Directory,
    new_file, raw,
    released::{self, BY_HAND},
};

async fn load(directory: &Directory, dump: &str) {
    let mut connection = new_file(directory).await;
    let dump = AssertSqlSafe(dump.to_owned());
    sqlx::raw_sql(dump).execute(&mut connection).await.unwrap();
}

async fn migrated(directory: &Directory, dump: &str, clock: SharedClock) -> SqliteStore {
    load(directory, dump).await;
    let store = SqliteStore::open(directory.database(), clock)
        .await
        .unwrap();
    store.check_schema().await.unwrap();
    store
}

#[tokio::test]
async fn what_released_versions_kept_is_as_it_was() {
    for (name, dump) in released::dumps("sqlite") {
        let directory = Directory::new();
        let clock = released::clock_of_before();
        let store = migrated(&directory, &dump, clock.shared()).await;
        println!("{name}");
        released::expect(&store, &clock).await;
    }
}

/// Also writes the dump, see `released`.
#[tokio::test]
async fn what_this_version_keeps_is_as_it_was() {
    let directory = Directory::new();
    let clock = released::clock_of_before();
    let store = SqliteStore::open(directory.database(), clock.shared()).await;
    let store = store.unwrap();
    released::populate(&store, &clock).await;
    let mut raw = raw(&directory).await;
    for sql in BY_HAND {
        sqlx::raw_sql(sql).execute(&mut raw).await.unwrap();
    }
    let newest = SqliteStore::migrations().last().unwrap().version();
    let dump = dump(&mut raw).await;
    if let Some(file) = released::wanted_dump("sqlite", newest) {
        std::fs::write(file, &dump).unwrap();
    }
    released::expect(&store, &clock).await;

    // What the dump has is what there was.
    let (copy, clock) = (Directory::new(), released::clock_of_before());
    let store = migrated(&copy, &dump, clock.shared()).await;
    released::expect(&store, &clock).await;
}

/// All tables with their rows, as statements.
async fn dump(connection: &mut SqliteConnection) -> String {
    let made = "SELECT type, name, sql || ';' FROM sqlite_master WHERE sql IS NOT NULL \
                ORDER BY type = 'index', rowid";
    let made: Vec<(String, String, String)> = sqlx::query_as(made)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let mut dump = String::new();
    for (_, _, sql) in &made {
        dump += &format!("{sql}\n");
    }
    for (_, table, _) in made.iter().filter(|(kind, ..)| kind == "table") {
        let columns = "SELECT group_concat('quote(\"' || name || '\")', ' || '', '' || ') \
                       FROM pragma_table_info(?1)";
        let columns: String = sqlx::query_scalar(columns)
            .bind(table)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let rows = AssertSqlSafe(format!("SELECT {columns} FROM {table} ORDER BY 1"));
        let rows: Vec<String> = sqlx::query_scalar(rows)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        for row in rows {
            dump += &format!("INSERT INTO {table} VALUES ({row});\n");
        }
    }
    dump
}

mod version_5 {
    use super::*;

    /// What is over is forgotten first: the cases count what they make.
    async fn migrated_store(clock: SharedClock) -> (SqliteStore, Directory) {
        let directory = Directory::new();
        let dump = include_str!("../released/sqlite_5.sql");
        let store = migrated(&directory, dump, clock).await;
        store.purge(std::time::Duration::ZERO).await.unwrap();
        (store, directory)
    }

    portcullis_testing::store_contract!(migrated_store);
}
