//! The token endpoints as routes.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, Request, rejection::ExtensionRejection},
    middleware::map_request,
    routing::any_service,
};
use portcullis::endpoint::{ClientAddress, Endpoints};
use portcullis_tower::EndpointService;

/// A router with the token endpoints, to be merged into the application's.
///
/// Merge it after [`AuthLayer`](crate::AuthLayer) was added: who logs in has
/// no token yet. The address of the client is the peer of the connection, if
/// the server was started with `into_make_service_with_connect_info`, unless a
/// layer put a [`ClientAddress`] into the request's extensions. Without either,
/// an application that throttles by name and source sees all clients as one,
/// and whoever guesses at a name locks its owner out; the first such request is
/// logged as a warning.
///
/// ```
/// use axum::{Router, routing::get};
/// use portcullis::{endpoint::Endpoints, verify::Verifier};
/// use portcullis_axum::AuthLayer;
///
/// # fn example(endpoints: Endpoints, verifier: Verifier) {
/// let app: Router = Router::new()
///     .route("/hello", get(async || "hello"))
///     .layer(AuthLayer::new(verifier))
///     .merge(portcullis_axum::router(endpoints));
/// # }
/// ```
///
/// Under a prefix, well-known documents still belong to the root:
///
/// ```
/// # use axum::Router;
/// use portcullis::{ConfigError, endpoint::EndpointsBuilder};
/// use portcullis_axum::router;
///
/// # fn example(builder: EndpointsBuilder) -> Result<Router, ConfigError> {
/// let endpoints = builder.mounted_at("/auth").build()?;
/// let app = Router::new()
///     .merge(router(endpoints.outside_mount()))
///     .nest("/auth", router(endpoints));
/// # Ok(app)
/// # }
/// ```
pub fn router<S>(endpoints: Endpoints) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let service = any_service(EndpointService::new(endpoints.clone()));
    let service = service.layer(map_request(client_address));
    // The paths are literal, whatever they looked like to older routers.
    let router = Router::new().without_v07_checks();
    endpoints
        .paths()
        .fold(router, |router, path| router.route(path, service.clone()))
}

type Peer = ConnectInfo<SocketAddr>;

async fn client_address(peer: Result<Peer, ExtensionRejection>, mut request: Request) -> Request {
    if let Ok(ConnectInfo(peer)) = peer {
        let address = ClientAddress(peer.ip());
        request.extensions_mut().get_or_insert(address);
    }
    request
}
