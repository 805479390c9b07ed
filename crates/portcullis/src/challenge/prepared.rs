//! Challenges that were written before anybody was refused.

use bytes::Bytes;

use super::{Challenge, Realm, Reason, Rejection, RejectionKind};
use crate::claims::ScopeSet;

/// The challenges of one realm and one policy: whoever floods a service with
/// bad requests shall not make it write the same text again and again.
#[derive(Clone, Debug)]
pub(crate) struct Challenges {
    realm: Realm,
    /// What the policy demands.
    scope: ScopeSet,
    missing_credentials: Option<Bytes>,
    invalid_request: Option<Bytes>,
    invalid_token: Option<Bytes>,
    insufficient_scope: Option<Bytes>,
    not_fresh: Option<Bytes>,
}

impl Challenges {
    pub(crate) fn new(realm: &Realm, scope: &ScopeSet) -> Self {
        let write = |kind| Some(Challenge::of(kind, realm, Some(scope))?.to_bytes());
        Self {
            realm: realm.clone(),
            scope: scope.clone(),
            missing_credentials: write(RejectionKind::MissingCredentials),
            invalid_request: write(RejectionKind::InvalidRequest),
            invalid_token: write(RejectionKind::InvalidToken),
            insufficient_scope: write(RejectionKind::InsufficientScope),
            not_fresh: write(RejectionKind::InsufficientUserAuthentication),
        }
    }

    pub(crate) fn reject(&self, reason: Reason) -> Rejection {
        let rejection = Rejection::of(reason);
        let kind = rejection.kind();
        let prepared = match kind {
            RejectionKind::MissingCredentials => &self.missing_credentials,
            RejectionKind::InvalidRequest => &self.invalid_request,
            RejectionKind::InvalidToken => &self.invalid_token,
            RejectionKind::InsufficientUserAuthentication => &self.not_fresh,
            RejectionKind::InsufficientScope => match rejection.reason().scope() {
                // A policy of the handler's own.
                Some(scope) if *scope != self.scope => {
                    let challenge = Challenge::of(kind, &self.realm, Some(scope));
                    let challenge = challenge.map(|challenge| challenge.to_bytes());
                    return rejection.with_challenge(challenge);
                }
                _ => &self.insufficient_scope,
            },
            RejectionKind::Unavailable | RejectionKind::Misconfigured => &None,
        };
        let prepared = prepared.clone();
        rejection.with_challenge(prepared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        credentials::CredentialsError,
        policy::Policy,
        verify::{Verified, VerifyError},
    };

    #[test]
    fn prepared_challenges_are_those_that_would_be_written() {
        let realm = Realm::new("a \"b\"").unwrap();
        let own = Policy::all_scopes(["x", "y"]).unwrap();
        let challenges = Challenges::new(&realm, own.sufficient_scope());
        let lacks = |policy: &Policy| policy.check(&Verified::for_test("{}")).unwrap_err();
        let bad = VerifyError::custom("bad");
        let malformed = CredentialsError::Malformed;
        let mut pairs = vec![
            (
                Reason::MissingCredentials,
                Rejection::missing_credentials(&realm),
            ),
            (
                Reason::Credentials(malformed),
                Rejection::invalid_request(&realm, malformed),
            ),
            (
                Reason::Token(bad.clone()),
                Rejection::invalid_token(&realm, bad),
            ),
        ];
        for policy in [
            own,
            Policy::scope("z").unwrap(),
            Policy::fresh(),
            Policy::role("roles", "admin"),
        ] {
            let error = lacks(&policy);
            let written = Rejection::policy(&realm, error.clone());
            pairs.push((Reason::Policy(error), written));
        }
        for (reason, written) in pairs {
            let prepared = challenges.reject(reason);
            assert_eq!(prepared.kind(), written.kind());
            assert_eq!(prepared.challenge(), written.challenge());
            assert!(prepared.challenge().is_some());
        }
    }
}
