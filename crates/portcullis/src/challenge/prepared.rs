//! Challenges that were written before anybody was refused.

use bytes::Bytes;

use super::{Challenge, MetadataUrl, Realm, Reason, Rejection, RejectionKind};
use crate::claims::ScopeSet;

/// The challenges of one realm and one policy: whoever floods a service with
/// bad requests shall not make it write the same text again and again.
#[derive(Clone, Debug)]
pub(crate) struct Challenges {
    scheme: Option<String>,
    realm: Realm,
    resource: Option<MetadataUrl>,
    /// What the policy demands.
    scope: ScopeSet,
    missing_credentials: Option<Bytes>,
    invalid_request: Option<Bytes>,
    invalid_token: Option<Bytes>,
    insufficient_scope: Option<Bytes>,
    not_fresh: Option<Bytes>,
}

impl Challenges {
    /// `scheme`: another one than Bearer.
    pub(crate) fn new(
        scheme: Option<&str>,
        realm: &Realm,
        resource: Option<&MetadataUrl>,
        scope: &ScopeSet,
    ) -> Self {
        let write = |kind| Some(write(kind, scheme, realm, resource, scope)?.to_bytes());
        Self {
            scheme: scheme.map(str::to_owned),
            realm: realm.clone(),
            resource: resource.cloned(),
            scope: scope.clone(),
            missing_credentials: write(RejectionKind::MissingCredentials),
            invalid_request: write(RejectionKind::InvalidRequest),
            invalid_token: write(RejectionKind::InvalidToken),
            insufficient_scope: write(RejectionKind::InsufficientScope),
            not_fresh: write(RejectionKind::InsufficientUserAuthentication),
        }
    }

    /// What somebody without credentials is told.
    pub(crate) fn plain(&self) -> Option<&Bytes> {
        self.missing_credentials.as_ref()
    }

    pub(crate) fn reject(&self, reason: Reason) -> Rejection {
        let rejection = Rejection::of(reason);
        let kind = rejection.kind();
        let prepared = match kind {
            RejectionKind::MissingCredentials => &self.missing_credentials,
            RejectionKind::InvalidRequest => &self.invalid_request,
            RejectionKind::InvalidToken => &self.invalid_token,
            RejectionKind::InsufficientUserAuthentication => {
                if rejection.reason().step_up().is_some() {
                    let challenge = self.write(kind, &self.scope);
                    let challenge = challenge.map(|it| it.for_login(rejection.reason()).to_bytes());
                    return rejection.with_challenge(challenge);
                }
                &self.not_fresh
            }
            RejectionKind::InsufficientScope => match rejection.reason().scope() {
                // A policy of the handler's own.
                Some(scope) if *scope != self.scope => {
                    let challenge = self.write(kind, scope);
                    let challenge = challenge.map(|challenge| challenge.to_bytes());
                    return rejection.with_challenge(challenge);
                }
                _ => &self.insufficient_scope,
            },
            RejectionKind::CrossOrigin
            | RejectionKind::CsrfToken
            | RejectionKind::UserSuspended
            | RejectionKind::Unavailable
            | RejectionKind::Misconfigured => &None,
        };
        if let Some(text) = rejection.reason().description() {
            let challenge = self.write(kind, &self.scope);
            let challenge = challenge.map(|challenge| challenge.description(text).to_bytes());
            return rejection.with_challenge(challenge);
        }
        let prepared = prepared.clone();
        rejection.with_challenge(prepared)
    }

    fn write(&self, kind: RejectionKind, scope: &ScopeSet) -> Option<Challenge> {
        let scheme = self.scheme.as_deref();
        write(kind, scheme, &self.realm, self.resource.as_ref(), scope)
    }
}

/// The challenge of a refusal. Clients that look for metadata are told on every
/// 401 and 403 where they are, and on a 401 already what to ask for.
fn write(
    kind: RejectionKind,
    scheme: Option<&str>,
    realm: &Realm,
    resource: Option<&MetadataUrl>,
    scope: &ScopeSet,
) -> Option<Challenge> {
    let challenge = Challenge::of_kind(kind, realm, Some(scope))?.with_scheme(scheme);
    Some(match (resource, kind.status()) {
        (Some(url), 401) => challenge.scope(scope).resource_metadata(url),
        (Some(url), 403) => challenge.resource_metadata(url),
        _ => challenge,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        let challenges = Challenges::new(None, &realm, None, &own.demands().scope);
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
            Policy::acr(["a", "b"]).unwrap(),
            Policy::max_age(Duration::from_secs(60)).and(Policy::scope("z").unwrap()),
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

    /// RFC 9728 section 5.1; what has no 401 or 403 stays as it was.
    #[test]
    fn a_resource_is_named_where_a_client_looks_for_it() {
        let realm = Realm::default();
        let url = MetadataUrl::of_resource("https://a.example/mcp").unwrap();
        let own = Policy::all_scopes(["x", "y"]).unwrap();
        let lacks = |policy: &Policy| policy.check(&Verified::for_test("{}")).unwrap_err();
        let at =
            r#"resource_metadata="https://a.example/.well-known/oauth-protected-resource/mcp""#;
        let scope = &own.demands().scope;
        let challenges = Challenges::new(None, &realm, Some(&url), scope);
        for (reason, challenge) in [
            (
                Reason::MissingCredentials,
                format!(r#"Bearer realm="api", scope="x y", {at}"#),
            ),
            (
                Reason::Credentials(CredentialsError::Malformed),
                r#"Bearer realm="api", error="invalid_request""#.to_owned(),
            ),
            (
                Reason::Token(VerifyError::custom("bad")),
                format!(r#"Bearer realm="api", error="invalid_token", scope="x y", {at}"#),
            ),
            (
                Reason::Policy(lacks(&own)),
                format!(r#"Bearer realm="api", error="insufficient_scope", scope="x y", {at}"#),
            ),
            (
                Reason::Policy(lacks(&Policy::scope("z").unwrap())),
                format!(r#"Bearer realm="api", error="insufficient_scope", scope="z", {at}"#),
            ),
        ] {
            let rejection = challenges.reject(reason);
            assert_eq!(rejection.challenge().unwrap(), challenge.as_bytes());
        }
        assert_eq!(challenges.reject(Reason::Unavailable).challenge(), None);
        let fresh = challenges.reject(Reason::Policy(lacks(&Policy::fresh())));
        assert!(fresh.challenge().unwrap().ends_with(at.as_bytes()));
        // Where no scope is demanded, none is named.
        let challenges = Challenges::new(None, &realm, Some(&url), &ScopeSet::new());
        let missing = challenges.reject(Reason::MissingCredentials);
        let expected = format!(r#"Bearer realm="api", {at}"#);
        assert_eq!(missing.challenge().unwrap(), expected.as_bytes());
    }
}
