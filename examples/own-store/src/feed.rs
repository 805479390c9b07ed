//! What was revoked, by its time. Each entry names a row, which says the rest; an entry
//! whose row has another time meanwhile, or is gone, tells nothing.

use portcullis::{
    session::{Revocation, RevocationCursor, RevocationPage, RevocationQuery, StoreError},
    subject::Subject,
    time::Timestamp,
};
use redb::ReadableTable;

use crate::{
    rows::{ApplicationTokenRow, LogOutRow, RevokedTokenRow, SessionRow, Told},
    table::{Key, Rows, all, get, put, remove},
};

const KIND: &str = "told";

/// Writes down that something was revoked at this time.
pub(crate) fn tell(rows: &mut Rows<'_>, at: Timestamp, what: &Told) -> Result<(), StoreError> {
    let what = serde_json::to_string(what).map_err(StoreError::corrupt)?;
    put(rows, (KIND, &moment(at), &what), &())
}

/// A page of what was revoked: as many entries, by their time, from the place on where
/// the last one ended.
pub(crate) fn page(
    rows: &impl ReadableTable<Key, &'static str>,
    query: &RevocationQuery,
    now: Timestamp,
) -> Result<RevocationPage, StoreError> {
    let place = query
        .after
        .as_ref()
        .and_then(|it| it.as_str().split_once(' '));
    let first = moment(query.since);
    let (from, after) = place.unwrap_or((&first, ""));
    let mut page = RevocationPage {
        revocations: Vec::new(),
        next: None,
        now,
    };
    let mut left = query.limit.max(1);
    for (at, what, ()) in all(rows, KIND, from)? {
        if (&*at, &*what) <= (from, after) {
            continue;
        }
        let revocation = look_up(rows, &at, &what)?;
        page.revocations
            .extend(revocation.filter(|revocation| match revocation {
                Revocation::Token { until, .. } => now < *until,
                _ => true,
            }));
        left -= 1;
        if left == 0 {
            page.next = Some(RevocationCursor::new(format!("{at} {what}")));
            break;
        }
    }
    Ok(page)
}

/// Forgets the entries whose rows are gone.
pub(crate) fn purge(rows: &mut Rows<'_>) -> Result<(), StoreError> {
    for (at, what, ()) in all(rows, KIND, "")? {
        if look_up(rows, &at, &what)?.is_none() {
            remove(rows, (KIND, &at, &what))?;
        }
    }
    Ok(())
}

fn look_up(
    rows: &impl ReadableTable<Key, &'static str>,
    at: &str,
    what: &str,
) -> Result<Option<Revocation>, StoreError> {
    let revocation = match serde_json::from_str(what).map_err(StoreError::corrupt)? {
        Told::Session(id) => {
            let row: Option<SessionRow> = get(rows, ("session", &id, ""))?;
            let record = row.map(|row| row.into_record(&id)).transpose()?;
            record.and_then(|record| {
                let revoked = record.revoked?;
                let revocation = Revocation::Session {
                    id: record.id,
                    subject: record.subject,
                    at: revoked.at,
                    reason: revoked.reason,
                };
                Some((revoked.at, revocation))
            })
        }
        Told::ApplicationToken(id) => {
            let row: Option<ApplicationTokenRow> = get(rows, ("application_token", &id, ""))?;
            row.and_then(|row| row.removed_at).map(|at| {
                let at = Timestamp::from_millis(at);
                (at, Revocation::ApplicationToken { id, at })
            })
        }
        Told::Token { realm, id } => {
            let row: Option<RevokedTokenRow> = get(rows, ("revoked_token", &realm, &id))?;
            row.map(|row| {
                let at = Timestamp::from_millis(row.at);
                let revocation = Revocation::Token {
                    id,
                    subject: Subject::new(realm, row.name),
                    at,
                    until: Timestamp::from_millis(row.until),
                };
                (at, revocation)
            })
        }
        Told::Subject { realm, name } => {
            let row: Option<LogOutRow> = get(rows, ("log_out", &realm, &name))?;
            row.map(|row| {
                let (subject, at) = (Subject::new(realm, name), Timestamp::from_millis(row.at));
                (at, Revocation::Subject { subject, at })
            })
        }
        Told::Realm(realm) => {
            let row: Option<LogOutRow> = get(rows, ("cut_off", &realm, ""))?;
            row.map(|row| {
                let at = Timestamp::from_millis(row.at);
                (at, Revocation::Realm { realm, at })
            })
        }
    };
    let told = revocation.filter(|(of_row, _)| moment(*of_row) == at);
    Ok(told.map(|(_, revocation)| revocation))
}

/// A time as text whose order is that of the times.
fn moment(at: Timestamp) -> String {
    // The sign, turned, makes negative times come first.
    format!("{:016x}", at.as_millis() ^ i64::MIN)
}
