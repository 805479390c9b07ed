//! Sessions as an application uses them.

mod administration;
mod builder;
mod error;
mod events;
mod log_out;
mod open;
mod refresh;
mod replaced;
mod single_use;

use std::{fmt, future::Future, num::NonZeroU32, sync::Arc, time::Duration};

pub use self::{
    administration::SessionFilter,
    builder::SessionsBuilder,
    error::{SessionError, SessionErrorKind},
    open::{IssuedRefreshToken, OpenSession, TokenPair},
    refresh::RefreshRequest,
    single_use::SingleUse,
};
use super::{
    DynSessionStore, LoginTicket, Maintenance, PurgeRules, Revocation, RevocationReason,
    Revocations, RevokedAll, RotationMode, RotationRules, SessionId, SessionStore, StoreError,
    refresh::RefreshTokens, revocations::Doubted,
};
use crate::{
    issue::TokenIssuer,
    subject::Subject,
    time::{Clock, Timestamp},
    verify::{Ready, VerifierBuilder},
};

/// The sessions of one API: opens and refreshes them, hands out their tokens,
/// and ends them. Cheap to clone.
///
/// Several APIs of a server have one each; they share the store and the
/// snapshot of revocations.
///
/// ```
/// use std::time::Duration;
/// use portcullis::{
///     issue::{TokenIssuer, TokenShape},
///     jose::{Algorithm, SigningKey},
///     session::{
///         DynSessionStore, MemoryStore, OpenSession, RefreshRequest, Revocations, Sessions,
///         refresh::RefreshKeys,
///     },
///     subject::Subject,
///     time::SharedClock,
/// };
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = SharedClock::default();
/// let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
///     .shape(TokenShape::plain())
///     .build()?;
/// let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
/// let revocations = Revocations::new(store, clock, Duration::from_secs(3600));
/// let sessions = Sessions::builder(revocations, issuer)
///     .refresh_keys(RefreshKeys::generate()?)
///     .build()?;
///
/// let ticket = sessions.begin_login().await?;
/// // … the credentials are checked here …
/// let alice = Subject::new("users", "alice");
/// let pair = sessions.open(ticket, &OpenSession::login(&alice)).await?;
///
/// // Sees log-outs, as long as somebody keeps the snapshot up to date.
/// let verifier = sessions.verifier().build()?;
/// sessions.revocations().sync().await?;
/// verifier.verify_now(pair.access.token().expose().as_bytes())?;
///
/// let refresh_token = pair.refresh.ok_or("no refresh token")?;
/// let presented = sessions.read(refresh_token.token().expose().as_bytes())?;
/// // … the application says here who alice is now …
/// let next = sessions.refresh(&presented, &RefreshRequest::new()).await?;
/// assert_eq!(next.session, pair.session);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sessions(Arc<Inner>);

struct Inner {
    revocations: Revocations,
    issuer: TokenIssuer,
    refresh: Option<RefreshTokens>,
    refresh_ttl: Duration,
    session_ttl: Duration,
    mode: RotationMode,
    rules: RotationRules,
    application_tokens: u32,
    session_limit: Option<NonZeroU32>,
    device_retention: Option<Duration>,
    revoke_replaced: bool,
}

impl Sessions {
    /// To be called before credentials are checked: a login whose subject is
    /// logged out everywhere meanwhile comes to nothing.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`].
    pub async fn begin_login(&self) -> Result<LoginTicket, SessionError> {
        Ok(self.store().login_ticket().await?)
    }

    /// Ends a session of `subject`, and with it all its tokens. True if it had
    /// not been ended before; either way it is over now. Another subject's
    /// session is left alone.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`].
    pub async fn log_out(
        &self,
        subject: &Subject,
        session: &SessionId,
    ) -> Result<bool, SessionError> {
        Ok(self.end_own(subject, session).await?.unwrap_or(false))
    }

    /// As [`log_out`](Self::log_out); `None` if the subject has no such session.
    async fn end_own(
        &self,
        subject: &Subject,
        session: &SessionId,
    ) -> Result<Option<bool>, SessionError> {
        if self.store().session(subject, session).await?.is_none() {
            return Ok(None);
        }
        self.end(subject, session).await.map(Some)
    }

