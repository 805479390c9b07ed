//! The store: what is asked of which script, and what the answers mean.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use portcullis::{
    session::{
        ApplicationToken, AttemptId, Created, LoginTicket, NewSession, OneUse, PurgeRules,
        RefusalReason, RemoteClock, ReplayPolicy, RevocationPage, RevocationQuery,
        RevocationReason, RevokedAll, RotationAttempt, RotationOutcome, SecretDigest,
        SessionCursor, SessionId, SessionPage, SessionRecord, SessionStore, StoreError, StoredRing,
        TokenAdded, rules,
    },
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};
use redis::FromRedisValue;
use serde::Serialize;

use crate::{
    ask::{Ask, Nothing, OfRow, OfSession, OfSubject, millis, span},
    connection::Link,
    entry,
    error::store_error,
    layout::{Layout, in_realm, subject_text},
    row::{self, SessionRow, TokenRow},
    script::{Scripts, Step},
};

/// Sessions in Redis. Cheap to clone; clones are the same store.
///
/// The server's clock decides. Every step is one script, and every call ends
/// within [`timeout`](crate::RedisStoreBuilder::timeout).
#[derive(Clone)]
pub struct RedisStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) link: Link,
    pub(crate) layout: Layout,
    pub(crate) channel: String,
    /// Where the feed is listened to: any node of a cluster will do.
    pub(crate) nodes: Vec<redis::Client>,
    pub(crate) poll_interval: Duration,
    pub(crate) scripts: Scripts,
    pub(crate) keep: String,
    /// Goes in place of the server's clock.
    pub(crate) test_clock: Option<SharedClock>,
    pub(crate) server_clock: RemoteClock,
}

impl RedisStore {
    /// Runs a script at `key`.
    async fn run<T: FromRedisValue>(
        &self,
        step: &Step,
        key: &str,
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        let ask = Ask {
            now: self.0.test_clock.as_ref().map(|clock| millis(clock.now())),
            keep: &self.0.keep,
            channel: &self.0.channel,
            what,
        };
        step.run(&self.0.link, key, &ask).await
    }

    /// Runs a script in the shard of a subject.
    async fn at<T: FromRedisValue>(
        &self,
        subject: &Subject,
        step: &Step,
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        let layout = &self.0.layout;
        let feed = layout.feed_key(layout.shard_of(subject));
        self.run(step, &feed, what).await
    }

