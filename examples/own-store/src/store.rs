//! The promises, one method each.

use std::time::Duration;

use portcullis::{
    session::{
        ApplicationToken, AttemptId, Created, LoginTicket, NewSession, OneUse, RefusalReason,
        Revocation, RevocationReason, RevokedAll, RotationAttempt, RotationOutcome, SecretDigest,
        SessionId, SessionRecord, SessionStore, StoreError, StoredRing, TokenAdded, rules,
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
                    true => Ok(Created::Session(Box::new(record))),
                    false => Err(StoreError::corrupt("another session has this id")),
                };
            }
            let record = session.into_record(now);
            sessions::add(rows, record.clone(), ticket.sequence())?;
            Ok(Created::Session(Box::new(record)))
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

    async fn session(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let id = id.clone();
        self.read(move |rows, _| Ok(sessions::find(rows, &id)?.map(|(record, _)| record)))
            .await
    }

    async fn sessions(&self, subject: &Subject) -> Result<Vec<SessionRecord>, StoreError> {
        let subject = subject.clone();
        self.read(move |rows, now| {
            let mut found = sessions::of(rows, &subject)?;
            found.retain(|(record, _)| record.is_live(now));
            found.sort_by(|(a, _), (b, _)| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
            Ok(found.into_iter().map(|(record, _)| record).collect())
        })
        .await
    }

    async fn revoke(&self, id: &SessionId) -> Result<bool, StoreError> {
        let id = id.clone();
        self.write(move |rows, now| {
            let Some((record, ticket)) = sessions::find(rows, &id)? else {
                return Ok(false);
            };
            sessions::end(rows, record, ticket, RevocationReason::Logout, now)
        })
        .await
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let subject = subject.clone();
        self.write(move |rows, now| {
            order::log_out(rows, &subject, now)?;
            let mut ended = RevokedAll::default();
            for (record, ticket) in sessions::of(rows, &subject)? {
                let id = record.id.clone();
                if sessions::end(
                    rows,
                    record,
                    ticket,
                    RevocationReason::LogoutEverywhere,
                    now,
                )? {
                    ended.sessions.push(id);
                }
            }
            for token in application_tokens::live(rows, &subject)? {
                application_tokens::remove(rows, &token.id, now)?;
                ended.application_tokens.push(token.id);
            }
            Ok(ended)
        })
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

    async fn remove_application_token(&self, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |rows, now| {
            let was_live = application_tokens::find_live(rows, &id)?.is_some();
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

    async fn revocations(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        self.read(move |rows, now| feed::since(rows, since, now))
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

    async fn purge(&self, keep: Duration) -> Result<u64, StoreError> {
        self.write(move |rows, now| purge::purge(rows, now, keep))
            .await
    }
}
