//! Refreshing sessions.

use serde_json::{Map, Value};

use super::{IssuedRefreshToken, SessionError, SessionErrorKind, Sessions, TokenPair, events};
use crate::{
    claims::{KeyConfirmation, ScopeSet},
    issue::AccessToken,
    session::{
        AttemptId, Device, RefusalReason, RotationAttempt, RotationMode, RotationOutcome,
        SessionStore, StoreError, StoreErrorKind, Successor, random_names,
        refresh::{RefreshClaims, RefreshError, RefreshErrorKind, RefreshFamily, RefreshTokens},
    },
};

/// What comes with a refresh token, and what the application says about its
/// subject now.
#[derive(Clone, Debug, Default)]
pub struct RefreshRequest<'a> {
    client: Option<&'a str>,
    proven_key: Option<&'a KeyConfirmation>,
    scope: Option<ScopeSet>,
    allowed: Option<ScopeSet>,
    claims: Option<&'a Map<String, Value>>,
    device: Device,
}

impl<'a> RefreshRequest<'a> {
    /// A request that says nothing but the token.
    pub fn new() -> Self {
        Self::default()
    }

    /// The client that presents the token, authenticated where it has a
    /// secret. It must be the one that logged in: without it, only sessions that
    /// belong to no client are refreshed.
    #[must_use = "returns the changed request"]
    pub fn client(mut self, id: impl Into<Option<&'a str>>) -> Self {
        self.client = id.into();
        self
    }

    /// The keys that the sender of the request has proven to have, by a DPoP proof
    /// (RFC 9449 section 5) or its client certificate (RFC 8705 section 4), which the
    /// application has verified. A session that was opened with a
    /// [confirmation](super::OpenSession::confirmation) is refused
    /// ([`RefusalReason::SenderBinding`]) unless all that it names is among them.
    #[must_use = "returns the changed request"]
    pub fn proven_key(mut self, key: impl Into<Option<&'a KeyConfirmation>>) -> Self {
        self.proven_key = key.into();
        self
    }

    /// The scope that is asked for; what was granted at login unless set. A
    /// wider one is refused.
    #[must_use = "returns the changed request"]
    pub fn scope(mut self, scope: impl Into<Option<ScopeSet>>) -> Self {
        self.scope = scope.into();
        self
    }

    /// The scope that the subject may have now; everything unless set. The
    /// access token gets no more.
    #[must_use = "returns the changed request"]
    pub fn allowed(mut self, scope: impl Into<Option<ScopeSet>>) -> Self {
        self.allowed = scope.into();
        self
    }

    /// Further claims of the access token, as they are now.
    #[must_use = "returns the changed request"]
    pub fn claims(mut self, claims: &'a Map<String, Value>) -> Self {
        self.claims = Some(claims);
        self
    }

    /// What the request came from.
    #[must_use = "returns the changed request"]
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }
}

impl Sessions {
    /// Reads a refresh token: signature, kind and expiry. The store is not
    /// asked.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Token`].
    pub fn read(&self, token: &[u8]) -> Result<RefreshClaims, SessionError> {
        Ok(self.refresh_tokens()?.decode(token, self.now())?)
    }

    /// Reads a refresh token that may have expired, to log out with.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Token`].
    pub fn read_expired(&self, token: &[u8]) -> Result<RefreshClaims, SessionError> {
        Ok(self.refresh_tokens()?.decode_expired(token)?)
    }

