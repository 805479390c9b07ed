//! Sessions: rows, and who has which.

use std::num::NonZeroU32;

use portcullis::{
    session::{RevocationReason, Revoked, RevokedAll, SessionId, SessionRecord, StoreError},
    subject::Subject,
    time::Timestamp,
};
use redb::ReadableTable;

use crate::{
    application_tokens, feed, order,
    rows::{SessionRow, Told},
    table::{self, Key, Rows, get, under},
};

/// The session as it is, and its ticket. One that was cut off with its realm has ended,
/// though nobody wrote that into its row.
pub(crate) fn find(
    rows: &impl ReadableTable<Key, &'static str>,
    id: &SessionId,
) -> Result<Option<(SessionRecord, u64)>, StoreError> {
    let row: Option<SessionRow> = get(rows, ("session", id.as_str(), ""))?;
    row.map(|row| as_it_is(rows, id.as_str(), row)).transpose()
}

pub(crate) fn as_it_is(
    rows: &impl ReadableTable<Key, &'static str>,
    id: &str,
    row: SessionRow,
) -> Result<(SessionRecord, u64), StoreError> {
    let ticket = row.ticket;
    let mut record = row.into_record(id)?;
    if record.revoked.is_none() {
        let cut_off = order::cut_off_after(rows, record.subject.realm(), ticket)?;
        record.revoked = cut_off.map(|at| Revoked {
            at,
            reason: RevocationReason::LogoutEverybody,
            by: None,
        });
    }
    Ok((record, ticket))
}

/// Those of a subject, whether they are live or not.
pub(crate) fn of(
    rows: &impl ReadableTable<Key, &'static str>,
    subject: &Subject,
) -> Result<Vec<(SessionRecord, u64)>, StoreError> {
    let mut found = Vec::new();
    for (id, ()) in under(rows, "session_of", &owner(subject)?)? {
        if let Some(row) = get(rows, ("session", &id, ""))? {
            found.push(as_it_is(rows, &id, row)?);
        }
    }
    Ok(found)
}

/// The live ones of a subject, the oldest first.
pub(crate) fn live(
    rows: &impl ReadableTable<Key, &'static str>,
    subject: &Subject,
    now: Timestamp,
) -> Result<Vec<SessionRecord>, StoreError> {
    let found = of(rows, subject)?.into_iter().map(|(record, _)| record);
    let mut live: Vec<_> = found.filter(|record| record.is_live(now)).collect();
    live.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(live)
}

/// Ends as many of a subject as must go for another one, the longest idle first: which.
pub(crate) fn make_room(
    rows: &mut Rows<'_>,
    subject: &Subject,
    limit: NonZeroU32,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let mut live = of(rows, subject)?;
    live.retain(|(record, _)| record.is_live(now));
    live.sort_by(|(a, _), (b, _)| {
        (a.rotated_at, a.created_at, &a.id).cmp(&(b.rotated_at, b.created_at, &b.id))
    });
    let go = live.len().saturating_sub(limit.get() as usize - 1);
    let mut evicted = Vec::new();
    for (record, ticket) in live.into_iter().take(go) {
        evicted.push(record.id.clone());
        end(rows, record, ticket, RevocationReason::Evicted, now)?;
    }
    Ok(evicted)
}

/// Logs a subject out everywhere.
pub(crate) fn end_all(
    rows: &mut Rows<'_>,
    subject: &Subject,
    now: Timestamp,
) -> Result<RevokedAll, StoreError> {
    order::log_out(rows, subject, now)?;
    let mut ended = RevokedAll::default();
    for (record, ticket) in of(rows, subject)? {
        let (id, reason) = (record.id.clone(), RevocationReason::LogoutEverywhere);
        if end(rows, record, ticket, reason, now)? {
            ended.sessions.push(id);
        }
    }
    for token in application_tokens::live(rows, subject)? {
        application_tokens::remove(rows, &token.id, now)?;
        ended.application_tokens.push(token.id);
    }
    Ok(ended)
}

/// Adds a session to its subject's.
pub(crate) fn add(
    rows: &mut Rows<'_>,
    record: SessionRecord,
    ticket: u64,
) -> Result<(), StoreError> {
    let owner = owner(&record.subject)?;
    table::put(rows, ("session_of", &owner, record.id.as_str()), &())?;
    put(rows, record, ticket)
}

/// Keeps a session as it is now.
pub(crate) fn replace(
    rows: &mut Rows<'_>,
    record: SessionRecord,
    ticket: u64,
) -> Result<(), StoreError> {
    let id = record.id.clone();
    let key = ("session", id.as_str(), "");
    table::put(rows, key, &SessionRow::new(record, ticket))
}

/// Keeps what became of a session, and tells it if that is the end.
pub(crate) fn put(
    rows: &mut Rows<'_>,
    record: SessionRecord,
    ticket: u64,
) -> Result<(), StoreError> {
    let (id, revoked) = (record.id.clone(), record.revoked);
    replace(rows, record, ticket)?;
    match revoked {
        Some(revoked) => feed::tell(rows, revoked.at, &Told::Session(id.to_string())),
        None => Ok(()),
    }
}

/// Ends a session. False if it had ended.
pub(crate) fn end(
    rows: &mut Rows<'_>,
    mut record: SessionRecord,
    ticket: u64,
    reason: RevocationReason,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if record.revoked.is_some() {
        return Ok(false);
    }
    record.revoked = Some(Revoked {
        at: now,
        reason,
        by: None,
    });
    put(rows, record, ticket)?;
    Ok(true)
}

pub(crate) fn forget(rows: &mut Rows<'_>, record: &SessionRecord) -> Result<(), StoreError> {
    let owner = owner(&record.subject)?;
    table::remove(rows, ("session_of", &owner, record.id.as_str()))?;
    table::remove(rows, ("session", record.id.as_str(), ""))
}

/// One name for both names of a subject, whatever characters are in them.
pub(crate) fn owner(subject: &Subject) -> Result<String, StoreError> {
    serde_json::to_string(&(subject.realm(), subject.name())).map_err(StoreError::corrupt)
}
