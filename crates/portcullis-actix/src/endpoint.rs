//! The token endpoints as routes.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    web::{self, Bytes, Payload, ServiceConfig},
};
use portcullis::endpoint::{BODY_LIMIT, ClientAddress, Endpoints};

use crate::convert;

/// Adds the token endpoints to an app or a scope, for its `configure`.
///
/// They belong outside of what [`Auth`](crate::Auth) wraps: who logs in has no
/// token yet. The address of the client is the peer of the connection, unless
/// a middleware put a [`ClientAddress`] into the request's extensions.
///
/// ```
/// use actix_web::{App, web};
/// use portcullis::{endpoint::Endpoints, verify::Verifier};
/// use portcullis_actix::Auth;
///
/// # fn example(endpoints: Endpoints, verifier: Verifier) {
/// let app = App::new()
///     .configure(portcullis_actix::endpoints(endpoints))
///     .service(
///         web::scope("/stations")
///             .wrap(Auth::new(verifier))
///             .route("", web::get().to(async || "all stations")),
///     );
/// # }
/// ```
pub fn endpoints(endpoints: Endpoints) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        for path in endpoints.paths() {
            let path = path.to_owned();
            let endpoints = endpoints.clone();
            let resource = web::resource(&path);
            config.service(resource.to(move |request: HttpRequest, payload: Payload| {
                answer(endpoints.clone(), path.clone(), request, payload)
            }));
        }
    }
}

/// `path` is the endpoint's own, whatever prefix a scope has put before it.
async fn answer(
    endpoints: Endpoints,
    path: String,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let body = match payload.to_bytes_limited(BODY_LIMIT).await {
        Ok(body) => body.ok(),
        // Only its size will be looked at.
        Err(_) => Some(Bytes::from(vec![0; BODY_LIMIT + 1])),
    };
    let converted = body.and_then(|body| convert::request(request.head(), &path, body));
    let response = match converted {
        Some(mut converted) => {
            if let Some(address) = client_address(&request) {
                converted.extensions_mut().insert(address);
            }
            endpoints.call(converted).await
        }
        None => endpoints.refuse_body(&path),
    };
    convert::response(response, request.method())
}

fn client_address(request: &HttpRequest) -> Option<ClientAddress> {
    let address = request.extensions().get().copied();
    address.or_else(|| request.peer_addr().map(|peer| ClientAddress(peer.ip())))
}
