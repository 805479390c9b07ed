//! The layer.

use std::marker::PhantomData;

use portcullis::guard::Authenticator;
use tower_layer::Layer;

use super::{AnyBody, Auth, SameBody};

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
pub struct AuthLayer<B = SameBody> {
    authenticator: Authenticator,
    body: PhantomData<B>,
}

impl AuthLayer {
    /// Decides by `authenticator`, or by a verifier alone.
    pub fn new(authenticator: impl Into<Authenticator>) -> Self {
        Self {
            authenticator: authenticator.into(),
            body: PhantomData,
        }
    }
}

impl<B> AuthLayer<B> {
    /// Tells calls of gRPC as such that they are refused ([`Authenticator::grpc`]), in
    /// front of a service with whatever body: tonic's, too.
    ///
    /// ```
    /// # fn example(verifier: portcullis::verify::Verifier) {
    /// use portcullis_tower::AuthLayer;
    ///
    /// // For `tonic::transport::Server::builder().layer(…)`.
    /// let layer = AuthLayer::new(verifier).grpc();
    /// # }
    /// ```
    ///
    /// The body of answers is then a [`ResponseBody`](super::ResponseBody). Where the
    /// inner service's has `From<Bytes>`, as axum's, `AuthLayer::new` with an
    /// authenticator that is told the same leaves its type alone.
    ///
    /// Not for a service that a proxy asks whether a request may pass: those read the
    /// HTTP status, which is 200.
    pub fn grpc(self) -> AuthLayer<AnyBody> {
        AuthLayer {
            authenticator: self.authenticator.grpc(),
            body: PhantomData,
        }
    }

    portcullis::__authenticator_setters!();
}

impl<S, B> Layer<S> for AuthLayer<B> {
    type Service = Auth<S, B>;

    fn layer(&self, inner: S) -> Self::Service {
        Auth::around(inner, self.authenticator.clone())
    }
}
