//! What a place that keeps sessions must be able to do.

use std::{future::Future, time::Duration};

use super::{
    AttemptId, LoginTicket, NewSession, OneUse, RevocationReason, RotationAttempt, RotationOutcome,
    SecretDigest, SessionId, SessionRecord, StoreError,
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

    /// The session with this name, live or not, until it is purged. One that was cut
    /// off with its realm says so in [`revoked`](SessionRecord::revoked).
    fn session(
        &self,
        id: &SessionId,
    ) -> impl Future<Output = Result<Option<SessionRecord>, StoreError>> + Send;

    /// The live sessions of a subject, the oldest first; those that began in the same
    /// millisecond by id.
    fn sessions(
        &self,
        subject: &Subject,
    ) -> impl Future<Output = Result<Vec<SessionRecord>, StoreError>> + Send;

    /// Ends a session, for the reason [`Logout`](RevocationReason::Logout). True if it
    /// had not been ended before, though it may be past its deadline. False if it was
    /// revoked or cut off, which then stays as it was, or if there is none.
    fn revoke(&self, id: &SessionId) -> impl Future<Output = Result<bool, StoreError>> + Send;

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
    /// reason [`LogoutEverybody`](RevocationReason::LogoutEverybody), unless it had ended
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

    /// Takes an application token off the live list. True if it was on it; false if it
    /// was removed or cut off, or never there.
    fn remove_application_token(
        &self,
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

    /// What was revoked at or after `since`, in no particular order; tokens only
    /// until they have expired, at that very moment.
    ///
    /// Each subject, realm, token and session is told once, with its latest time:
    /// sessions however they were ended, by [`rotate`](Self::rotate) too, and
    /// application tokens that were removed, but neither if only a cut-off ended them.
    fn revocations(
        &self,
        since: Timestamp,
    ) -> impl Future<Output = Result<Vec<Revocation>, StoreError>> + Send;

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

    /// Forgets what has been over for longer than `keep`: expired and revoked
    /// sessions, removed application tokens, log-outs; and what has expired of
    /// revoked tokens and of what may be used once. `keep` must be no less
    /// than the longest lifetime of an access token. How many rows went.
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
    fn purge(&self, keep: Duration) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// How the creation of a session ended. More ways may come, which stores that
/// do not know them never take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Created {
    /// The session exists.
    Session(Box<SessionRecord>),
    /// The subject was logged out everywhere while its credentials were
    /// checked; nothing was created.
    LoggedOutMeanwhile,
}

/// What logging a subject out everywhere ended.
///
/// Exhaustive on purpose: stores make it, and one that leaves something out
/// shall not compile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevokedAll {
    /// The sessions, those past their deadline included.
    pub sessions: Vec<SessionId>,
    /// The `jti` of the application tokens.
    pub application_tokens: Vec<String>,
}

/// A token without expiry, good only while it is on the live list.
///
/// Exhaustive on purpose: stores keep it in full, and one that takes it apart
/// by a pattern does not compile when there is more to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationToken {
    /// Its `jti`.
    pub id: String,
    /// Whose it is.
    pub subject: Subject,
    /// When it was issued.
    pub created_at: Timestamp,
}

/// What a store keeps of a [`KeyRing`](crate::issue::KeyRing), when it was asked.
///
/// Exhaustive on purpose: stores make it in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRing {
    /// How often it was replaced; 0 if there is nothing.
    pub version: u64,
    /// The record; empty if there is none.
    pub record: String,
    /// The store's time.
    pub now: Timestamp,
}

/// How the addition of an application token ended. More ways may come, which
/// stores that do not know them never take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenAdded {
    /// It is on the live list.
    Added,
    /// Its subject has as many as it may have.
    LimitReached,
    /// Its subject was logged out everywhere meanwhile, or it was removed.
    LoggedOutMeanwhile,
}

/// Something that was revoked, as the snapshot of each node learns it.
///
/// More kinds may come. What each says is exhaustive on purpose: stores tell all
/// of it, and one that drops something shall not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation {
    /// A session, and with it every access token that names it.
    Session {
        /// Its name.
        id: SessionId,
        /// Whose it was.
        subject: Subject,
        /// When it was revoked.
        at: Timestamp,
        /// Why.
        reason: RevocationReason,
    },
    /// One access token.
    Token {
        /// Its `jti`.
        id: String,
        /// Whose it was; the `jti` is unique within the realm only.
        subject: Subject,
        /// When it was revoked.
        at: Timestamp,
        /// When it will have expired; the latest that was named.
        until: Timestamp,
    },
    /// Every access token of a subject, but for those of own sessions, which
    /// are told one by one.
    Subject {
        /// Whose tokens.
        subject: Subject,
        /// When; later ones are good.
        at: Timestamp,
    },
    /// Every access token of a realm, those of sessions and of the live list included.
    Realm {
        /// The realm.
        realm: String,
        /// When; later ones are good.
        at: Timestamp,
    },
    /// An application token was taken off the live list.
    ApplicationToken {
        /// Its `jti`.
        id: String,
        /// When.
        at: Timestamp,
    },
}
