//! Access tokens that were revoked one by one.

use portcullis::{session::StoreError, subject::Subject, time::Timestamp};
use serde::Serialize;

use crate::{
    RedisStore,
    ask::millis,
    layout::{Shard, in_realm, subject_text},
};

impl RedisStore {
    /// Revokes one access token.
    pub(crate) async fn revoke_one(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            token: String,
            id: &'a str,
            subject: String,
            until: String,
        }
        let what = What {
            token: in_realm(subject.realm(), id),
            id,
            subject: subject_text(subject),
            until: millis(until),
        };
        let revoke = &self.0.scripts.revoke_token;
        let shard = self.0.layout.of(subject);
        let keys = [shard.feed(), shard.revoked_token(&what.token)];
        self.log_out_in::<u64>(&shard, revoke, &keys, what)
            .await
            .map(drop)
    }

    /// Whether a token was revoked, or its subject or everybody was logged out since.
    pub(crate) async fn asks(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        #[derive(Serialize)]
        struct What {
            subject: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            token: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            since: Option<String>,
        }
        let token = id.map(|id| in_realm(subject.realm(), id));
        if let Some(token) = &token
            && self.is_in_old_shard(subject, token).await?
        {
            return Ok(true);
        }
        let what = What {
            subject: subject_text(subject),
            token: token.clone(),
            since: since.map(millis),
        };
        let keys = |shard: &Shard, subject: &str| {
            let token = token.map(|token| shard.revoked_token(&token));
            [
                shard.cut_offs(),
                shard.subject(subject),
                token.unwrap_or_else(|| shard.cut_offs()),
            ]
        };
        let is_revoked = &self.0.scripts.is_revoked;
        let revoked: u64 = self.at(subject, is_revoked, keys, what).await?;
        Ok(revoked == 1)
    }
}
