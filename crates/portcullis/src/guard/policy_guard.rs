//! A policy behind an authenticator.

use std::sync::Arc;

use super::{Authentication, Check, counted};
use crate::{
    challenge::Rejection,
    head::{HeadRef, RequestHead},
    policy::Policy,
};

/// Demands more of requests that an [`Authenticator`](super::Authenticator) further
/// out let through, without verifying anything again; what is refused here looks as if
/// that one had refused it. Cheap to clone.
///
/// Adapters have it as a layer of their own.
///
/// ```
/// use portcullis::{guard::{Authentication, PolicyGuard}, policy::Policy};
///
/// async fn admins_only(
///     authentication: &Authentication,
///     request: &http::Request<()>,
/// ) -> bool {
///     let guard = PolicyGuard::new(Policy::role("roles", "admin"));
///     guard.check(Some(authentication), request, "add a layer").await.is_ok()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct PolicyGuard(Arc<Demand>);

#[derive(Clone, Debug)]
struct Demand {
    policy: Policy,
    if_present: bool,
}

impl PolicyGuard {
    /// Demands a token that satisfies `policy`, even where the authenticator further
    /// out is [`optional`](super::Authenticator::optional).
    pub fn new(policy: Policy) -> Self {
        Self(Arc::new(Demand {
            policy,
            if_present: false,
        }))
    }

    /// Demands that the token satisfy `policy`, if there is one. Whoever sends none
    /// passes where the authenticator further out lets them: what a handler does for
    /// them must be less than for everybody else.
    pub fn if_present(policy: Policy) -> Self {
        Self(Arc::new(Demand {
            policy,
            if_present: true,
        }))
    }

    /// Decides about a request by what the authenticator further out `found` of it,
    /// and by its head.
    ///
    /// Where nothing was found, there is none, and the answer is a 500; `hint` is for
    /// the log, and says what to add. On the way back there is nothing to add to the
    /// answer: that is the other one's.
    pub fn check(
        &self,
        found: Option<&Authentication>,
        head: &impl RequestHead,
        hint: &'static str,
    ) -> Check {
        self.decide(found, HeadRef::new(head), hint)
    }

    fn decide(
        &self,
        found: Option<&Authentication>,
        head: HeadRef<'_>,
        hint: &'static str,
    ) -> Check {
        let Some(authentication) = found else {
            return Check::Ready(Err(Rejection::missing_layer(hint)));
        };
        if self.0.if_present && authentication.optional().is_none() {
            return Check::Ready(Ok(authentication.clone()));
        }
        let verified = match authentication.verified() {
            Ok(verified) => verified.clone(),
            Err(rejection) => return Check::Ready(Err(rejection)),
        };
        let answers = authentication.answers();
        match Check::of_policy(Some(&self.0.policy), verified, Some(head), answers) {
            Check::Ready(mut result) => {
                counted::decided_behind(&result);
                if let Err(rejection) = &mut result {
                    answers.finish(rejection);
                }
                Check::Ready(result)
            }
            Check::Pending(check) => Check::Pending(check.behind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        challenge::RejectionKind,
        guard::Authenticator,
        issue::{AccessToken, TokenIssuer},
        jose::{Algorithm, SigningKey},
        subject::Subject,
    };

    const HINT: &str = "add a layer";

    async fn authenticated() -> (Authentication, http::Request<()>) {
        let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
        let issuer = TokenIssuer::builder(key).issuer("https://a.example");
        let issuer = issuer.audience("https://b.example").build().unwrap();
        let subject = Subject::new("users", "alice");
        let token = issuer
            .access(&AccessToken::new(&subject).client("web"))
            .unwrap();
        let value = format!("Bearer {}", token.token().expose());
        let request = http::Request::get("/").header("authorization", value);
        let request = request.body(()).unwrap();
        let authenticator = Authenticator::new(issuer.verifier().build().unwrap());
        (authenticator.check(&request).await.unwrap(), request)
    }

    /// A mistake of the application's is no refusal of the client.
    #[tokio::test]
    async fn whoever_cannot_wait_is_put_together_wrongly() {
        let (authentication, request) = authenticated().await;
        let policy = Policy::ask(async |_| Ok(true));
        let guard = PolicyGuard::new(policy.clone());
        let check = guard.check(Some(&authentication), &request, HINT);
        assert!(matches!(check, Check::Pending(_)));
        let passed = check.await.unwrap();
        assert_eq!(passed.verified().unwrap().subject_name(), Some("alice"));
        for refused in [
            authentication.require(&policy),
            authentication.require_for(&policy, &request),
        ] {
            assert_eq!(refused.unwrap_err().kind(), RejectionKind::Misconfigured);
        }
        assert!(!authentication.satisfies(&policy, &request));
    }

    #[tokio::test]
    async fn what_needs_no_answer_is_decided_at_once() {
        let (authentication, request) = authenticated().await;
        for (policy, passes) in [
            (Policy::request(|_, head| head.method() == "GET"), true),
            (Policy::all([]), false),
        ] {
            assert_eq!(authentication.satisfies(&policy, &request), passes);
            let guard = PolicyGuard::new(policy);
            match guard.check(Some(&authentication), &request, HINT) {
                Check::Ready(result) => assert_eq!(result.is_ok(), passes),
                Check::Pending(_) => panic!("nobody is asked"),
            }
        }
    }
}