    /// Runs a script in every shard, at once.
    async fn everywhere<T: FromRedisValue>(
        &self,
        step: &Step,
        what: impl Serialize + Copy,
    ) -> Vec<Result<T, StoreError>> {
        let layout = &self.0.layout;
        let runs = layout.shards().map(|shard| async move {
            let feed = layout.feed_key(shard);
            self.run(step, &feed, what).await
        });
        join_all(runs).await
    }
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

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        let order = self.0.layout.order_key();
        let number: String = self.run(&self.0.scripts.ticket, &order, Nothing {}).await?;
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
        }
        let ticket = ticket_text(ticket);
        let what = What {
            subject: subject_text(&session.subject),
            row: SessionRow::new(&session, &ticket)?,
            ticket,
            idle_ttl: span(session.idle_ttl),
            absolute_ttl: span(session.absolute_ttl),
        };
        let create = &self.0.scripts.create;
        let (_, row): (String, Option<String>) = self.at(&session.subject, create, what).await?;
        Ok(match row {
            None => Created::LoggedOutMeanwhile,
            Some(row) => Created::session(row::session(&row)?),
        })
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            id: &'a str,
            deadline: String,
            set_out: String,
            subject: String,
            digest: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            client: Option<&'a str>,
            generation: String,
            attempt: String,
            key: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            agent: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            address: Option<String>,
            idle_ttl: String,
            grace: String,
            until_used: bool,
            same_device: bool,
            reuse: &'static str,
        }
        let what = What {
            id: attempt.session.as_str(),
            deadline: millis(attempt.deadline),
            set_out: millis(attempt.set_out()),
            subject: subject_text(&attempt.subject),
            digest: row::digest_text(&attempt.secret_digest),
            client: attempt.client.as_deref(),
            generation: attempt.generation.to_string(),
            attempt: row::attempt_text(&attempt.id),
            key: &attempt.refresh_key,
            agent: attempt.device.user_agent.as_deref(),
            address: row::address_text(&attempt.device),
            idle_ttl: span(attempt.idle_ttl),
            grace: span(attempt.rules.window()),
            until_used: attempt.rules.until_used,
            same_device: attempt.rules.replay == ReplayPolicy::SameDevice,
            reuse: RevocationReason::Reuse.as_str(),
        };
        let step = if attempt.may_change() {
            &self.0.scripts.rotate
        } else {
            &self.0.scripts.check
        };
        let (now, row): (String, Option<String>) = self.at(&attempt.subject, step, what).await?;
        let now = row::time(&now)?;
        self.0.server_clock.heard(now, Instant::now());
        let Some(row) = row else {
            return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
        };
        match rules::decide(&row::session(&row)?, attempt, now) {
            (outcome, None) => Ok(outcome),
            (_, Some(_)) => Err(StoreError::corrupt("the script does not follow the rules")),
        }
    }

    async fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let what = OfRow { id: id.as_str() };
        let session = &self.0.scripts.session;
        let row: Option<String> = self.at(subject, session, what).await?;
        let session = row.as_deref().map(row::session).transpose()?;
        Ok(session.filter(|session| session.subject == *subject))
    }

    async fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        let what = OfSubject::new(subject);
        let rows: Vec<String> = self.at(subject, &self.0.scripts.sessions, what).await?;
        let (now, rows) = rows
            .split_first()
            .ok_or_else(|| StoreError::corrupt("no time"))?;
        let now = row::time(now)?;
        let mut live = Vec::new();
        for row in rows {
            live.extend(row::readable(row::session(row)).filter(|session| session.is_live(now)));
        }
        live.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        if let Some(after) = after {
            live.retain(|session| SessionCursor::behind(session) > *after);
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_last = live.len() <= limit;
        live.truncate(limit);
        Ok(SessionPage {
            next: live.last().filter(|_| !is_last).map(SessionCursor::behind),
            sessions: live,
        })
    }

    async fn session_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        let page = self.session_page(subject, None, u32::MAX).await?;
        Ok(u64::try_from(page.sessions.len()).unwrap_or(u64::MAX))
    }

    async fn revoke(&self, subject: &Subject, id: &SessionId) -> Result<bool, StoreError> {
        if self.session(subject, id).await?.is_none() {
            return Ok(false);
        }
        let what = OfSession {
            id: id.as_str(),
            why: RevocationReason::Logout.as_str(),
        };
        let revoke = &self.0.scripts.revoke;
        let ended: u64 = self.at(subject, revoke, what).await?;
        Ok(ended > 0)
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        #[derive(Serialize)]
        struct What {
            subject: String,
            number: String,
            why: &'static str,
        }
        // The number comes first: a login that takes its ticket later is later.
        let what = What {
            number: self.login_ticket().await?.sequence().to_string(),
            subject: subject_text(subject),
            why: RevocationReason::LogoutEverywhere.as_str(),
        };
        let revoke_all = &self.0.scripts.revoke_all;
        let (ids, application_tokens): (Vec<String>, Vec<String>) =
            self.at(subject, revoke_all, what).await?;
        let sessions = ids.iter().map(|id| row::session_id(id));
        Ok(RevokedAll {
            sessions: sessions.collect::<Result<_, _>>()?,
            application_tokens,
        })
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
        for at in self.everywhere::<String>(revoke_realm, what).await {
            last = last.max(row::time(&at?)?);
        }
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
        let answer: String = self.at(&token.subject, add, what).await?;
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
        Ok(
            match self
                .at::<Option<String>>(subject, &self.0.scripts.token, OfRow { id })
                .await?
            {
                None => false,
                Some(row) => TokenRow::parse(&row)?.is_live_for(subject),
            },
        )
    }

    async fn application_tokens(
        &self,
        subject: &Subject,
    ) -> Result<Vec<ApplicationToken>, StoreError> {
        let what = OfSubject::new(subject);
        let rows: Vec<String> = self.at(subject, &self.0.scripts.tokens, what).await?;
        rows.iter()
            .map(|row| TokenRow::parse(row)?.into_token())
            .collect()
    }

    async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        if !self.application_token_is_live(subject, id).await? {
            return Ok(false);
        }
        let remove = &self.0.scripts.remove_token;
        let removed: u64 = self.at(subject, remove, OfRow { id }).await?;
        Ok(removed > 0)
    }

    async fn revoke_token(
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
        self.at::<u64>(subject, revoke, what).await.map(drop)
    }

    async fn is_revoked(
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
        let what = What {
            subject: subject_text(subject),
            token: id.map(|id| in_realm(subject.realm(), id)),
            since: since.map(millis),
        };
        let is_revoked = &self.0.scripts.is_revoked;
        Ok(self.at::<u64>(subject, is_revoked, what).await? == 1)
    }

    async fn revocation_page(&self, query: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        #[derive(Clone, Copy, Serialize)]
        struct What<'a> {
            since: &'a str,
        }
        let since = millis(query.since);
        let what = What { since: &since };
        let mut revocations = Vec::new();
        let mut earliest = Timestamp::from_millis(i64::MAX);
        for answer in self.everywhere(&self.0.scripts.feed, what).await {
            let (now, entries): (String, Vec<(String, String)>) = answer?;
            let now = row::time(&now)?;
            earliest = earliest.min(now);
            for (entry, at) in &entries {
                let revocation = entry::parse(entry, row::time(at)?)?;
                revocations.extend(revocation.filter(|found| !entry::is_over(found, now)));
            }
        }
        Ok(RevocationPage {
            revocations,
            next: None,
            now: earliest,
        })
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        #[derive(Serialize)]
        struct What {
            value: String,
            attempt: String,
            lasts: String,
        }
        let what = What {
            value: row::digest_text(value),
            attempt: row::attempt_text(&attempt),
            lasts: span(keep),
        };
        let layout = &self.0.layout;
        let feed = layout.feed_key(layout.shard_of_value(value));
        let use_once = &self.0.scripts.use_once;
        let (now, row): (String, String) = self.run(use_once, &feed, what).await?;
        row::one_use(&row, attempt, row::time(&now)?)
    }

    async fn key_ring(&self, name: &str) -> Result<StoredRing, StoreError> {
        let key = self.0.layout.key_ring_key(name);
        let (now, version, record): (String, Option<String>, Option<String>) =
            self.run(&self.0.scripts.key_ring, &key, Nothing {}).await?;
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
        Ok(self.run::<u64>(replace, &key, what).await? == 1)
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        #[derive(Clone, Copy, Serialize)]
        struct What<'a> {
            purge_keep: &'a str,
        }
        let keep = span(rules.keep);
        let what = What { purge_keep: &keep };
        let mut gone = 0;
        for answer in self.everywhere::<u64>(&self.0.scripts.purge, what).await {
            gone += answer?;
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
