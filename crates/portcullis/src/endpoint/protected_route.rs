//! Routes that an access token opens.

use super::{name::Name, refusal::Refusal};
use crate::{policy::Policy, verify::Verified};

/// The path of a route that an access token opens, and which tokens do: any
/// that is good, but for application tokens, unless set.
///
/// A path alone will do where nothing else is wanted.
///
/// ```
/// use portcullis::{
///     endpoint::{EndpointsBuilder, ProtectedRoute},
///     policy::Policy,
/// };
///
/// fn routes(builder: EndpointsBuilder) -> EndpointsBuilder {
///     let fresh = ProtectedRoute::new("/logout/all").require(Policy::fresh());
///     builder.sessions("/sessions").logout_all(fresh)
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is given to `EndpointsBuilder`"]
pub struct ProtectedRoute {
    pub(super) path: Name,
    pub(super) access: Access,
}

impl ProtectedRoute {
    /// The route at `path`.
    pub fn new(path: impl Into<Name>) -> Self {
        Self {
            path: path.into(),
            access: Access::default(),
        }
    }

    /// Demands that the token satisfies `policy`, beside those of earlier
    /// calls. Who does not is refused as by a guard: 403, or 401 where a new
    /// login would do (RFC 9470). What the policy asks about the
    /// [request](Policy::request) does not hold here.
    pub fn require(mut self, policy: Policy) -> Self {
        self.access.require(policy);
        self
    }

    /// Lets application tokens in, too. They never expire, and are kept where
    /// programs are: whoever finds one lists its owner's sessions then, or ends
    /// them.
    pub fn allow_application_tokens(mut self) -> Self {
        self.access.application_tokens = true;
        self
    }
}

impl From<&'static str> for ProtectedRoute {
    fn from(path: &'static str) -> Self {
        Self::new(path)
    }
}

impl From<String> for ProtectedRoute {
    fn from(path: String) -> Self {
        Self::new(path)
    }
}

/// Which access tokens open a route.
#[derive(Clone, Debug, Default)]
pub(super) struct Access {
    policy: Option<Policy>,
    application_tokens: bool,
}

impl Access {
    /// Demands that the token satisfies `policy`, too.
    pub(super) fn require(&mut self, policy: Policy) {
        self.policy = Some(match self.policy.take() {
            Some(earlier) => earlier.and(policy),
            None => policy,
        });
    }

    /// Whether there is a policy: only an access token can satisfy one.
    pub(super) fn has_policy(&self) -> bool {
        self.policy.is_some()
    }

    /// Whether a good access token is enough.
    pub(super) async fn check(&self, token: &Verified) -> Result<(), Refusal> {
        if token.is_application() && !self.application_tokens {
            tracing::debug!("an application token where none is taken");
            return Err(Refusal::ApplicationToken);
        }
        match &self.policy {
            Some(policy) => policy.decide(token).await.map_err(Refusal::from),
            None => Ok(()),
        }
    }
}
