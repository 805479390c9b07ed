//! Logging out whoever holds an access token.

use super::{SessionError, SessionErrorKind, Sessions};
use crate::{session::revocations::own_session, subject::Subject, verify::Verified};

impl Sessions {
    /// Logs out whoever sent `token`: what a handler has at hand. Its session ends, and
    /// with it all of the session's tokens; an application token leaves the live list.
    /// A token without a session of ours, such as another issuer's, is revoked itself,
    /// by its `jti`; so is one whose verifier takes it for another subject's than its session
    /// is. Either way the token is refused from now on.
    ///
    /// ```
    /// use portcullis::{challenge::Rejection, guard::Authentication, session::Sessions};
    ///
    /// async fn log_out(sessions: &Sessions, request: &Authentication) -> Result<(), Rejection> {
    ///     Ok(sessions.log_out_token(request.verified()?).await?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Unavailable`]; [`SessionErrorKind::Unnamed`], if the token has
    /// neither a session of ours nor a `jti`.
    pub async fn log_out_token(&self, token: &Verified) -> Result<(), SessionError> {
        // A token need not speak for anybody.
        let name = token.subject_name().unwrap_or_default();
        let subject = Subject::new(token.subject_realm(), name);
        if let Some(session) = own_session(token)
            && self.end_own(&subject, &session).await?.is_some()
        {
            return Ok(());
        }
        let id = token.token_id().ok_or(SessionErrorKind::Unnamed)?;
        if token.is_application() {
            self.remove_application_token(&subject, id).await?;
            return Ok(());
        }
        let until = token.expires_at().unwrap_or_else(|| {
            // One that its issuer was asked about; it is asked again before long.
            let longest = self.revocations().longest();
            self.now().saturating_add(longest)
        });
        self.revoke_token(&subject, id, until).await
    }
}