    /// As [`log_out`](Self::log_out), for a name that comes from somebody who may
    /// have made it up: one that the store does not know is not remembered.
    pub(crate) async fn end_listed(
        &self,
        subject: &Subject,
        session: &SessionId,
    ) -> Result<(), SessionError> {
        self.end_own(subject, session).await.map(drop)
    }

    /// Ends every session of a subject, whatever its API, removes its
    /// application tokens, and refuses logins that have begun. All its other
    /// access tokens are refused that were issued until now, or until
    /// [somewhat later](Revocations::with_clock_skew) by a clock that is ahead,
    /// whoever issued them.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`].
    pub async fn log_out_everywhere(&self, subject: &Subject) -> Result<RevokedAll, SessionError> {
        let call = self.store().revoke_all(subject);
        let note = |revoked: &RevokedAll| self.revocations().note_log_out(subject, revoked);
        let revoked = self.revoking(Doubted::Subject(subject), call, note).await?;
        self.report_logged_out_everywhere(subject, &revoked);
        Ok(revoked)
    }

    /// Logs everybody of a realm out, at the price of one row in the store: ends every
    /// session, whatever its API, and every application token, refuses logins that have
    /// begun and access tokens that were issued until now, whoever issued them. Who logs
    /// in afterwards is good at once.
    ///
    /// The realm is that of [subjects](Subject::realm), such as `users`, or the name of
    /// another issuer: of its tokens those are refused, too, that were issued
    /// [somewhat later](Revocations::with_clock_skew) by a clock that is ahead. Tokens of
    /// own sessions from within a minute of the cut-off are told apart by asking the store,
    /// once per session and node; for that, clocks must not be further apart.
    ///
    /// Nodes with a version of this crate that does not know of this do not heed it, or
    /// refuse everything: replace them first.
    ///
    /// ```
    /// # async fn example(
    /// #     sessions: &portcullis::session::Sessions,
    /// # ) -> Result<(), portcullis::session::SessionError> {
    /// // After a leak, say. Keys that leaked need to be replaced besides.
    /// sessions.log_out_everybody("users").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`], after which it is unknown whether it has happened:
    /// doing it again is safe, and logs out whoever has logged in meanwhile.
    /// [`SessionErrorKind::Unsupported`] if the store cannot do it.
    pub async fn log_out_everybody(&self, realm: &str) -> Result<(), SessionError> {
        let call = self.store().revoke_realm(realm);
        let note = |at: &Timestamp| {
            let (realm, at) = (realm.to_owned(), *at);
            self.note(Revocation::Realm { realm, at });
        };
        self.revoking(Doubted::Realm(realm), call, note).await?;
        self.report_everybody_logged_out(realm);
        Ok(())
    }

