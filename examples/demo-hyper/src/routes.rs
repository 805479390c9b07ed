//! Which path is what.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use demo_common::{
    Guards,
    replies::{self, DemoRead},
};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use portcullis::challenge::Rejection;
use portcullis_hyper::{Auth, Authentication, Authenticator};

/// The demo's own routes.
pub(crate) struct Routes {
    guards: Guards,
}

type Answer = Result<Response<Full<Bytes>>, Infallible>;
type Handler = fn(&Authentication, &str) -> Result<Response<Bytes>, Rejection>;

impl Routes {
    pub(crate) fn new(guards: Guards) -> Self {
        Self { guards }
    }

    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let Some(route) = self.find(request.uri().path()) else {
            return answer(replies::not_found());
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return answer(replies::method_not_allowed());
        }
        match route {
            Route::Public(reply) => answer(reply()),
            Route::Guarded(guard, handler) => {
                let service = service_fn(move |request| run(handler, request));
                Auth::new(service, guard.clone()).call(request).await
            }
        }
    }

    fn find(&self, path: &str) -> Option<Route<'_>> {
        let guards = &self.guards;
        let (guard, handler): (_, Handler) = match path {
            "/healthz" => return Some(Route::Public(replies::healthz)),
            "/me" => (&guards.any, |token, _| Ok(replies::me(token.verified()?))),
            "/maybe" => (&guards.optional, |token, _| {
                Ok(replies::maybe(token.optional()))
            }),
            "/scoped/read" => (&guards.any, |token, _| {
                Ok(replies::scoped_read(token.require_scopes::<DemoRead>()?))
            }),
            "/fresh" => (&guards.fresh, |token, _| {
                Ok(replies::fresh(&token.claims()?))
            }),
            "/api/stations" => (&guards.session, |token, _| {
                Ok(replies::stations(&token.claims()?))
            }),
            path if is_resource(path) => (&guards.api_key, |token, path| {
                Ok(replies::resource(&token.claims()?, path))
            }),
            _ => return None,
        };
        Some(Route::Guarded(guard, handler))
    }
}

/// What is at a path, for GET and HEAD.
enum Route<'a> {
    Public(fn() -> Response<Bytes>),
    Guarded(&'a Authenticator, Handler),
}

fn is_resource(path: &str) -> bool {
    let name = path.strip_prefix("/v1/");
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// A handler finds in the request what the guard left there.
async fn run(handler: Handler, request: Request<Incoming>) -> Answer {
    let reply = match request.extensions().get::<Authentication>() {
        Some(token) => handler(token, request.uri().path()),
        None => Err(Rejection::missing_layer(
            "put `Auth` in front of the handler",
        )),
    };
    Ok(reply.map_or_else(Rejection::into_response, |reply| reply.map(Full::new)))
}

fn answer(reply: Response<Bytes>) -> Answer {
    Ok(reply.map(Full::new))
}
