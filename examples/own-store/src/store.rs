//! The promises, one method each.

use std::time::Duration;

use portcullis::{
    session::{
        ApplicationToken, AttemptId, Created, Device, Grant, LoginTicket, NewSession, OneUse,
        PurgeRules, RefusalReason, RevocationPage, RevocationQuery, RevocationReason, RevokedAll,
        RotationAttempt, RotationOutcome, SecretDigest, SessionCursor, SessionId, SessionPage,
        SessionRecord, SessionStore, StoreError, StoredRing, TokenAdded, rules,
    },
    subject::Subject,
    time::{Clock, Timestamp},
};

use crate::{
    OwnStore, application_tokens, feed, order, purge,
    rows::{RevokedTokenRow, RingRow, Told, UseRow},
    sessions,
    table::{get, put},
};

impl SessionStore for OwnStore {
    async fn current_time(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        self.read(|rows, _| order::ticket(rows)).await
    }

    async fn create(
        &self,
        session: NewSession,
        ticket: LoginTicket,
    ) -> Result<Created, StoreError> {
        self.write(move |rows, now| {
            if order::was_overtaken(rows, &session.subject, ticket)? {
                return Ok(Created::LoggedOutMeanwhile);
            }
            if let Some((record, _)) = sessions::find(rows, &session.id)? {
                // An answer was lost, and this is the same login again.
                return match session.is_of(&record) {
                    true => Ok(Created::session(record)),
                    false => Err(StoreError::corrupt("another session has this id")),
                };
            }
            let evicted = match session.limit {
                Some(limit) => sessions::make_room(rows, &session.subject, limit, now)?,
                None => Vec::new(),
            };
            let record = session.into_record(now);
            sessions::add(rows, record.clone(), ticket.sequence())?;
            Ok(Created::Session {
                session: Box::new(record),
                evicted,
            })
        })
        .await
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        let attempt = attempt.clone();
        self.write(move |rows, now| {
            let Some((record, ticket)) = sessions::find(rows, &attempt.session)? else {
                return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
            };
            let (outcome, next) = rules::decide(&record, &attempt, now);
            if let Some(next) = next {
                sessions::put(rows, next, ticket)?;
            }
            Ok(outcome)
        })
        .await
    }

