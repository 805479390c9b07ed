//! Log-outs at other issuers.

use super::Revocations;
use crate::{
    session::{Revocation, RevocationReason, SessionStore, StoreError},
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
        let at = self.clock.now();
        let until = at.saturating_add(self.keep());
        self.store.revoke_token(&subject, id, until).await?;
        let id = id.to_owned();
        self.apply(Revocation::Token {
            id,
            subject,
            at,
            until,
        });
        Ok(())
    }

    async fn end_all_of(&self, subject: &Subject) -> Result<(), StoreError> {
        let revoked = self.store.revoke_all(subject).await?;
        let (at, subject) = (self.clock.now(), subject.clone());
        for id in revoked.sessions {
            self.apply(Revocation::Session {
                id,
                subject: subject.clone(),
                at,
                reason: RevocationReason::LogoutEverywhere,
            });
        }
        for id in revoked.application_tokens {
            self.apply(Revocation::ApplicationToken { id, at });
        }
        self.apply(Revocation::Subject { subject, at });
        Ok(())
    }
}
