//! Which path is what.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use demo_common::{
    Console, Guards, Metrics,
    replies::{self, DemoRead},
};
use http::{HeaderValue, Method, Request, Response, header::IF_NONE_MATCH};
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use portcullis::challenge::Rejection;
use portcullis_hyper::{Auth, Authentication, Authenticator};

use crate::body::AnswerBody;

/// The demo's own routes.
pub(crate) struct Routes {
    guards: Guards,
    console: Console,
    metrics: Metrics,
}

type Answer = Result<Response<AnswerBody>, Infallible>;
type Handler = fn(&Authentication, &str) -> Result<Response<Bytes>, Rejection>;

impl Routes {
    pub(crate) fn new(guards: Guards, console: Console, metrics: Metrics) -> Self {
        Self {
            guards,
            console,
            metrics,
        }
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
            Route::File => {
                let known = request.headers().get_all(IF_NONE_MATCH);
                let known = known.iter().map(HeaderValue::as_bytes);
                answer(self.console.file(request.uri().path(), known))
            }
            Route::Settings => answer(self.console.settings()),
            Route::Metrics => answer(self.metrics.reply()),
            Route::Guarded(guard, handler) => {
                let service = service_fn(move |request| run(handler, request));
                Auth::new(service, guard.clone()).call(request).await
            }
            Route::Events => {
                let service = service_fn(|request| self.events(request));
                let guard = self.guards.any.clone();
                Auth::new(service, guard).call(request).await
            }
        }
    }

    async fn events(&self, request: Request<Incoming>) -> Answer {
        let token = authentication(&request).and_then(Authentication::verified);
        Ok(match token {
            Ok(token) => self.console.events(token).map(AnswerBody::from),
            Err(rejection) => rejection.into_response(),
        })
    }

    fn find(&self, path: &str) -> Option<Route<'_>> {
        let guards = &self.guards;
        let (guard, handler): (_, Handler) = match path {
            "/healthz" => return Some(Route::Public(replies::healthz)),
            Console::SETTINGS => return Some(Route::Settings),
            Metrics::PATH => return Some(Route::Metrics),
            Console::EVENTS => return Some(Route::Events),
            path if Console::paths().any(|own| own == path) => return Some(Route::File),
            "/me" => (&guards.me, |token, _| Ok(replies::me(token.verified()?))),
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
    File,
    Settings,
    Metrics,
    Events,
    Guarded(&'a Authenticator, Handler),
}

fn is_resource(path: &str) -> bool {
    let name = path.strip_prefix("/v1/");
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

async fn run(handler: Handler, request: Request<Incoming>) -> Answer {
    let reply = authentication(&request).and_then(|token| handler(token, request.uri().path()));
    Ok(reply.map_or_else(Rejection::into_response, |reply| {
        reply.map(AnswerBody::from)
    }))
}

/// What the guard has left in the request.
fn authentication(request: &Request<Incoming>) -> Result<&Authentication, Rejection> {
    let found = request.extensions().get::<Authentication>();
    found.ok_or_else(|| Rejection::missing_layer("put `Auth` in front of the handler"))
}

fn answer(reply: Response<Bytes>) -> Answer {
    Ok(reply.map(AnswerBody::from))
}