    async fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let (subject, id) = (subject.clone(), id.clone());
        self.read(move |rows, _| {
            let found = sessions::find(rows, &id)?.map(|(record, _)| record);
            Ok(found.filter(|record| record.subject == subject))
        })
        .await
    }

    async fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        let (subject, after) = (subject.clone(), after.cloned());
        self.read(move |rows, now| {
            let mut live = sessions::live(rows, &subject, now)?;
            if let Some(after) = after {
                live.retain(|record| SessionCursor::behind(record) > after);
            }
            let is_last = live.len() <= limit as usize;
            live.truncate(limit as usize);
            Ok(SessionPage {
                next: live.last().filter(|_| !is_last).map(SessionCursor::behind),
                sessions: live,
            })
        })
        .await
    }

    async fn session_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        let subject = subject.clone();
        self.read(move |rows, now| Ok(sessions::live(rows, &subject, now)?.len() as u64))
            .await
    }

    async fn revoke(&self, subject: &Subject, id: &SessionId) -> Result<bool, StoreError> {
        let (subject, id) = (subject.clone(), id.clone());
        self.write(move |rows, now| {
            let found = sessions::find(rows, &id)?;
            let Some((record, ticket)) = found.filter(|(it, _)| it.subject == subject) else {
                return Ok(false);
            };
            sessions::end(rows, record, ticket, RevocationReason::Logout, now)
        })
        .await
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let subject = subject.clone();
        self.write(move |rows, now| sessions::end_all(rows, &subject, now))
            .await
    }

    async fn revoke_realm(&self, realm: &str) -> Result<Timestamp, StoreError> {
        let realm = realm.to_owned();
        self.write(move |rows, now| order::cut_off(rows, &realm, now))
            .await
    }

    async fn add_application_token(
        &self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Result<TokenAdded, StoreError> {
        self.write(move |rows, _| application_tokens::add(rows, token, limit, ticket))
            .await
    }

    async fn application_token_is_live(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        let (subject, id) = (subject.clone(), id.to_owned());
        self.read(move |rows, _| {
            let found = application_tokens::find_live(rows, &id)?;
            Ok(found.is_some_and(|token| token.subject == subject))
        })
        .await
    }

    async fn application_tokens(
        &self,
        subject: &Subject,
    ) -> Result<Vec<ApplicationToken>, StoreError> {
        let subject = subject.clone();
        self.read(move |rows, _| {
            let mut tokens = application_tokens::live(rows, &subject)?;
            tokens.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
            Ok(tokens)
        })
        .await
    }

    async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        let (subject, id) = (subject.clone(), id.to_owned());
        self.write(move |rows, now| {
            let found = application_tokens::find_live(rows, &id)?;
            let was_live = found.is_some_and(|token| token.subject == subject);
            if was_live {
                application_tokens::remove(rows, &id, now)?;
            }
            Ok(was_live)
        })
        .await
    }

    async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let (subject, id) = (subject.clone(), id.to_owned());
        self.write(move |rows, now| {
            let key = ("revoked_token", subject.realm(), &*id);
            let before: Option<RevokedTokenRow> = get(rows, key)?;
            if before.is_some_and(|row| row.until >= until.as_millis()) {
                return Ok(());
            }
            let row = RevokedTokenRow {
                name: subject.name().to_owned(),
                at: now.as_millis(),
                until: until.as_millis(),
            };
            put(rows, key, &row)?;
            let realm = subject.realm().to_owned();
            feed::tell(rows, now, &Told::Token { realm, id })
        })
        .await
    }

    async fn is_revoked(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let (subject, id) = (subject.clone(), id.map(str::to_owned));
        self.read(move |rows, now| {
            if let Some(id) = id {
                let key = ("revoked_token", subject.realm(), &*id);
                let row: Option<RevokedTokenRow> = get(rows, key)?;
                if row.is_some_and(|row| row.until > now.as_millis()) {
                    return Ok(true);
                }
            }
            match since {
                Some(since) => order::was_logged_out_since(rows, &subject, since),
                None => Ok(false),
            }
        })
        .await
    }

    async fn revocation_page(&self, query: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        let query = query.clone();
        self.read(move |rows, now| feed::page(rows, &query, now))
            .await
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        let name: String = value
            .as_bytes()
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        self.write(move |rows, now| {
            let key = ("use", &*name, "");
            let before: Option<UseRow> = get(rows, key)?;
            if let Some(row) = before.filter(|row| now.as_millis() < row.until) {
                let elapsed = now.saturating_duration_since(Timestamp::from_millis(row.at));
                let first = AttemptId::from_bytes(row.first);
                return Ok(OneUse::of(attempt, first, elapsed));
            }
            put(rows, key, &UseRow::new(attempt, now, keep))?;
            Ok(OneUse::First)
        })
        .await
    }

    async fn key_ring(&self, name: &str) -> Result<StoredRing, StoreError> {
        let name = name.to_owned();
        self.read(move |rows, now| {
            let row: RingRow = get(rows, ("key_ring", &name, ""))?.unwrap_or_default();
            Ok(StoredRing {
                version: row.version,
                record: row.record,
                now,
            })
        })
        .await
    }

    async fn replace_key_ring(
        &self,
        name: &str,
        version: u64,
        record: &str,
    ) -> Result<bool, StoreError> {
        let (name, record) = (name.to_owned(), record.to_owned());
        self.write(move |rows, _| {
            let key = ("key_ring", &*name, "");
            let row: RingRow = get(rows, key)?.unwrap_or_default();
            if row.version != version {
                return Ok(false);
            }
            let version = version + 1;
            put(rows, key, &RingRow { version, record })?;
            Ok(true)
        })
        .await
    }

    async fn erase(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let subject = subject.clone();
        self.write(move |rows, now| {
            let ended = sessions::end_all(rows, &subject, now)?;
            for (mut record, ticket) in sessions::of(rows, &subject)? {
                record.device = Device::default();
                record.grant = Grant::default();
                sessions::replace(rows, record, ticket)?;
            }
            Ok(ended)
        })
        .await
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        let rules = *rules;
        self.write(move |rows, now| purge::purge(rows, now, &rules))
            .await
    }
}
