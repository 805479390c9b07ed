//! The layer.

use portcullis::{guard::PolicyGuard, policy::Policy};
use tower_layer::Layer;

use super::Require;

/// Demands more of some of the requests that an [`AuthLayer`](crate::AuthLayer)
/// further out let through, without verifying anything again.
///
/// What it refuses looks as if the other one had refused it. Where there is no other
/// one, it answers with a server error, and the log says what to add.
///
/// ```
/// # fn example(verifier: portcullis::verify::Verifier) {
/// use portcullis::policy::Policy;
/// use portcullis_tower::{AuthLayer, RequireLayer};
/// use tower::ServiceBuilder;
///
/// let layers = ServiceBuilder::new()
///     .layer(AuthLayer::new(verifier))
///     .layer(RequireLayer::new(Policy::role("roles", "admin")));
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is layered on a service"]
pub struct RequireLayer {
    guard: PolicyGuard,
}

impl RequireLayer {
    /// Demands a token that satisfies `policy`, even where the other layer is
    /// [`optional`](crate::AuthLayer::optional).
    pub fn new(policy: Policy) -> Self {
        Self {
            guard: PolicyGuard::new(policy),
        }
    }

    /// Demands that the token satisfy `policy`, if there is one; whoever sends none
    /// passes where the other layer lets them.
    pub fn if_present(policy: Policy) -> Self {
        Self {
            guard: PolicyGuard::if_present(policy),
        }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Require::new(inner, self.guard.clone())
    }
}
