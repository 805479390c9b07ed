//! The steps that make the tables, and which tables a node can live with.
//!
//! Each step has a version, and says from which version on a node may run on what it
//! leaves: for one that only adds, that is an older one. So nodes of two versions run
//! side by side, and either may start again.
//!
//! The first five steps are noted in `portcullis_schema`, by which nodes go that know no
//! others: what stands there they must have. All later ones are noted in
//! `portcullis_versions`, and in the old table only if those nodes have to stop.

use std::fmt::Write as _;

use portcullis::session::StoreError;

/// The last step of the time when nodes refused all tables that were newer than they.
const LAST_ALONE: i64 = 5;

/// A step that brings the tables of a store from the version before to its own, for those
/// who let a tool of their own do that: `PostgresStore::migrations`,
/// `SqliteStore::migrations`.
///
/// What the store's `migrate` does, a tool does in this way: it runs the
/// [statements](Self::sql) of each step that it has not run yet, in order, each step in a
/// transaction of its own, in the schema where the tables are to be. Nothing else has to be
/// recorded. The store then calls `check_schema` in place of `migrate` when it starts.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// for migration in portcullis_sqlx::SqliteStore::migrations() {
///     println!("-- {}.sql\n{}", migration.name(), migration.sql());
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    version: i64,
    readable_since: i64,
    statements: &'static str,
    dialect: Dialect,
}

/// What a database calls things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    pub(crate) integer: &'static str,
    /// What follows the columns of a table.
    pub(crate) strict: &'static str,
}

impl Migration {
    /// A step after which no older node may run.
    pub(crate) const fn alone(version: i64, statements: &'static str, dialect: Dialect) -> Self {
        Self::beside(version, version, statements, dialect)
    }

    /// A step after which nodes of `readable_since` and later may run.
    pub(crate) const fn beside(
        version: i64,
        readable_since: i64,
        statements: &'static str,
        dialect: Dialect,
    ) -> Self {
        Self {
            version,
            readable_since,
            statements,
            dialect,
        }
    }

    /// The version of the tables after this step. They count from 1, without a gap.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The oldest version whose nodes may run on the tables after this step.
    pub fn readable_since(&self) -> i64 {
        self.readable_since
    }

    /// A name that sorts by the version, such as `portcullis_0005`.
    pub fn name(&self) -> String {
        format!("portcullis_{:04}", self.version)
    }

    /// What the step does, a statement each on a line of its own.
    #[cfg(feature = "postgres")]
    pub(crate) fn statements(&self) -> Vec<String> {
        let lines = self.statements.lines().map(str::trim);
        let lines: Vec<_> = lines.filter(|line| !line.starts_with("--")).collect();
        let statements = lines.join(" ");
        let statements = statements.split(';').map(|sql| {
            let words: Vec<_> = sql.split_whitespace().collect();
            words.join(" ")
        });
        statements.filter(|sql| !sql.is_empty()).collect()
    }

    /// All statements of this step, with those that note that it was made. To be run in one
    /// transaction; no name in them has a schema.
    pub fn sql(&self) -> String {
        let Self {
            version,
            readable_since,
            statements,
            dialect: Dialect { integer, strict },
        } = self;
        let mut sql = String::new();
        // Writing to a string does not fail.
        let _ = match self.version {
            1 => writeln!(
                sql,
                "CREATE TABLE portcullis_schema (version {integer} PRIMARY KEY){strict};\n"
            ),
            2..=LAST_ALONE => Ok(()),
            _ => writeln!(
                sql,
                "CREATE TABLE IF NOT EXISTS portcullis_versions (\n    \
                     version {integer} PRIMARY KEY,\n    \
                     readable_since {integer} NOT NULL\n){strict};\n"
            ),
        };
        let _ = writeln!(sql, "{statements}");
        let _ = match self.version {
            ..=LAST_ALONE => writeln!(
                sql,
                "INSERT INTO portcullis_schema (version) VALUES ({version});"
            ),
            _ => writeln!(
                sql,
                "INSERT INTO portcullis_versions (version, readable_since) \
                 VALUES ({version}, {readable_since});"
            ),
        };
        if self.readable_since > LAST_ALONE {
            let _ = writeln!(
                sql,
                "INSERT INTO portcullis_schema (version) VALUES ({readable_since}) \
                 ON CONFLICT DO NOTHING;"
            );
        }
        sql
    }
}

/// What tables say of themselves.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// The steps that were made.
    made: Vec<i64>,
    /// The oldest version whose nodes may run on them.
    readable_since: i64,
}

impl Tables {
    /// Reads the notes, as rows of a version and since when it is readable, from those of
    /// the two tables that are there.
    pub(crate) fn notes(tables: &[String]) -> Option<&'static str> {
        let has = |name: &str| tables.iter().any(|table| table == name);
        match (has("portcullis_schema"), has("portcullis_versions")) {
            (false, _) => None,
            (true, false) => Some("SELECT version, version FROM portcullis_schema"),
            (true, true) => Some(
                "SELECT version, version FROM portcullis_schema \
                 UNION ALL SELECT version, readable_since FROM portcullis_versions",
            ),
        }
    }

    /// From those rows.
    pub(crate) fn from_notes(notes: &[(i64, i64)]) -> Self {
        Self {
            made: notes.iter().map(|(version, _)| *version).collect(),
            readable_since: notes.iter().map(|(_, since)| *since).max().unwrap_or(0),
        }
    }

    /// The steps that these tables lack. None, if they are newer, but may be used by who
    /// knows no more than `steps`.
    pub(crate) fn missing<'s>(
        &self,
        steps: &'s [Migration],
    ) -> Result<&'s [Migration], StoreError> {
        let known = steps.last().map_or(0, |step| step.version);
        let newest = self.made.iter().copied().max().unwrap_or(0);
        if self.readable_since > known {
            return Err(StoreError::corrupt(format!(
                "the tables are of version {newest}, which nodes of version {} and later can \
                 use; this one knows versions up to {known}: run a newer version of \
                 portcullis-sqlx here",
                self.readable_since
            )));
        }
        let done = usize::try_from(newest).map_or(0, |newest| newest.min(steps.len()));
        let (before, missing) = steps.split_at(done);
        if let Some(gap) = before
            .iter()
            .find(|step| !self.made.contains(&step.version))
        {
            return Err(StoreError::corrupt(format!(
                "the tables are of version {newest}, but the step {} was never made: run its \
                 statements, those of `migrations()`",
                gap.name()
            )));
        }
        if newest > known {
            tracing::info!(
                version = newest,
                known,
                "the tables are of a newer version, which nodes of this one may use"
            );
        }
        Ok(missing)
    }

    /// That nothing is missing; else what, and what to do.
    pub(crate) fn check(&self, steps: &[Migration]) -> Result<(), StoreError> {
        let missing = self.missing(steps)?;
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = missing.iter().map(Migration::name).collect();
        Err(StoreError::corrupt(format!(
            "the tables lack {}: call `migrate`, or run the statements of `migrations()`",
            names.join(", ")
        )))
    }
}

#[cfg(test)]
mod tests;
