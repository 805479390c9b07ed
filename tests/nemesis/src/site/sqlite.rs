//! A file that all nodes open.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use crate::Result;

pub(crate) struct Sqlite {
    file: PathBuf,
}

impl Sqlite {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            file: folder.join("sessions.db"),
        }
    }

    pub(super) fn url(&self) -> String {
        format!("sqlite:{}", self.file.display())
    }

    /// Writes for so long, or rather only keeps others from it, as a backup may.
    pub(super) async fn hold_lock(&self, span: Duration) -> Result<()> {
        let options = SqliteConnectOptions::new()
            .filename(&self.file)
            .busy_timeout(Duration::from_secs(30));
        let mut connection = options.connect().await?;
        sqlx::raw_sql("BEGIN IMMEDIATE")
            .execute(&mut connection)
            .await?;
        tokio::time::sleep(span).await;
        sqlx::raw_sql("ROLLBACK").execute(&mut connection).await?;
        Ok(())
    }
}
