//! The store on PostgreSQL keeps the contract.

use portcullis::time::SharedClock;
use portcullis_sqlx::PostgresStore;

use crate::schema::Schema;

async fn empty_store(clock: SharedClock) -> Option<(PostgresStore, Schema)> {
    let schema = Schema::new().await?;
    Some((schema.store(clock).await, schema))
}

portcullis_testing::store_contract!(empty_store);
