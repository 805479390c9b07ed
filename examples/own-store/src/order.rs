//! The order of logins and log-outs. Log-outs are numbered; a ticket is the number of
//! the last one, so that a log-out with a higher number overtook the login.

use portcullis::{
    session::{LoginTicket, StoreError},
    subject::Subject,
    time::Timestamp,
};
use redb::ReadableTable;

use crate::{
    feed,
    rows::{LogOutRow, Told},
    table::{Key, Rows, get, put, remove},
};

/// The number of the last log-out. Never purged, or old tickets were good again.
const LAST: (&str, &str, &str) = ("last_log_out", "", "");

/// The highest number of a log-out that was purged. Whose it was is not known any more, so
/// that older tickets are worthless to everybody.
const FORGOTTEN: (&str, &str, &str) = ("forgotten_log_out", "", "");

pub(crate) fn ticket(
    rows: &impl ReadableTable<Key, &'static str>,
) -> Result<LoginTicket, StoreError> {
    let last: Option<u64> = get(rows, LAST)?;
    Ok(LoginTicket::from_sequence(last.unwrap_or(0)))
}

/// Logs a subject out everywhere, as far as logins are concerned.
pub(crate) fn log_out(
    rows: &mut Rows<'_>,
    subject: &Subject,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (realm, name) = (subject.realm().to_owned(), subject.name().to_owned());
    let at = number(rows, ("log_out", &realm, &name), now, 0)?;
    feed::tell(rows, at, &Told::Subject { realm, name })
}

/// Cuts a realm off.
pub(crate) fn cut_off(
    rows: &mut Rows<'_>,
    realm: &str,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    // Snapshots tell cut-offs apart by their time.
    let at = number(rows, ("cut_off", realm, ""), now, 1)?;
    feed::tell(rows, at, &Told::Realm(realm.to_owned()))?;
    Ok(at)
}

/// The cut-off of the realm that came after this ticket.
pub(crate) fn cut_off_after(
    rows: &impl ReadableTable<Key, &'static str>,
    realm: &str,
    ticket: u64,
) -> Result<Option<Timestamp>, StoreError> {
    let row: Option<LogOutRow> = get(rows, ("cut_off", realm, ""))?;
    let after = row.filter(|row| ticket < row.sequence);
    Ok(after.map(|row| Timestamp::from_millis(row.at)))
}

/// Whether the subject was logged out, alone or with everybody, after this ticket.
pub(crate) fn was_overtaken(
    rows: &impl ReadableTable<Key, &'static str>,
    subject: &Subject,
    ticket: LoginTicket,
) -> Result<bool, StoreError> {
    let row: Option<LogOutRow> = get(rows, ("log_out", subject.realm(), subject.name()))?;
    let forgotten: Option<u64> = get(rows, FORGOTTEN)?;
    let last = row.map(|row| row.sequence).max(forgotten);
    if last.is_some_and(|last| ticket.sequence() < last) {
        return Ok(true);
    }
    Ok(cut_off_after(rows, subject.realm(), ticket.sequence())?.is_some())
}

/// Whether the subject was logged out, alone or with everybody, at this time or later.
pub(crate) fn was_logged_out_since(
    rows: &impl ReadableTable<Key, &'static str>,
    subject: &Subject,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let alone: Option<LogOutRow> = get(rows, ("log_out", subject.realm(), subject.name()))?;
    let together: Option<LogOutRow> = get(rows, ("cut_off", subject.realm(), ""))?;
    let last = alone.map(|row| row.at).max(together.map(|row| row.at));
    Ok(last >= Some(since.as_millis()))
}

/// Forgets a log-out, though not that there was one.
pub(crate) fn forget(
    rows: &mut Rows<'_>,
    realm: &str,
    name: &str,
    row: LogOutRow,
) -> Result<(), StoreError> {
    let forgotten: Option<u64> = get(rows, FORGOTTEN)?;
    put(rows, FORGOTTEN, &forgotten.max(Some(row.sequence)))?;
    remove(rows, ("log_out", realm, name))
}

/// Gives a log-out the next number, and a time.
fn number(
    rows: &mut Rows<'_>,
    key: (&str, &str, &str),
    now: Timestamp,
    later_by: i64,
) -> Result<Timestamp, StoreError> {
    let sequence = ticket(rows)?.sequence() + 1;
    put(rows, LAST, &sequence)?;
    let before: Option<LogOutRow> = get(rows, key)?;
    // A clock that goes back must not make tokens good again.
    let at = before.map_or(now.as_millis(), |row| {
        now.as_millis().max(row.at.saturating_add(later_by))
    });
    put(rows, key, &LogOutRow { sequence, at })?;
    Ok(Timestamp::from_millis(at))
}