    /// Exchanges a refresh token for new tokens. The client has been
    /// authenticated, and the application has been asked who the subject is
    /// now.
    ///
    /// A refresh token that was made less than the grace window ago rests: it
    /// comes back as it is, byte for byte, with a new access token.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Refused`] or [`SessionErrorKind::Reused`] when the
    /// token is not good now; [`SessionErrorKind::Issue`] and
    /// [`SessionErrorKind::Unavailable`], after which it is still good.
    pub async fn refresh(
        &self,
        presented: &RefreshClaims,
        request: &RefreshRequest<'_>,
    ) -> Result<TokenPair, SessionError> {
        let family = &presented.family;
        let (name, random) = random_names()?;
        let token_id = self.access_token_id(&family.secret, presented.generation + 1, random);
        let attempt = RotationAttempt {
            scope_allowed: request
                .scope
                .as_ref()
                .is_none_or(|scope| scope.is_subset_of(&family.scope)),
            ..self.attempt(name, presented, request, self.0.mode)?
        };
        let asked = request.scope.as_ref().unwrap_or(&family.scope);
        let scope = narrow(asked, &request.allowed);
        let mut token = AccessToken::new(&family.subject)
            .session(family.session.as_str())
            .client(family.client.as_deref())
            .scope(scope.clone())
            .auth_time(family.auth_time)
            .acr(family.acr.as_deref())
            .amr(family.amr.iter().map(String::as_str))
            .confirmation(&family.confirmation)
            .not_after(presented.session_ends_at);
        if let Some(claims) = request.claims {
            token = token.claims(claims);
        }
        // Whatever can fail comes before the exchange: a token that was used up
        // for nothing would cost the session.
        let access = self.0.issuer.access_as(&token, || Ok(token_id))?;
        let outcome = self.present(attempt).await?;
        self.revoke_replaced(presented, &outcome).await;
        let refresh = match outcome {
            RotationOutcome::Rotated(successor)
            | RotationOutcome::RolledBack(successor)
            | RotationOutcome::Rested {
                current: successor, ..
            }
            | RotationOutcome::Replayed { successor, .. } => {
                Some(self.refresh_token(family, &successor)?)
            }
            RotationOutcome::Valid { .. } => None,
            RotationOutcome::Reused { .. } => return Err(SessionErrorKind::Reused.into()),
            RotationOutcome::Refused(reason) => {
                return Err(SessionErrorKind::Refused(reason).into());
            }
            RotationOutcome::Overdue { .. } => return Err(SessionErrorKind::Unavailable.into()),
        };
        Ok(TokenPair {
            access,
            refresh,
            scope,
            session: family.session.clone(),
            session_ends_at: presented.session_ends_at,
        })
    }

    /// Whether a refresh token is its session's current one and good now,
    /// without using it up: as a credential for something else than a refresh. Of the
    /// request only the client and the proven key count.
    ///
    /// It changes nothing and forgives nothing. A token that has been exchanged
    /// is refused within the grace window, too, and revokes no session after
    /// it.
    ///
    /// # Errors
    ///
    /// [`SessionErrorKind::Refused`] when the token is not good now, with
    /// [`RefusalReason::Generation`] when it is not the current one;
    /// [`SessionErrorKind::Unavailable`] when nobody can say.
    pub async fn authorize(
        &self,
        presented: &RefreshClaims,
        request: &RefreshRequest<'_>,
    ) -> Result<(), SessionError> {
        let name = AttemptId::random()?;
        let attempt = self.attempt(name, presented, request, RotationMode::Keep)?;
        match self.present(attempt).await? {
            RotationOutcome::Valid { .. } => Ok(()),
            RotationOutcome::Refused(reason) => Err(SessionErrorKind::Refused(reason).into()),
            _ => Err(SessionErrorKind::Refused(RefusalReason::Generation).into()),
        }
    }

    fn attempt(
        &self,
        id: AttemptId,
        presented: &RefreshClaims,
        request: &RefreshRequest<'_>,
        mode: RotationMode,
    ) -> Result<RotationAttempt, SessionError> {
        let family = &presented.family;
        if let Some(reason) = not_for_sender(family, request) {
            self.report_refused_unasked(presented, &request.device, reason);
            return Err(SessionErrorKind::Refused(reason).into());
        }
        let refresh_key = self.refresh_tokens()?.current_key()?;
        Ok(RotationAttempt {
            id,
            // Earlier by far once the store is asked.
            deadline: presented.expires_at,
            session: family.session.clone(),
            subject: family.subject.clone(),
            generation: presented.generation,
            secret_digest: family.secret.digest(),
            client: family.client.clone(),
            scope_allowed: true,
            mode,
            idle_ttl: self.0.refresh_ttl,
            refresh_key,
            device: request.device.clone(),
            rules: self.0.rules,
        })
    }

