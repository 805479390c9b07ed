//! What administrators and owners do with sessions: counting, paging, ending, erasing.

use super::{SessionError, Sessions};
use crate::{
    session::{
        RevocationReason, RevokedAll, SessionCursor, SessionId, SessionPage, SessionRecord,
        SessionStore, revocations::Doubted,
    },
    subject::Subject,
    time::Timestamp,
};

/// How many sessions are read at once to find those that are to end.
const PAGE: u32 = 256;

/// Which of a subject's sessions are meant: those for which all holds that is set; without
/// anything set, all.
///
/// ```
/// use portcullis::session::SessionFilter;
/// # use portcullis::{
/// #     session::{SessionError, SessionId, Sessions}, subject::Subject, time::Timestamp,
/// # };
/// # async fn example(
/// #     sessions: &Sessions, alice: &Subject, own: &SessionId, month_ago: Timestamp,
/// # ) -> Result<(), SessionError> {
/// // "Log out all other devices."
/// sessions.end_where(alice, &SessionFilter::all().except(own)).await?;
/// // What a client has that is no longer trusted, or has not been used for long.
/// sessions.end_where(alice, &SessionFilter::all().client("old-app")).await?;
/// sessions.end_where(alice, &SessionFilter::all().last_used_before(month_ago)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionFilter<'a> {
    client: Option<&'a str>,
    user_agent: Option<&'a str>,
    opened_before: Option<Timestamp>,
    last_used_before: Option<Timestamp>,
    except: Option<&'a SessionId>,
}

impl<'a> SessionFilter<'a> {
    /// All sessions.
    pub fn all() -> Self {
        Self::default()
    }

    /// Those that belong to this client.
    #[must_use = "returns the changed filter"]
    pub fn client(mut self, id: &'a str) -> Self {
        self.client = Some(id);
        self
    }

    /// Those that were opened or last refreshed from a device with this user agent, as the
    /// [list](crate::session::Device::user_agent) has it.
    #[must_use = "returns the changed filter"]
    pub fn user_agent(mut self, user_agent: &'a str) -> Self {
        self.user_agent = Some(user_agent);
        self
    }

    /// Those that were opened before this.
    #[must_use = "returns the changed filter"]
    pub fn opened_before(mut self, time: Timestamp) -> Self {
        self.opened_before = Some(time);
        self
    }

    /// Those that were opened and last refreshed before this. Where refresh tokens are not
    /// exchanged, a refresh leaves no trace.
    #[must_use = "returns the changed filter"]
    pub fn last_used_before(mut self, time: Timestamp) -> Self {
        self.last_used_before = Some(time);
        self
    }

    /// All but this one, such as that of whoever asks.
    #[must_use = "returns the changed filter"]
    pub fn except(mut self, id: &'a SessionId) -> Self {
        self.except = Some(id);
        self
    }

    /// Whether this session is meant.
    pub fn matches(&self, session: &SessionRecord) -> bool {
        let user_agent = session.device.user_agent.as_deref();
        self.except.is_none_or(|id| *id != session.id)
            && (self.client.is_none() || self.client == session.client.as_deref())
            && (self.user_agent.is_none() || self.user_agent == user_agent)
            && self
                .opened_before
                .is_none_or(|time| session.created_at < time)
            && self
                .last_used_before
                .is_none_or(|time| session.rotated_at < time)
    }
}

impl Sessions {
    /// All live sessions of a subject, the oldest first: for those that cannot have very
    /// many, see [`session_limit`](super::SessionsBuilder::session_limit).
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`](super::SessionErrorKind::Unavailable).
    pub async fn list(&self, subject: &Subject) -> Result<Vec<SessionRecord>, SessionError> {
        Ok(self.store().sessions(subject).await?)
    }

    /// At most `limit` live sessions of a subject, or one where that is 0, the oldest first,
    /// behind a place in their list: [`SessionPage::next`] of the page before, none for the first one.
    ///
    /// ```
    /// # use portcullis::{session::{SessionError, Sessions}, subject::Subject};
    /// # async fn example(sessions: &Sessions, alice: &Subject) -> Result<(), SessionError> {
    /// let mut after = None;
    /// loop {
    ///     let page = sessions.list_page(alice, after.as_ref(), 50).await?;
    ///     for session in &page.sessions {
    ///         println!("{} {:?}", session.id, session.device);
    ///     }
    ///     match page.next {
    ///         Some(next) => after = Some(next),
    ///         None => break,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`](super::SessionErrorKind::Unavailable).
    pub async fn list_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, SessionError> {
        let limit = limit.max(1);
        Ok(self.store().session_page(subject, after, limit).await?)
    }

    /// How many live sessions a subject has.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`](super::SessionErrorKind::Unavailable).
    pub async fn count(&self, subject: &Subject) -> Result<u64, SessionError> {
        Ok(self.store().session_count(subject).await?)
    }

    /// Ends those live sessions of a subject that are meant, one by one, and says which
    /// have ended. Application tokens stay.
    ///
    /// A login that is on its way while this runs may open a session that it does not
    /// reach. So after a password was changed, say, or a thief was found, it is
    /// [`log_out_everywhere`](Self::log_out_everywhere) that is wanted.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`](super::SessionErrorKind::Unavailable): some may
    /// have ended, and doing it again ends the others.
    pub async fn end_where(
        &self,
        subject: &Subject,
        filter: &SessionFilter<'_>,
    ) -> Result<Vec<SessionId>, SessionError> {
        let mut ended = Vec::new();
        let mut after = None;
        loop {
            let page = self.list_page(subject, after.as_ref(), PAGE).await?;
            for session in page.sessions {
                if filter.matches(&session) && self.end(subject, &session.id).await? {
                    ended.push(session.id);
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(ended),
            }
        }
    }

    /// Logs a subject out [everywhere](Self::log_out_everywhere) and forgets who it was: the
    /// devices and the grants of its sessions, the application's
    /// [data](crate::session::Grant::data) among them, those that have ended included. Its name
    /// stays in the store until its access tokens have expired, so that they are refused.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`](super::SessionErrorKind::Unavailable), after which
    /// doing it again is safe; [`SessionErrorKind::Unsupported`](super::SessionErrorKind::Unsupported)
    /// if the store cannot do it.
    pub async fn erase(&self, subject: &Subject) -> Result<RevokedAll, SessionError> {
        let call = self.store().erase(subject);
        let note = |revoked: &RevokedAll| self.revocations().note_log_out(subject, revoked);
        let revoked = self.revoking(Doubted::Subject(subject), call, note).await?;
        self.report_erased(subject, &revoked);
        Ok(revoked)
    }

    /// Ends a session of which it is known that it is the subject's. True if it had not
    /// been ended before.
    pub(super) async fn end(
        &self,
        subject: &Subject,
        session: &SessionId,
    ) -> Result<bool, SessionError> {
        let call = self.store().revoke(subject, session);
        let note = |_: &bool| self.note_session(subject, session, RevocationReason::Logout);
        let ended = self.revoking(Doubted::Session(session), call, note).await?;
        if ended {
            self.report_ended(subject, session, RevocationReason::Logout);
        }
        Ok(ended)
    }
}
