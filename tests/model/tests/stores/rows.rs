//! Rows as they are kept.

use model::domain::{BEGAN, NOW, new_session};
use portcullis::{
    session::{Created, SessionRecord, SessionStore},
    time::Timestamp,
};
use portcullis_testing::clock::FakeClock;
use serde_json::{Value, json};

use crate::Kept;

/// The members of an object.
pub(crate) fn object(value: Value) -> Kept {
    match value {
        Value::Object(members) => members,
        other => unreachable!("not an object: {other}"),
    }
}

/// The row as columns; bytes in hexadecimal behind a mark.
pub(crate) fn columns(row: &SessionRecord, mark: &str) -> Kept {
    let bytes = |bytes: &[u8]| format!("{mark}{}", hex::encode(bytes));
    let time = |time: Timestamp| time.as_millis();
    object(json!({
        "id": row.id.as_str(),
        "realm": row.subject.realm(),
        "name": row.subject.name(),
        "client": row.client,
        "generation": row.generation,
        "rotated_at": time(row.rotated_at),
        "idle_deadline": time(row.idle_deadline),
        "absolute_deadline": time(row.absolute_deadline),
        "secret_digest": bytes(row.secret_digest.as_bytes()),
        "refresh_key": &*row.refresh_key,
        "user_agent": row.device.user_agent,
        "address": row.device.address,
        "rotated_by": row.rotated_by.map(|by| bytes(by.as_bytes())),
        "rotated_from": row.rotated_from,
        "late_retry_by": row.late_retry_by.map(|by| bytes(by.as_bytes())),
        "revoked_at": row.revoked.map(|revoked| time(revoked.at)),
        "revoked_reason": row.revoked.map(|revoked| revoked.reason.as_str()),
        "revoked_by": row.revoked.and_then(|revoked| revoked.by).map(|by| bytes(by.as_bytes())),
    }))
}

/// Makes the session whose row is copied.
pub(crate) async fn begin(store: &impl SessionStore, clock: &FakeClock) -> SessionRecord {
    clock.set(BEGAN);
    let ticket = store.login_ticket().await.unwrap();
    let created = store.create(new_session(), ticket).await.unwrap();
    let Created::Session { session, .. } = created else {
        panic!("{created:?}");
    };
    clock.set(NOW);
    *session
}
