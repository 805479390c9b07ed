//! The store: what is asked of which script, and what the answers mean.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use portcullis::{
    session::{
        ApplicationToken, AttemptId, Created, LoginTicket, NewSession, OneUse, PurgeRules,
        RemoteClock, RevocationPage, RevocationQuery, RevocationReason, RevokedAll,
        RotationAttempt, RotationOutcome, SecretDigest, SessionCursor, SessionId, SessionPage,
        SessionRecord, SessionStore, StoreError, StoredRing, TokenAdded, rules,
    },
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};
use redis::FromRedisValue;
use serde::Serialize;

use crate::{
    ask::{Nothing, OfRow, OfSession, OfSubject, span},
    connection::Link,
    error::store_error,
    keep::Keep,
    keys::{of_session, to_judge},
    layout::{Layout, Shard, subject_text},
    moving::Moving,
    row::{self, SessionRow, TokenRow},
    script::Scripts,
};

/// Sessions in Redis. Cheap to clone; clones are the same store.
///
/// The server's clock decides. Every step is one script, and every call ends
/// within [`timeout`](crate::RedisStoreBuilder::timeout).
#[derive(Clone)]
pub struct RedisStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) link: Link,
    /// For log-outs that wait for replicas: their connection gets nothing else done meanwhile.
    pub(crate) waiting: Link,
    /// The same for proofs, which must not wait for log-outs.
    pub(crate) proving: Link,
    pub(crate) confirming_replicas: u32,
    /// Whether the last proof failed.
    pub(crate) unconfirmed: AtomicBool,
    pub(crate) log_out_replicas: u32,
    pub(crate) layout: Layout,
    pub(crate) channel: String,
    pub(crate) poll_interval: Duration,
    pub(crate) scripts: Scripts,
    pub(crate) keep: Keep,
    /// How many shards the layout before this one had, if something may be left in it.
    pub(crate) old: Option<u16>,
    pub(crate) moving: Moving,
    /// Goes in place of the server's clock.
    pub(crate) test_clock: Option<SharedClock>,
    pub(crate) server_clock: RemoteClock,
}

impl SessionStore for RedisStore {
    async fn current_time(&self) -> Result<Timestamp, StoreError> {
        if let Some(clock) = &self.0.test_clock {
            return Ok(clock.now());
        }
        if let Some(now) = self.0.server_clock.at(Instant::now()) {
            return Ok(now);
        }
        let answer = self.0.link.send(&redis::cmd("TIME")).await;
        let time = <(i64, i64)>::from_redis_value(answer.map_err(store_error)?);
        let (seconds, micros) = time.map_err(StoreError::corrupt)?;
        let now = Timestamp::from_millis(seconds.saturating_mul(1000) + micros / 1000);
        self.0.server_clock.heard(now, Instant::now());
        Ok(now)
    }

