//! The one table: JSON by a kind and two names.

use portcullis::session::StoreError;
use redb::{ReadOnlyTable, ReadableTable, Table, TableDefinition};
use serde::{Serialize, de::DeserializeOwned};

/// A kind, such as `session`, and two names; what has one only leaves the other empty.
pub(crate) type Key = (&'static str, &'static str, &'static str);
pub(crate) type Rows<'a> = Table<'a, Key, &'static str>;
pub(crate) type ReadRows = ReadOnlyTable<Key, &'static str>;

pub(crate) const TABLE: TableDefinition<'_, Key, &str> = TableDefinition::new("portcullis");

/// Whatever the database says: it may work later.
pub(crate) fn unavailable(error: impl Into<redb::Error>) -> StoreError {
    StoreError::unavailable(error.into())
}

pub(crate) fn get<T: DeserializeOwned>(
    rows: &impl ReadableTable<Key, &'static str>,
    key: (&str, &str, &str),
) -> Result<Option<T>, StoreError> {
    let value = rows.get(key).map_err(unavailable)?;
    value.map(|value| read(value.value())).transpose()
}

pub(crate) fn put(
    rows: &mut Rows<'_>,
    key: (&str, &str, &str),
    row: &impl Serialize,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(row).map_err(StoreError::corrupt)?;
    rows.insert(key, text.as_str()).map_err(unavailable)?;
    Ok(())
}

pub(crate) fn remove(rows: &mut Rows<'_>, key: (&str, &str, &str)) -> Result<(), StoreError> {
    rows.remove(key).map_err(unavailable)?;
    Ok(())
}

/// The rows of a kind, by both names; those whose first name is not before `from`.
pub(crate) fn all<T: DeserializeOwned>(
    rows: &impl ReadableTable<Key, &'static str>,
    kind: &str,
    from: &str,
) -> Result<Vec<(String, String, T)>, StoreError> {
    collect(rows, kind, from, |_| true)
}

/// The rows of a kind with this first name, by the second.
pub(crate) fn under<T: DeserializeOwned>(
    rows: &impl ReadableTable<Key, &'static str>,
    kind: &str,
    first: &str,
) -> Result<Vec<(String, T)>, StoreError> {
    let found = collect(rows, kind, first, |name| name == first)?;
    let rows = found.into_iter().map(|(_, second, row)| (second, row));
    Ok(rows.collect())
}

fn collect<T: DeserializeOwned>(
    rows: &impl ReadableTable<Key, &'static str>,
    kind: &str,
    from: &str,
    goes_on: impl Fn(&str) -> bool,
) -> Result<Vec<(String, String, T)>, StoreError> {
    let mut found = Vec::new();
    for row in rows.range((kind, from, "")..).map_err(unavailable)? {
        let (key, value) = row.map_err(unavailable)?;
        let (of_kind, first, second) = key.value();
        if of_kind != kind || !goes_on(first) {
            break;
        }
        found.push((first.to_owned(), second.to_owned(), read(value.value())?));
    }
    Ok(found)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(StoreError::corrupt)
}
