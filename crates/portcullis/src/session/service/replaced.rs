//! Access tokens that a refresh replaces.

use uuid::Uuid;

use super::Sessions;
use crate::session::{
    RotationOutcome,
    refresh::{RefreshClaims, SessionSecret},
};

impl Sessions {
    /// The `jti` of an access token: `random`, unless it must be found again to be
    /// revoked. Whether the refresh token rests is not known yet when it is signed, so it
    /// belongs to the presented generation's successor either way.
    pub(super) fn access_token_id(
        &self,
        secret: &SessionSecret,
        generation: u64,
        random: Uuid,
    ) -> Uuid {
        match self.0.revoke_replaced {
            true => secret.access_token_id(generation),
            false => random,
        }
    }

    /// Revokes what was handed out with a refresh token that has been exchanged, if it
    /// is to be. Who is second in a race does it again: the first may not have come to it.
    /// A token that rests has not been exchanged, and others use what came with it.
    ///
    /// The exchange has happened, and must be answered: a failure costs only this.
    pub(super) async fn revoke_replaced(
        &self,
        presented: &RefreshClaims,
        outcome: &RotationOutcome,
    ) {
        let exchanged = matches!(
            outcome,
            RotationOutcome::Rotated(_)
                | RotationOutcome::RolledBack(_)
                | RotationOutcome::Replayed { .. }
        );
        if !self.0.revoke_replaced || !exchanged {
            return;
        }
        let family = &presented.family;
        let id = family.secret.access_token_id(presented.generation);
        let until = self.now().saturating_add(self.0.issuer.access_ttl());
        let id = id.hyphenated().to_string();
        if let Err(error) = self.revoke_token(&family.subject, &id, until).await {
            tracing::warn!(
                event = "replaced_token_stays",
                session.id = family.session.as_str(),
                error = &error as &dyn std::error::Error,
                "an access token that was replaced could not be revoked, and is good until it expires"
            );
        }
    }
}
