//! The layer.

use portcullis::endpoint::Endpoints;
use tower_layer::Layer;

use super::WithEndpoints;

/// Puts the token endpoints in front of a service: requests for their paths
/// are answered, all others pass.
///
/// It goes outside of [`AuthLayer`](crate::AuthLayer): who logs in has no
/// token yet.
///
/// # Where requests come from
///
/// This layer does not know the connection. Put a
/// [`ClientAddress`](portcullis::endpoint::ClientAddress) into the extensions of
/// requests in a layer outside of it; otherwise an application that throttles
/// by name and source sees all clients as one, and whoever guesses at a name
/// locks its owner out. The first such request is logged as a warning.
///
/// ```
/// # fn example<S>(verifier: portcullis::verify::Verifier, app: S) {
/// # let endpoints: portcullis::endpoint::Endpoints = return;
/// use portcullis_tower::{AuthLayer, EndpointLayer};
/// use tower::ServiceBuilder;
///
/// let service = ServiceBuilder::new()
///     .layer(EndpointLayer::new(endpoints))
///     .layer(AuthLayer::new(verifier))
///     .service(app);
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is layered on a service"]
pub struct EndpointLayer {
    endpoints: Endpoints,
}

impl EndpointLayer {
    /// Answers by `endpoints`.
    pub fn new(endpoints: Endpoints) -> Self {
        Self { endpoints }
    }
}

impl<S> Layer<S> for EndpointLayer {
    type Service = WithEndpoints<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithEndpoints::new(inner, self.endpoints.clone())
    }
}
