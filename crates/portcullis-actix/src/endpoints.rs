//! The token endpoints as routes.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    web::{self, Bytes, Payload, ServiceConfig},
};
use portcullis::endpoint::{BODY_LIMIT, BodyError, ClientAddress, Endpoints};

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
///
/// In a scope, well-known documents still belong to the root:
///
/// ```
/// # use actix_web::{App, web};
/// use portcullis::{ConfigError, endpoint::EndpointsBuilder};
///
/// # fn example(builder: EndpointsBuilder) -> Result<(), ConfigError> {
/// let own = builder.mounted_at("/auth").build()?;
/// let app = App::new()
///     .configure(portcullis_actix::endpoints(own.outside_mount()))
///     .service(web::scope("/auth").configure(portcullis_actix::endpoints(own)));
/// # Ok(())
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
///
/// actix matches what it has decoded. The core goes by what was sent, as
/// everything else in front of the application does: a path that is spelt
/// otherwise is another one.
async fn answer(
    endpoints: Endpoints,
    path: String,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let sent = request.uri().path();
    let path = if sent.ends_with(&path) { &path } else { sent };
    let response = match convert::request(request.head(), path) {
        Some(head) => with_body(&endpoints, head, &request, payload).await,
        None => endpoints.bad_request(path),
    };
    convert::response(response, request.method())
}

/// The core's answer, for which the body is read if the head is good.
async fn with_body(
    endpoints: &Endpoints,
    head: http::Request<()>,
    request: &HttpRequest,
    payload: Payload,
) -> http::Response<Bytes> {
    let (mut head, ()) = head.into_parts();
    if let Some(address) = client_address(request) {
        head.extensions.insert(address);
    }
    let accepted = match endpoints.accept(head) {
        Ok(accepted) => accepted,
        Err(refused) => return refused.await,
    };
    let body = match payload.to_bytes_limited(BODY_LIMIT).await {
        Ok(read) => read.map_err(|_| BodyError::Broken),
        Err(_) => Err(BodyError::TooLarge),
    };
    accepted.answer(body).await
}

fn client_address(request: &HttpRequest) -> Option<ClientAddress> {
    let address = request.extensions().get().copied();
    address.or_else(|| request.peer_addr().map(|peer| ClientAddress(peer.ip())))
}
