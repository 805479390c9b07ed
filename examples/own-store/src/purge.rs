//! What is forgotten. Cut-offs, the number of the last log-out and key rings never are.

use portcullis::{
    session::{Device, PurgeRules, StoreError},
    time::Timestamp,
};

use crate::{
    application_tokens, feed, order,
    rows::{ApplicationTokenRow, LogOutRow, RevokedTokenRow, SessionRow, UseRow},
    sessions,
    table::{Rows, all, remove},
};

/// Forgets what has been over for longer than `keep`, all at once: the file is this
/// process's alone, and small. How many rows went.
pub(crate) fn purge(
    rows: &mut Rows<'_>,
    now: Timestamp,
    rules: &PurgeRules,
) -> Result<u64, StoreError> {
    let horizon = now.saturating_sub(rules.keep);
    let devices = rules.devices.map(|devices| now.saturating_sub(devices));
    let mut gone = 0;
    for (id, _, row) in all::<SessionRow>(rows, "session", "")? {
        let (mut record, ticket) = sessions::as_it_is(rows, &id, row)?;
        let deadline = record.idle_deadline.min(record.absolute_deadline);
        if record.revoked.map_or(deadline, |it| it.at.min(deadline)) < horizon {
            sessions::forget(rows, &record)?;
            gone += 1;
        } else if devices.is_some_and(|devices| record.rotated_at < devices)
            && record.device != Device::default()
        {
            record.device = Device::default();
            sessions::replace(rows, record, ticket)?;
            gone += 1;
        }
    }
    for (id, _, row) in all::<ApplicationTokenRow>(rows, "application_token", "")? {
        if application_tokens::ended_at(rows, &row)?.is_some_and(|at| at < horizon) {
            application_tokens::forget(rows, &id, &row)?;
            gone += 1;
        }
    }
    for (realm, name, row) in all::<LogOutRow>(rows, "log_out", "")? {
        if row.at < horizon.as_millis() {
            order::forget(rows, &realm, &name, row)?;
            gone += 1;
        }
    }
    for (realm, id, row) in all::<RevokedTokenRow>(rows, "revoked_token", "")? {
        if row.until <= now.as_millis() {
            remove(rows, ("revoked_token", &realm, &id))?;
            gone += 1;
        }
    }
    for (name, _, row) in all::<UseRow>(rows, "use", "")? {
        if row.until <= now.as_millis() {
            remove(rows, ("use", &name, ""))?;
            gone += 1;
        }
    }
    feed::purge(rows)?;
    Ok(gone)
}
