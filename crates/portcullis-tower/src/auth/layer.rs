//! The layer.

use portcullis::guard::Authenticator;
use tower_layer::Layer;

use super::Auth;

/// Demands a good access token of every request that passes; see the
/// [crate's documentation](crate).
///
/// The setters are those of [`Authenticator`], and change nothing that was
/// layered before.
///
/// ```
/// # fn example(verifier: portcullis::verify::Verifier) -> Result<(), Box<dyn std::error::Error>> {
/// use portcullis::{challenge::Realm, policy::Policy};
/// use portcullis_tower::AuthLayer;
///
/// let layer = AuthLayer::new(verifier)
///     .realm(Realm::new("stations")?)
///     .require(Policy::scope("stations:read")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is layered on a service"]
pub struct AuthLayer {
    authenticator: Authenticator,
}

impl AuthLayer {
    /// Decides by `authenticator`, or by a verifier alone.
    pub fn new(authenticator: impl Into<Authenticator>) -> Self {
        Self {
            authenticator: authenticator.into(),
        }
    }

    portcullis::__authenticator_setters!();
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Auth::new(inner, self.authenticator.clone())
    }
}
