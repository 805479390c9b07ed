//! Application tokens, live and removed.

use portcullis::{
    session::{ApplicationToken, LoginTicket, StoreError, TokenAdded},
    subject::Subject,
    time::Timestamp,
};
use redb::ReadableTable;

use crate::{
    feed, order,
    rows::{ApplicationTokenRow, Told},
    sessions::owner,
    table::{self, Key, Rows, get, put, under},
};

const KIND: &str = "application_token";
const OF: &str = "application_token_of";

pub(crate) fn add(
    rows: &mut Rows<'_>,
    token: ApplicationToken,
    limit: u32,
    ticket: LoginTicket,
) -> Result<TokenAdded, StoreError> {
    if order::was_overtaken(rows, &token.subject, ticket)? {
        return Ok(TokenAdded::LoggedOutMeanwhile);
    }
    let known: Option<ApplicationTokenRow> = get(rows, (KIND, &token.id, ""))?;
    if let Some(row) = known {
        return Ok(match ended_at(rows, &row)? {
            None => TokenAdded::Added,
            Some(_) => TokenAdded::LoggedOutMeanwhile,
        });
    }
    if live(rows, &token.subject)?.len() >= limit as usize {
        return Ok(TokenAdded::LimitReached);
    }
    put(rows, (OF, &owner(&token.subject)?, &token.id), &())?;
    let row = ApplicationTokenRow::new(&token, ticket.sequence());
    put(rows, (KIND, &token.id, ""), &row)?;
    Ok(TokenAdded::Added)
}

/// The token with this id, if it is live.
pub(crate) fn find_live(
    rows: &impl ReadableTable<Key, &'static str>,
    id: &str,
) -> Result<Option<ApplicationToken>, StoreError> {
    let Some(row) = get::<ApplicationTokenRow>(rows, (KIND, id, ""))? else {
        return Ok(None);
    };
    let ended = ended_at(rows, &row)?;
    Ok(ended.is_none().then(|| row.token(id)))
}

/// The live ones of a subject.
pub(crate) fn live(
    rows: &impl ReadableTable<Key, &'static str>,
    subject: &Subject,
) -> Result<Vec<ApplicationToken>, StoreError> {
    let mut found = Vec::new();
    for (id, ()) in under(rows, OF, &owner(subject)?)? {
        found.extend(find_live(rows, &id)?);
    }
    Ok(found)
}

/// Takes a token off the live list; the row stays, so that it cannot come back.
pub(crate) fn remove(rows: &mut Rows<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    if let Some(mut row) = get::<ApplicationTokenRow>(rows, (KIND, id, ""))? {
        row.removed_at = Some(now.as_millis());
        put(rows, (KIND, id, ""), &row)?;
        feed::tell(rows, now, &Told::ApplicationToken(id.to_owned()))?;
    }
    Ok(())
}

/// When it was removed, or cut off with its realm.
pub(crate) fn ended_at(
    rows: &impl ReadableTable<Key, &'static str>,
    row: &ApplicationTokenRow,
) -> Result<Option<Timestamp>, StoreError> {
    match row.removed_at {
        Some(at) => Ok(Some(Timestamp::from_millis(at))),
        None => order::cut_off_after(rows, &row.realm, row.ticket),
    }
}

pub(crate) fn forget(
    rows: &mut Rows<'_>,
    id: &str,
    row: &ApplicationTokenRow,
) -> Result<(), StoreError> {
    let owner = owner(&row.token(id).subject)?;
    table::remove(rows, (OF, &owner, id))?;
    table::remove(rows, (KIND, id, ""))
}