    async fn confirm(&self, max_age: Duration) -> Result<Timestamp, StoreError> {
        self.confirm_all(max_age).await
    }

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        let order = self.0.layout.order_key();
        let ticket = &self.0.scripts.ticket;
        let number: String = self.run(ticket, &[order], Nothing {}).await?;
        row::number(&number).map(LoginTicket::from_sequence)
    }

    async fn create(
        &self,
        session: NewSession,
        ticket: LoginTicket,
    ) -> Result<Created, StoreError> {
        #[derive(Serialize)]
        struct What {
            subject: String,
            ticket: String,
            row: SessionRow,
            idle_ttl: String,
            absolute_ttl: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            limit: Option<String>,
            swept: String,
        }
        let ticket = ticket_text(ticket);
        let mut what = What {
            subject: subject_text(&session.subject),
            row: SessionRow::new(&session, &ticket)?,
            ticket,
            idle_ttl: span(session.idle_ttl),
            absolute_ttl: span(session.absolute_ttl),
            limit: session.limit.map(|limit| limit.to_string()),
            swept: String::new(),
        };
        let create = &self.0.scripts.create;
        let (row, evicted) = loop {
            let keys = of_session(&session.id);
            let (now, row, evicted): (String, Option<String>, Vec<String>) =
                self.at(&session.subject, create, keys, &what).await?;
            match now.as_str() {
                "sweep" => what.swept = self.sweep(&session.subject, false).await?.by,
                _ => break (row, evicted),
            }
        };
        let Some(row) = row else {
            return Ok(Created::LoggedOutMeanwhile);
        };
        let evicted = evicted.iter().map(|id| row::session_id(id));
        Ok(Created::Session {
            session: Box::new(row::session(&row)?),
            evicted: evicted.collect::<Result<_, _>>()?,
        })
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        self.present(attempt).await
    }

    async fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let what = OfRow {
            subject: subject_text(subject),
            id: id.as_str(),
        };
        let session = &self.0.scripts.session;
        let row: Option<String> = self.at(subject, session, to_judge(id), what).await?;
        row.as_deref().map(row::session).transpose()
    }

    async fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        self.page(subject, after, limit).await
    }

    async fn session_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        self.count(subject).await
    }

    async fn revoke(&self, subject: &Subject, id: &SessionId) -> Result<bool, StoreError> {
        let what = OfSession {
            subject: subject_text(subject),
            id: id.as_str(),
            why: RevocationReason::Logout.as_str(),
        };
        let revoke = &self.0.scripts.revoke;
        let ended: u64 = self
            .log_out_at(subject, revoke, of_session(id), what)
            .await?;
        Ok(ended > 0)
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        self.log_out(subject).await
    }

    async fn revoke_realm(&self, realm: &str) -> Result<Timestamp, StoreError> {
        #[derive(Clone, Copy, Serialize)]
        struct What<'a> {
            realm: &'a str,
            number: &'a str,
        }
        // The number comes first, as in `revoke_all`, and is the same in all shards.
        let number = self.login_ticket().await?.sequence().to_string();
        let number = number.as_str();
        let revoke_realm = &self.0.scripts.revoke_realm;
        let what = What { realm, number };
        let mut last = Timestamp::from_millis(i64::MIN);
        let keys = |shard: &Shard| vec![shard.feed(), shard.cut_offs()];
        let shards = self.0.layout.shards();
        let cut_offs = shards.map(|shard| async move {
            self.log_out_in::<String>(&shard, revoke_realm, &keys(&shard), what)
                .await
        });
        for at in join_all(cut_offs).await {
            last = last.max(row::time(&at?)?);
        }
        self.cut_off_there(realm, number, last).await?;
        Ok(last)
    }

    async fn add_application_token(
        &self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Result<TokenAdded, StoreError> {
        #[derive(Serialize)]
        struct What {
            subject: String,
            ticket: String,
            limit: String,
            token: TokenRow,
        }
        let ticket = ticket_text(ticket);
        let what = What {
            subject: subject_text(&token.subject),
            token: TokenRow::new(&token, &ticket),
            ticket,
            limit: limit.to_string(),
        };
        let add = &self.0.scripts.add_token;
        let keys = |shard: &Shard, subject: &str| {
            [
                shard.feed(),
                shard.cut_offs(),
                shard.subject(subject),
                shard.tokens(subject),
                shard.token(&token.id),
            ]
        };
        let answer: String = self.at(&token.subject, add, keys, what).await?;
        match answer.as_str() {
            "added" => Ok(TokenAdded::Added),
            "limit" => Ok(TokenAdded::LimitReached),
            "overtaken" => Ok(TokenAdded::LoggedOutMeanwhile),
            _ => Err(StoreError::corrupt("not an answer")),
        }
    }

    async fn application_token_is_live(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        let what = OfRow {
            subject: subject_text(subject),
            id,
        };
        let keys = |shard: &Shard, _: &str| [shard.cut_offs(), shard.token(id)];
        let token = &self.0.scripts.token;
        let row: Option<String> = self.at(subject, token, keys, what).await?;
        Ok(match row {
            None => false,
            Some(row) => TokenRow::parse(&row)?.is_live_for(subject),
        })
    }

    async fn application_tokens(
        &self,
        subject: &Subject,
    ) -> Result<Vec<ApplicationToken>, StoreError> {
        let what = OfSubject {
            subject: subject_text(subject),
        };
        let keys = |shard: &Shard, subject: &str| [shard.tokens(subject)];
        let tokens = &self.0.scripts.tokens;
        let rows: Vec<String> = self.at(subject, tokens, keys, what).await?;
        let tokens = rows.iter().map(|row| TokenRow::parse(row)?.into_token());
        Ok(tokens.filter_map(row::readable).collect())
    }

    async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        let what = OfRow {
            subject: subject_text(subject),
            id,
        };
        let keys = |shard: &Shard, subject: &str| {
            [
                shard.feed(),
                shard.cut_offs(),
                shard.tokens(subject),
                shard.token(id),
            ]
        };
        let remove = &self.0.scripts.remove_token;
        let removed: u64 = self.log_out_at(subject, remove, keys, what).await?;
        Ok(removed > 0)
    }

    async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.revoke_one(subject, id, until).await
    }

    async fn is_revoked(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.asks(subject, id, since).await
    }

    async fn revocation_page(&self, query: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        self.read_feeds(query).await
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        #[derive(Clone, Serialize)]
        struct What {
            attempt: String,
            lasts: String,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            only_look: bool,
        }
        let mut what = What {
            attempt: row::attempt_text(&attempt),
            lasts: span(keep),
            only_look: true,
        };
        let layout = &self.0.layout;
        let use_once = &self.0.scripts.use_once;
        let text = row::digest_text(value);
        let mut shards = vec![(layout.of_value(value), false)];
        if let Some(old) = self.0.old {
            // What was used there is not used again here.
            shards.insert(0, (layout.old_shard_of_value(value, old), true));
        }
        for (shard, only_look) in shards {
            what.only_look = only_look;
            let (now, row): (String, Option<String>) =
                self.run(use_once, &[shard.once(&text)], &what).await?;
            if let Some(row) = row {
                return row::one_use(&row, attempt, row::time(&now)?);
            }
        }
        Err(StoreError::corrupt("nobody was first"))
    }

    async fn key_ring(&self, name: &str) -> Result<StoredRing, StoreError> {
        let key = self.0.layout.key_ring_key(name);
        let (now, version, record): (String, Option<String>, Option<String>) = self
            .run(&self.0.scripts.key_ring, &[key], Nothing {})
            .await?;
        Ok(StoredRing {
            version: version.map_or(Ok(0), |version| row::number(&version))?,
            record: record.unwrap_or_default(),
            now: row::time(&now)?,
        })
    }

    async fn replace_key_ring(
        &self,
        name: &str,
        version: u64,
        record: &str,
    ) -> Result<bool, StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            version: String,
            record: &'a str,
        }
        let what = What {
            version: version.to_string(),
            record,
        };
        let key = self.0.layout.key_ring_key(name);
        let replace = &self.0.scripts.replace_key_ring;
        Ok(self.run::<u64>(replace, &[key], what).await? == 1)
    }

    async fn erase(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let ended = self.log_out(subject).await?;
        self.forget(subject).await?;
        Ok(ended)
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        #[derive(Clone, Copy, Serialize)]
        struct What<'a> {
            purge_keep: &'a str,
        }
        let keep = span(rules.keep);
        let what = What { purge_keep: &keep };
        let mut gone = 0;
        let keys = |shard: &Shard| vec![shard.feed()];
        let purge = &self.0.scripts.purge;
        let mut is_over = false;
        while !is_over {
            is_over = true;
            for answer in self.everywhere::<(u64, u8)>(purge, keys, what).await {
                let (of_shard, more) = answer?;
                gone += of_shard;
                is_over &= more == 0;
            }
        }
        if let Some(devices) = rules.devices {
            let since = self.current_time().await?.saturating_sub(devices);
            gone += self.forget_devices(since).await?;
        }
        Ok(gone)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("layout", &self.0.layout)
            .finish_non_exhaustive()
    }
}

/// The number of a ticket, as one that Lua counts exactly.
fn ticket_text(ticket: LoginTicket) -> String {
    ticket.sequence().min(rules::MAX_GENERATION).to_string()
}