    /// Asks the store; once more, under the same name, when it is unknown how
    /// the first time ended or it came to nothing. Not after a long wait,
    /// though: twice as long, and a third for the client that tries again, must
    /// end within the grace window.
    async fn present(&self, mut attempt: RotationAttempt) -> Result<RotationOutcome, StoreError> {
        // Nothing is written, so that a server that has lost its place would answer, too.
        if attempt.mode == RotationMode::Keep && self.revocations().is_silent_now() {
            let error = StoreError::unavailable("what was revoked has not been read for too long");
            events::undecided(&error);
            return Err(error);
        }
        let unanswered = self.revocations().unanswered(&attempt.session);
        let limit = self.0.rules.attempt_limit();
        let began = self.now();
        let mut result = self.store().rotate_within(&mut attempt, limit).await;
        let passed = self.now().saturating_duration_since(began);
        if is_undecided(&result) && passed <= limit / 3 {
            tracing::warn!(
                error = result
                    .as_ref()
                    .err()
                    .map(|error| error as &dyn std::error::Error),
                "the session store is asked again"
            );
            let left = limit - passed;
            result = self.store().rotate_within(&mut attempt, left).await;
        }
        unanswered.answered();
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => {
                events::undecided(&error);
                return Err(error);
            }
        };
        self.report_rotation(&attempt, &outcome);
        match outcome {
            RotationOutcome::Reused { .. } => {
                let (subject, session) = (&attempt.subject, &attempt.session);
                self.revocations().apply_theft(subject, session, self.now());
            }
            RotationOutcome::Refused(RefusalReason::Revoked) => {
                let (subject, session) = (&attempt.subject, &attempt.session);
                self.revocations().has_been_refused(subject, session);
            }
            _ => {}
        }
        self.revocations().settle_own_doubts().await;
        Ok(outcome)
    }

    pub(super) fn refresh_token(
        &self,
        family: &RefreshFamily,
        token: &Successor,
    ) -> Result<IssuedRefreshToken, SessionError> {
        let encoded = self.refresh_tokens()?.encode(family, token);
        match encoded {
            Ok(encoded) => Ok(IssuedRefreshToken {
                token: encoded,
                expires_at: token.idle_deadline.floor_to_second(),
            }),
            // Another node has a newer key: it can answer the retry.
            Err(error) => {
                tracing::error!(%error, key = &*token.refresh_key, "no successor could be made");
                Err(SessionErrorKind::Unavailable.into())
            }
        }
    }

    fn refresh_tokens(&self) -> Result<&RefreshTokens, RefreshError> {
        self.0
            .refresh
            .as_ref()
            .ok_or(RefreshErrorKind::UnknownKey.into())
    }
}

/// Why whoever sent the request may not have the session, whatever the store says.
fn not_for_sender(family: &RefreshFamily, request: &RefreshRequest<'_>) -> Option<RefusalReason> {
    if request.client != family.client.as_deref() {
        return Some(RefusalReason::Client);
    }
    let key = family.confirmation.as_ref()?;
    let is_proven = request
        .proven_key
        .is_some_and(|proven| key.is_proven_by(proven));
    (!is_proven).then_some(RefusalReason::SenderBinding)
}

/// Whether the store may still decide otherwise on the same attempt: its answer
/// is not known, or came too late, which told us the store's time.
fn is_undecided(result: &Result<RotationOutcome, StoreError>) -> bool {
    match result {
        Ok(outcome) => matches!(outcome, RotationOutcome::Overdue { .. }),
        Err(error) => error.kind() == StoreErrorKind::Unavailable,
    }
}

/// The part of `scope` that is allowed.
fn narrow(scope: &ScopeSet, allowed: &Option<ScopeSet>) -> ScopeSet {
    let Some(allowed) = allowed else {
        return scope.clone();
    };
    let both = scope.iter().filter(|token| allowed.contains(token));
    ScopeSet::from_tokens(both).unwrap_or_default()
}
