//! What a place that keeps sessions must be able to do.

use std::{future::Future, time::Duration};

use super::{
    ApplicationToken, AttemptId, Created, LoginTicket, NewSession, OneUse, PurgeRules, Revocation,
    RevocationPage, RevocationQuery, RevokedAll, RotationAttempt, RotationOutcome, SecretDigest,
    SessionCursor, SessionId, SessionPage, SessionRecord, StoreError, StoredRing, TokenAdded,
};
use crate::{subject::Subject, time::Timestamp};

/// A place that keeps sessions, application tokens, revocations, and what was
/// used that may be used once.
///
/// Every method is one atomic step: of two that run at once, one is wholly
/// before the other, on however many nodes. The clock that counts is the
/// store's own, [`current_time`](Self::current_time). An error means that the
/// outcome is unknown, and refuses nothing;
/// [`rotate`](Self::rotate) can then be asked again under the same
/// [`AttemptId`](super::AttemptId), and so can all others.
///
/// What holds for all methods:
///
/// * **Time.** A step has one time, which is read when it has its turn, not when it was
///   called. What it revokes bears that time, and can be read within a minute of it:
///   snapshots look back no further.
/// * **Live** is a session by [`SessionRecord::is_live`]: not revoked, and before both
///   deadlines. Past a deadline it is still there, and can be revoked.
/// * **Order.** Log-outs, of whichever subject or realm, have numbers that rise, and a
///   ticket has the number of the last one before it. It is *overtaken* if a log-out of
///   its subject, or of the subject's realm, has a higher number. Times, which may be
///   equal or go back, say nothing about that.
/// * **Text** comes back as it was, quotes and all. Where several names are one key, they
///   are kept apart: `a:b` and `c` are not `a` and `b:c`.
///
/// [`MemoryStore`](super::MemoryStore) is the reference; `portcullis-testing`
/// has the contract that every store must pass.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session store",
    note = "use `MemoryStore`, a store of portcullis-sqlx, or a `DynSessionStore`"
)]
pub trait SessionStore: Send + Sync + 'static {
    /// The time by the store's own clock, or somewhat earlier: what deadlines are
    /// reckoned from. Never later than that, and asked of a server only where
    /// nothing has been [heard](super::RemoteClock) of it lately.
    fn current_time(&self) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;

    /// When it was last proven that what is written here is kept, by the store's own
    /// clock: no longer than `max_age` ago, as nearly as the store can. A server that was
    /// demoted or cut off still answers whoever reads, so that snapshots are as old as
    /// this, whatever they have read.
    ///
    /// A store that nobody else can take the place of, such as a file, needs no proof.
    /// One that leaves this out is believed.
    fn confirm(
        &self,
        max_age: Duration,
    ) -> impl Future<Output = Result<Timestamp, StoreError>> + Send {
        let _ = max_age;
        self.current_time()
    }

    /// A ticket for a login whose credential check is about to begin. Whoever counts
    /// log-outs gives how many there have been.
    fn login_ticket(&self) -> impl Future<Output = Result<LoginTicket, StoreError>> + Send;

    /// Begins a session, unless its subject was logged out everywhere after the
    /// ticket was taken. The row is [`NewSession::into_record`], and the ticket's
    /// number is kept with it for [`revoke_realm`](Self::revoke_realm).
    ///
    /// The ticket is looked at first: one that was overtaken gives
    /// [`LoggedOutMeanwhile`](Created::LoggedOutMeanwhile), whether there is such a
    /// session or not. Asked again for the same session, by [`NewSession::is_of`], it
    /// gives the session as it has become, ended or not, and changes nothing. An id
    /// that belongs to a session of the subject with another content is an error
    /// ([`StoreErrorKind::Corrupt`](super::StoreErrorKind::Corrupt)).
    ///
    /// A session that begins makes room for itself in the same step: as many others of
    /// its subject end as there are live ones beyond [`NewSession::limit`], those first that
    /// were refreshed longest ago, then the oldest, then by id; for the reason
    /// [`Evicted`](super::RevocationReason::Evicted). Logins that come at once may each leave one
    /// too many; and a store may end some hundreds at one login, and go on at the next.
    fn create(
        &self,
        session: NewSession,
        ticket: LoginTicket,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// Presents a refresh token: exactly what
    /// [`rules::decide`](super::rules::decide) says, in one step: the row is read,
    /// judged as it is then (a cut-off of its realm included), and kept whole as it
    /// comes back, if it does; nobody else changes it in between.
    /// [`RefusalReason::Unknown`](super::RefusalReason::Unknown) when there is
    /// no such session.
    fn rotate(
        &self,
        attempt: &RotationAttempt,
    ) -> impl Future<Output = Result<RotationOutcome, StoreError>> + Send;

    /// As [`rotate`](Self::rotate), with a
    /// [`deadline`](RotationAttempt::deadline) that is as far off as `limit`, by
    /// the store's own clock.
    fn rotate_within(
        &self,
        attempt: &mut RotationAttempt,
        limit: Duration,
    ) -> impl Future<Output = Result<RotationOutcome, StoreError>> + Send {
        async move {
            attempt.deadline = self.current_time().await?.saturating_add(limit);
            self.rotate(attempt).await
        }
    }

    /// The session of this subject with this name, live or not, until it is purged. One
    /// that was cut off with its realm says so in [`revoked`](SessionRecord::revoked).
    /// None if it is another subject's.
    fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> impl Future<Output = Result<Option<SessionRecord>, StoreError>> + Send;

    /// The live sessions of a subject after a place in their list, at most `limit` of
    /// them: the oldest first, and those that began in the same millisecond by id. A row
    /// that cannot be read is left out, so that a page may be short though there is a
    /// [`next`](SessionPage::next).
    fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> impl Future<Output = Result<SessionPage, StoreError>> + Send;

    /// All live sessions of a subject, page by page. For those that cannot have very
    /// many, as where there is a [limit](NewSession::limit).
    fn sessions(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<Vec<SessionRecord>, StoreError>> + Send {
        async move {
            let mut sessions = Vec::new();
            let mut after = None;
            loop {
                let page = self.session_page(subject, after.as_ref(), PAGE).await?;
                sessions.extend(page.sessions);
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok(sessions),
                }
            }
        }
    }

    /// How many live sessions a subject has.
    fn session_count(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Ends a session of this subject, for the reason [`Logout`](super::RevocationReason::Logout).
    /// True if it had not been ended before, though it may be past its deadline. False if
    /// it was revoked or cut off, which then stays as it was, if there is none, or if it is
    /// another subject's.
    fn revoke(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Logs a subject out everywhere: ends its sessions, removes its
    /// application tokens, and refuses every login that has its ticket already.
    ///
    /// Sessions past their deadline are ended, too, if they were not before. What had
    /// been revoked, removed or cut off keeps its time and reason, and is neither named
    /// in the answer nor told again. The log-out itself counts anew each time, with a
    /// new number and time, also for a subject that has nothing.
    fn revoke_all(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<RevokedAll, StoreError>> + Send;

    /// Logs everybody of a realm out, at the price of one row however many they are: the
    /// sessions and application tokens of all whose ticket is of before are over from now
    /// on, and logins that have their ticket already come to nothing. What begins with a
    /// later ticket is good, be it in the same millisecond. The time of the cut-off, which is
    /// later than that of the realm's last one, whatever the clock says: by it snapshots
    /// tell them apart.
    ///
    /// The rows stay as they are. The cut-off is looked at wherever one is read or
    /// changed: such a session [has ended](SessionRecord::revoked) at that time, for the
    /// reason [`LogoutEverybody`](super::RevocationReason::LogoutEverybody), unless it had ended
    /// before. An application token is off the live list, stays off it, and makes room
    /// for another. One row holds the last cut-off of a realm: its number and its time. It
    /// is kept for ever, and told as one [`Revocation::Realm`], not one by one.
    ///
    /// A store that leaves this out cannot log everybody out
    /// ([`StoreErrorKind::Unsupported`](super::StoreErrorKind::Unsupported)).
    fn revoke_realm(
        &self,
        realm: &str,
    ) -> impl Future<Output = Result<Timestamp, StoreError>> + Send {
        let _ = realm;
        std::future::ready(Err(StoreError::unsupported(
            "implement `SessionStore::revoke_realm`",
        )))
    }

    /// Puts an application token on the live list, unless its subject has
    /// `limit` of them or was logged out everywhere after the ticket was taken.
    /// Adding a token that is live already is a success and changes nothing, at
    /// the limit, too; one that was removed stays removed. The ticket is looked at
    /// first, then the id, then the limit, for which only live tokens count. Ids are
    /// unique among all subjects. The ticket's number is kept.
    fn add_application_token(
        &self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> impl Future<Output = Result<TokenAdded, StoreError>> + Send;

    /// Whether the application token of this subject with this `jti` is on the
    /// live list. One of another subject is not.
    fn application_token_is_live(
        &self,
        subject: &Subject,
        id: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The live application tokens of a subject, the oldest first by
    /// [`created_at`](ApplicationToken::created_at), then by the bytes of the id.
    fn application_tokens(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<Vec<ApplicationToken>, StoreError>> + Send;

    /// Takes an application token of this subject off the live list. True if it was on
    /// it; false if it was removed or cut off, never there, or is another subject's.
    fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Revokes one access token, that with this `jti` in the subject's realm:
    /// ids are unique within their issuer only (RFC 7519 section 4.1.7).
    /// Forgotten after `until`, when the token has expired. A token that is
    /// revoked already is revoked again if `until` is later, with the time of
    /// now, so that [`revocations`](Self::revocations) tells it anew; otherwise
    /// nothing changes.
    fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Whether an access token of `subject` is revoked: that with this `jti` in the
    /// subject's realm, by [`revoke_token`](Self::revoke_token) and until it has expired,
    /// or what was issued before the subject was [logged out
    /// everywhere](Self::revoke_all), or [everybody](Self::revoke_realm) of its realm, if
    /// that was at or after `since`. What is `None` is not asked about.
    ///
    /// Snapshots ask it about tokens of which they are not sure: while something is being
    /// revoked, after an answer that was lost, and beyond the
    /// [limit](super::Revocations::with_limit). Log-outs need to be known for as long as
    /// [`purge`](Self::purge) keeps them.
    ///
    /// A store that leaves this out cannot say
    /// ([`StoreErrorKind::Unsupported`](super::StoreErrorKind::Unsupported)), and such
    /// tokens are answered 503.
    fn is_revoked(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        let _ = (subject, id, since);
        std::future::ready(Err(StoreError::unsupported(
            "implement `SessionStore::is_revoked`",
        )))
    }

    /// What was revoked at or after a time, in no particular order, a page of it; tokens
    /// only until they have expired, at that very moment.
    ///
    /// Each subject, realm, token and session is told once, with its latest time:
    /// sessions however they were ended, by [`rotate`](Self::rotate) too, and
    /// application tokens that were removed, but neither if only a cut-off ended them.
    ///
    /// What was revoked before the first page was asked for is on one of them, whatever is
    /// revoked meanwhile; what is revoked meanwhile may be told, again, or not.
    fn revocation_page(
        &self,
        query: &RevocationQuery,
    ) -> impl Future<Output = Result<RevocationPage, StoreError>> + Send;

    /// All pages of what was revoked at or after `since`.
    fn revocations(
        &self,
        since: Timestamp,
    ) -> impl Future<Output = Result<Vec<Revocation>, StoreError>> + Send {
        async move {
            let mut revocations = Vec::new();
            let mut query = RevocationQuery::since(since);
            loop {
                let page = self.revocation_page(&query).await?;
                revocations.extend(page.revocations);
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => return Ok(revocations),
                }
            }
        }
    }

    /// Uses something that may be used once, and says whether `attempt` is the
    /// first to do so: of many that come at once, on however many nodes, exactly
    /// one is. `value` is the digest of what is used and of what for, so that no
    /// two uses share theirs; `attempt` is a fresh random name.
    ///
    /// Both are remembered for `keep` from now, by the store's own clock, and
    /// forgotten at that very moment: then the next attempt is a first one again.
    /// A repeated use lengthens nothing. Asked again for the same attempt it is
    /// still the first.
    ///
    /// A store that leaves this out refuses every use
    /// ([`StoreErrorKind::Unsupported`](super::StoreErrorKind::Unsupported)):
    /// one that forgot a use would let stolen tokens in.
    fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> impl Future<Output = Result<OneUse, StoreError>> + Send {
        let _ = (value, attempt, keep);
        std::future::ready(Err(StoreError::unsupported(
            "implement `SessionStore::use_once`",
        )))
    }

    /// What is kept of the key ring of this name, and the time.
    ///
    /// A store that leaves this or
    /// [`replace_key_ring`](Self::replace_key_ring) out keeps no rings: they do
    /// not [sync](crate::issue::KeyRing) with it
    /// ([`StoreErrorKind::Unsupported`](super::StoreErrorKind::Unsupported)).
    fn key_ring(&self, name: &str) -> impl Future<Output = Result<StoredRing, StoreError>> + Send {
        let _ = name;
        std::future::ready(Err(StoreError::unsupported(
            "implement `SessionStore::key_ring` and `replace_key_ring`",
        )))
    }

    /// Keeps `record` for the key ring of this name, if its version is still
    /// `version`, 0 for one that nothing is kept of; the version is then one
    /// more. False, and nothing changed, if somebody else was first, or this call
    /// itself when its answer was lost and it is asked again. It is kept until it
    /// is replaced.
    ///
    /// A record has ids and times only. It is text of at most some 100 kB, which
    /// is nothing to the store.
    fn replace_key_ring(
        &self,
        name: &str,
        version: u64,
        record: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        let _ = (name, version, record);
        std::future::ready(Err(StoreError::unsupported(
            "implement `SessionStore::key_ring` and `replace_key_ring`",
        )))
    }

    /// Logs a subject out everywhere, as [`revoke_all`](Self::revoke_all) does, and
    /// forgets who it was: the devices and the grants of all its rows, those that have
    /// ended included. What has to stay so that its tokens are refused is its name, in the
    /// rows of what ended lately; it goes when they are purged.
    ///
    /// A store that leaves this out cannot forget anybody
    /// ([`StoreErrorKind::Unsupported`](super::StoreErrorKind::Unsupported)).
    fn erase(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<RevokedAll, StoreError>> + Send {
        let _ = subject;
        std::future::ready(Err(StoreError::unsupported(
            "implement `SessionStore::erase`",
        )))
    }

    /// Forgets a batch of what has been over for longer than
    /// [`keep`](PurgeRules::keep): expired and revoked sessions, removed application tokens, log-outs; and what has expired of
    /// revoked tokens and of what may be used once. `keep` must be no less
    /// than the longest lifetime of an access token. How many rows went or changed.
    ///
    /// A session is over from its first deadline or its revocation, whichever came
    /// first, and goes when that is longer ago than `keep`, not just as long. What was
    /// cut off may go when the cut-off is that old. Revoked tokens and uses go when they
    /// expire, whatever `keep` is.
    ///
    /// The order outlives it: a ticket from before a log-out that was forgotten stays
    /// worthless. So log-outs are never forgotten, or the highest number of those that
    /// were is kept, and every lower ticket is overtaken, whoever has it; or tickets are
    /// good for less long than log-outs are kept. Cut-offs, key rings and live
    /// application tokens never go.
    ///
    /// No more than [`limit`](PurgeRules::limit) rows go or change, so that nobody waits
    /// long; a store in which that costs nothing may do all at once. Fewer means that
    /// nothing is left. Where
    /// [`devices`](PurgeRules::devices) says so, what is known of the device goes from rows
    /// that were last refreshed longer ago, and counts as well; a store that has to look for
    /// them everywhere may do all at once, in steps that nobody waits for.
    fn purge_batch(
        &self,
        rules: &PurgeRules,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Forgets all that has been over for longer than `keep`, batch by batch. How many
    /// rows went or changed. [`Maintenance`](super::Maintenance) does it now and then.
    fn purge(&self, keep: Duration) -> impl Future<Output = Result<u64, StoreError>> + Send {
        async move {
            let rules = PurgeRules::new(keep);
            let mut gone = 0;
            loop {
                let batch = self.purge_batch(&rules).await?;
                gone += batch;
                if batch < u64::from(rules.limit) {
                    return Ok(gone);
                }
            }
        }
    }
}

/// How many sessions are read at once where all are.
const PAGE: u32 = 256;
