//! A node that cannot start.

use std::{error::Error, net::TcpListener};

use portcullis::session::StoreErrorKind;
use portcullis_sqlx::PostgresStore;

#[tokio::test]
async fn a_server_that_is_not_there_is_named_as_the_reason() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let url = format!("postgres://bob:secret@{address}/x");
    let error = PostgresStore::connect(&url).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let reason = error.source().unwrap().to_string();
    assert!(reason.contains("refused"), "{reason}");
}