    /// Revokes one access token: that with this `jti` in the subject's realm,
    /// whoever issued it. It expires at `until`; its revocation is remembered for
    /// somewhat longer, which is for the verifiers' leeway. Nodes that start later
    /// know of it unless the token lives longer than [`Revocations::new`] was
    /// told, about which a warning is logged.
    ///
    /// Tokens of a session usually end with it ([`log_out`](Self::log_out)), and
    /// those that never expire with their place on the live list
    /// ([`remove_application_token`](Self::remove_application_token)).
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`].
    pub async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), SessionError> {
        let revocations = self.revocations();
        let until = until.saturating_add(revocations.margin());
        if until > self.now().saturating_add(revocations.keep()) {
            tracing::warn!(
                event = "revocation_outlived",
                "a revoked token lives longer than `Revocations::new` was told: a node that starts later may accept it"
            );
        }
        let call = self.store().revoke_token(subject, id, until);
        let note = |(): &()| {
            self.note(Revocation::Token {
                id: id.to_owned(),
                subject: subject.clone(),
                at: self.now(),
                until,
            });
        };
        self.revoking(Doubted::Token(subject, id), call, note).await
    }

    /// Takes an application token of `subject` off the live list. True if it was
    /// on it; either way it is not now. Another subject's token is left alone.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`].
    pub async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, SessionError> {
        if !self.store().application_token_is_live(subject, id).await? {
            // Removed elsewhere, perhaps, of which this node has not heard.
            self.revocations().has_been_removed(subject, id);
            return Ok(false);
        }
        let call = self.store().remove_application_token(subject, id);
        let note = |_: &bool| {
            let (id, at) = (id.to_owned(), self.now());
            self.note(Revocation::ApplicationToken { id, at });
        };
        let doubted = Doubted::ApplicationToken(id);
        let removed = self.revoking(doubted, call, note).await?;
        if removed {
            self.report_application_token_removed(subject, id);
        }
        Ok(removed)
    }

    /// Forgets what is over and no longer matters, batch by batch, and what is known of
    /// devices for longer than [it is kept](SessionsBuilder::device_retention). How many
    /// rows went or changed. To be called now and then, once per store.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`].
    pub async fn purge(&self) -> Result<u64, SessionError> {
        let rules = self.purge_rules();
        let mut gone = 0;
        loop {
            let batch = self.store().purge_batch(&rules).await?;
            gone += batch;
            if batch < u64::from(rules.limit) {
                return Ok(gone);
            }
        }
    }

    /// What [`purge`](Self::purge) forgets, for whoever does it one
    /// [batch](super::SessionStore::purge_batch) at a time.
    pub fn purge_rules(&self) -> PurgeRules {
        PurgeRules {
            devices: self.0.device_retention,
            ..PurgeRules::new(self.0.revocations.keep())
        }
    }

    /// The task that keeps the store small, which forgets what [`purge`](Self::purge) does:
    /// for the application to run, once per store and process. Of several APIs the one whose
    /// task runs decides how long devices are kept.
    ///
    /// ```
    /// # use std::{future::Future, time::Duration};
    /// # use portcullis::session::Sessions;
    /// /// `sleep` is that of your runtime.
    /// async fn keep_small<S: Future<Output = ()>>(sessions: &Sessions, sleep: fn(Duration) -> S) {
    ///     match sessions.maintenance().run(sleep).await {}
    /// }
    /// ```
    pub fn maintenance(&self) -> Maintenance {
        let maintenance = Maintenance::new(self.store().clone(), self.0.revocations.keep());
        match self.0.device_retention {
            Some(keep) => maintenance.forget_devices_after(keep),
            None => maintenance,
        }
    }

    /// The snapshot of revocations, shared with the verifiers.
    pub fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    /// A verifier of this API's access tokens that sees log-outs: to be built as
    /// it is, or with further settings.
    ///
    /// ```
    /// # use portcullis::{ConfigError, session::Sessions, verify::Verifier};
    /// # fn example(sessions: &Sessions) -> Result<Verifier, ConfigError> {
    /// sessions.verifier().build()
    /// # }
    /// ```
    pub fn verifier(&self) -> VerifierBuilder<Ready, Ready, Ready> {
        let revocations = self.revocations().clone();
        self.issuer().verifier().status(revocations)
    }

    /// The issuer of the access tokens.
    pub fn issuer(&self) -> &TokenIssuer {
        &self.0.issuer
    }

    /// Whether refresh tokens are exchanged when used.
    pub fn mode(&self) -> RotationMode {
        self.0.mode
    }

    /// What to put into `Retry-After` when the store is unavailable: at most a
    /// third of the grace window, so that a client which obeys is in time; but a
    /// second at least, which is the unit of the header.
    pub fn retry_after(&self) -> Duration {
        Duration::from_secs((self.0.rules.grace.as_secs() / 3).clamp(1, 30))
    }

    fn store(&self) -> &DynSessionStore {
        self.0.revocations.store()
    }

    fn now(&self) -> Timestamp {
        self.0.issuer.clock().now()
    }

    /// Makes a call that revokes: `what` is in doubt until `note` was called.
    async fn revoking<T>(
        &self,
        what: Doubted<'_>,
        call: impl Future<Output = Result<T, StoreError>>,
        note: impl FnOnce(&T),
    ) -> Result<T, SessionError> {
        Ok(self.revocations().revoking(what, call, note).await?)
    }

    fn note(&self, revocation: Revocation) {
        self.0.revocations.apply(revocation);
    }

    fn note_session(&self, subject: &Subject, session: &SessionId, reason: RevocationReason) {
        self.note(Revocation::Session {
            id: session.clone(),
            subject: subject.clone(),
            at: self.now(),
            reason,
        });
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("issuer", &self.0.issuer)
            .field("mode", &self.0.mode)
            .field("rules", &self.0.rules)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
