//! What was revoked, page by page: what both databases share.
//!
//! The tables are read one after the other, each in the order of an index, and a page goes
//! on behind the last row of the one before. So it costs what is on it, however much there
//! is. What is revoked again gets a later time, and moves to where pages are still to come.

use portcullis::{
    session::{Revocation, RevocationCursor, RevocationPage, RevocationQuery, StoreError},
    time::Timestamp,
};

use crate::row::{self, Columns};

/// A page, in order: rows of `kind`, `at`, `first` and `second`, the key of the table, and
/// what there is to tell. `$first` is how the id of a session is text, `$id` what it is
/// compared with, `$log_outs` the table of log-outs, `$now` the time.
///
/// | Parameter | What it is |
/// |---|---|
/// | `$1` | from when on |
/// | `$2` | how many |
/// | `$3` | what `$now` needs |
/// | `$4` to `$8` | [`Place::behind`], for each of the tables |
/// | `$9`, `$10` | `first` and `second` of the last row |
/// | `$11` | its `first`, if it was a session; else the lowest id |
///
/// The time is compared by itself, too, but so that no index is taken for that: it would
/// begin at `$1` on each page.
macro_rules! told {
    ($first:literal, $id:literal, $log_outs:literal, $now:expr) => {
        concat!(
            "SELECT * FROM (SELECT CAST(0 AS bigint) AS kind, revoked_at AS at, ",
            $first,
            " AS first, '' AS second, realm, name, revoked_reason, \
                 CAST(NULL AS bigint) AS until FROM portcullis_sessions \
                 WHERE revoked_at IS NOT NULL AND (revoked_at, id) > ($4, ",
            $id,
            ") AND revoked_at + 0 >= $1 ORDER BY revoked_at, id LIMIT $2) AS sessions \
             UNION ALL SELECT * FROM (SELECT CAST(1 AS bigint), at, realm, id, realm, name, \
                 CAST(NULL AS text), until FROM portcullis_revoked_tokens \
                 WHERE (at, realm, id) > ($5, $9, $10) AND at + 0 >= $1 AND until > ",
            $now,
            " ORDER BY at, realm, id LIMIT $2) AS tokens \
             UNION ALL SELECT * FROM (SELECT CAST(2 AS bigint), at, realm, name, realm, name, \
                 CAST(NULL AS text), CAST(NULL AS bigint) FROM ",
            $log_outs,
            " WHERE at IS NOT NULL AND (at, realm, name) > ($6, $9, $10) AND at + 0 >= $1 \
                 ORDER BY at, realm, name LIMIT $2) AS subjects \
             UNION ALL SELECT * FROM (SELECT CAST(3 AS bigint), at, realm, '', realm, \
                 CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS bigint) \
                 FROM portcullis_cut_offs WHERE (at, realm) > ($7, $9) AND at + 0 >= $1 \
                 ORDER BY at, realm LIMIT $2) AS realms \
             UNION ALL SELECT * FROM (SELECT CAST(4 AS bigint), removed_at, id, '', realm, \
                 name, CAST(NULL AS text), CAST(NULL AS bigint) \
                 FROM portcullis_application_tokens \
                 WHERE removed_at IS NOT NULL AND (removed_at, id) > ($8, $9) \
                 AND removed_at + 0 >= $1 ORDER BY removed_at, id LIMIT $2) AS removed"
        )
    };
}
pub(crate) use told;

/// Binds `$1` to `$11`; `$now` is what `$3` is, `$lowest` is below every id of a session.
macro_rules! bind {
    ($query:expr, $place:expr, $now:expr, $lowest:expr) => {{
        let place: &$crate::revocations::Place = $place;
        let mut query = $query
            .bind(place.since)
            .bind(i64::from(place.limit))
            .bind($now);
        for kind in 0..5 {
            query = query.bind(place.behind(kind));
        }
        query
            .bind(place.first.as_str())
            .bind(place.second.as_str())
            .bind(match place.kind {
                0 if !place.first.is_empty() => place.first.as_str(),
                _ => $lowest,
            })
    }};
}
pub(crate) use bind;

/// Where a page begins.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) since: i64,
    pub(crate) limit: u32,
    /// The last row of the page before: which table, and its key.
    pub(crate) kind: i64,
    at: i64,
    pub(crate) first: String,
    pub(crate) second: String,
}

impl Place {
    pub(crate) fn of(query: &RevocationQuery) -> Result<Self, StoreError> {
        let since = query.since.as_millis();
        let start = (0, since.saturating_sub(1), String::new(), String::new());
        let (kind, at, first, second) = match &query.after {
            Some(cursor) => parse(cursor.as_str())
                .ok_or_else(|| StoreError::corrupt("not a place in the list of revocations"))?,
            None => start,
        };
        Ok(Self {
            since,
            limit: query.limit.max(1),
            kind,
            at,
            first,
            second,
        })
    }

    /// The time that the rows of a table must be behind.
    pub(crate) fn behind(&self, kind: i64) -> i64 {
        match kind.cmp(&self.kind) {
            std::cmp::Ordering::Less => i64::MAX,
            std::cmp::Ordering::Equal => self.at,
            std::cmp::Ordering::Greater => self.since.saturating_sub(1),
        }
    }

    /// Reads the rows of [`told`].
    pub(crate) fn page(
        &self,
        rows: &[impl Columns],
        now: Timestamp,
    ) -> Result<RevocationPage, StoreError> {
        let is_full = u32::try_from(rows.len()).is_ok_and(|count| count >= self.limit);
        let last = rows.last().filter(|_| is_full);
        let mut revocations = Vec::with_capacity(rows.len());
        for row in rows {
            revocations.extend(revocation(row)?);
        }
        Ok(RevocationPage {
            revocations,
            next: last.map(cursor).transpose()?,
            now,
        })
    }
}

/// Any text may be in a key: the length of its first part tells where the second begins.
fn cursor(row: &impl Columns) -> Result<RevocationCursor, StoreError> {
    let (kind, at) = (row::integer(row, "kind")?, row::integer(row, "at")?);
    let (first, second) = (row::text(row, "first")?, row::text(row, "second")?);
    let length = first.len();
    Ok(RevocationCursor::new(format!(
        "{kind}:{at}:{length}:{first}{second}"
    )))
}

fn parse(cursor: &str) -> Option<(i64, i64, String, String)> {
    let mut parts = cursor.splitn(4, ':');
    let kind = parts.next()?.parse().ok()?;
    let at = parts.next()?.parse().ok()?;
    let length: usize = parts.next()?.parse().ok()?;
    let (first, second) = parts.next()?.split_at_checked(length)?;
    Some((kind, at, first.to_owned(), second.to_owned()))
}

fn revocation(row: &impl Columns) -> Result<Option<Revocation>, StoreError> {
    let at = row::time(row, "at")?;
    let first = || row::text(row, "first").map(str::to_owned);
    Ok(Some(match row::integer(row, "kind")? {
        0 => return row::ended_session(row),
        1 => Revocation::Token {
            id: row::text(row, "second")?.to_owned(),
            subject: row::subject(row)?,
            at,
            until: row::time(row, "until")?,
        },
        2 => Revocation::Subject {
            subject: row::subject(row)?,
            at,
        },
        3 => Revocation::Realm {
            realm: first()?,
            at,
        },
        _ => Revocation::ApplicationToken { id: first()?, at },
    }))
}
