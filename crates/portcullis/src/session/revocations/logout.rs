//! Log-outs at other issuers.

use super::{Revocations, doubts::Doubted};
use crate::{
    session::{Revocation, RevocationReason, RevokedAll, SessionStore, StoreError},
    subject::{NO_REALM, Subject},
    time::Clock,
    verify::LogoutToken,
};

impl Revocations {
    /// Ends what a log-out token says: every access token of its issuer with its
    /// `sid`, or everything of its subject that was issued until now (OpenID
    /// Connect Back-Channel Logout 1.0 section 2.7). Equal ids of other issuers
    /// have nothing to do with it. On this node at once, on others when they hear
    /// of it; remembered for as long as an access token may live.
    ///
    /// What is ended stays ended, so that it does no harm to do this twice.
    ///
    /// # Errors
    ///
    /// When the store fails, and it is unknown whether it has ended. Doing it
    /// again is safe.
    pub async fn log_out(&self, token: &LogoutToken) -> Result<(), StoreError> {
        if let Some(id) = token.session_id() {
            self.end_session_of(token.issuer(), id).await?;
        }
        if let Some(subject) = token.ends_all_of() {
            self.end_all_of(&subject).await?;
        }
        tracing::info!(
            event = "logged_out_by_issuer",
            issuer = token.issuer(),
            session.id = token.session_id(),
            "an issuer says that somebody has logged out"
        );
        Ok(())
    }

    /// Kept where single tokens are, under a realm that no token is of.
    async fn end_session_of(&self, issuer: &str, id: &str) -> Result<(), StoreError> {
        let subject = Subject::new(format!("{NO_REALM}{issuer}"), id);
        let until = self.clock.now().saturating_add(self.keep());
        let call = self.store.revoke_token(&subject, id, until);
        self.revoking(Doubted::Token(&subject, id), call, |()| {
            self.apply(Revocation::Token {
                id: id.to_owned(),
                subject: subject.clone(),
                at: self.clock.now(),
                until,
            });
        })
        .await
    }

    async fn end_all_of(&self, subject: &Subject) -> Result<(), StoreError> {
        let call = self.store.revoke_all(subject);
        let note = |revoked: &RevokedAll| self.note_log_out(subject, revoked);
        self.revoking(Doubted::Subject(subject), call, note).await?;
        Ok(())
    }

    /// Takes in what a log-out everywhere has ended.
    pub(in crate::session) fn note_log_out(&self, subject: &Subject, revoked: &RevokedAll) {
        let at = self.clock.now();
        let sessions = revoked.sessions.iter().map(|id| Revocation::Session {
            id: id.clone(),
            subject: subject.clone(),
            at,
            reason: RevocationReason::LogoutEverywhere,
        });
        let tokens = revoked.application_tokens.iter();
        let tokens = tokens.map(|id| Revocation::ApplicationToken { id: id.clone(), at });
        let subject = subject.clone();
        let all = sessions.chain(tokens);
        self.apply_all(all.chain([Revocation::Subject { subject, at }]));
    }
}
