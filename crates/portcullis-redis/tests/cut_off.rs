//! Logging everybody out beside nodes of a version that does not know of that.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    Prefix,
    sessions::{alice, attempt, open},
};
use portcullis::{
    session::{
        ApplicationToken, RefusalReason, RevocationReason, RotationOutcome, SessionStore,
        TokenAdded,
    },
    time::Timestamp,
};
use portcullis_testing::{clock::FakeClock, servers::redis_url};
use redis::Commands;
use serde_json::Value;

/// Makes all rows such as a version writes that knows no cut-offs.
fn age(prefix: &Prefix) {
    let mut connection = prefix.connection();
    for key in prefix.keys() {
        if !key.contains(":s:") && !key.contains(":a:") {
            continue;
        }
        let row: String = connection.get(&key).unwrap();
        let mut row: Value = serde_json::from_str(&row).unwrap();
        row.as_object_mut().unwrap().remove("ticket").unwrap();
        let kept = redis::SetOptions::default().with_expiration(redis::SetExpiry::KEEPTTL);
        let _: () = connection.set_options(&key, row.to_string(), kept).unwrap();
    }
}

/// Their time decides then.
#[tokio::test]
async fn rows_without_a_ticket_go_by_their_time() {
    let Some(url) = redis_url() else { return };
    let prefix = Prefix::new(&url);
    let clock = FakeClock::new();
    let store = prefix.store().test_clock(clock.shared());
    let store = store.connect().await.unwrap();
    let list = async |id: &str, created_at: Timestamp| {
        let token = ApplicationToken {
            id: id.to_owned(),
            subject: alice(),
            created_at,
        };
        let ticket = store.login_ticket().await.unwrap();
        let added = store.add_application_token(token, 10, ticket).await;
        assert_eq!(added.unwrap(), TokenAdded::Added);
    };
    let before = open(&store).await;
    list("before", before.created_at).await;
    let at = store.revoke_realm("users").await.unwrap();
    clock.advance(std::time::Duration::from_millis(1));
    let after = open(&store).await;
    list("after", after.created_at).await;
    age(&prefix);
    let row = store
        .session(&before.subject, &before.id)
        .await
        .unwrap()
        .unwrap();
    let revoked = row.revoked.unwrap();
    assert_eq!(revoked.at, at);
    assert_eq!(revoked.reason, RevocationReason::LogoutEverybody);
    let refused = store.rotate(&attempt(&before, 0)).await.unwrap();
    let expected = RotationOutcome::Refused(RefusalReason::Revoked);
    assert_eq!(refused, expected);
    let rotated = store.rotate(&attempt(&after, 0)).await.unwrap();
    assert!(matches!(rotated, RotationOutcome::Rotated(_)));
    for (id, live) in [("before", false), ("after", true)] {
        let found = store.application_token_is_live(&alice(), id).await;
        assert_eq!(found.unwrap(), live, "{id}");
    }
}
