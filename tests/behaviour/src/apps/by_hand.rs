//! What the site's handlers do where an adapter has no extractors: for bare
//! tower and hyper.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use portcullis::{
    challenge::{Realm, Reason, Rejection},
    credentials::{BearerToken, CredentialsError, RefreshToken},
    guard::Authentication,
    policy::Policy,
};

use crate::site::{self, Accounts, AnyClaims, Crew, Employee, Handler, ReadAndWrite};

/// A body of any kind.
pub(super) struct AnyBody(UnsyncBoxBody<Bytes, hyper::Error>);

impl From<Bytes> for AnyBody {
    fn from(bytes: Bytes) -> Self {
        let full = Full::new(bytes).map_err(|never| match never {});
        Self(full.boxed_unsync())
    }
}

impl From<Incoming> for AnyBody {
    fn from(body: Incoming) -> Self {
        Self(body.boxed_unsync())
    }
}

impl Body for AnyBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }
}

/// What an answer is that an extractor let through: it has no hand in it.
pub(super) fn by_extractor(mut response: Response<AnyBody>) -> Response<AnyBody> {
    if response.status().is_success() {
        response.headers_mut().remove(CACHE_CONTROL);
    }
    response
}

/// The answer of a handler that has not been made yet.
pub(super) type Answering =
    Pin<Box<dyn Future<Output = Result<Response<AnyBody>, Infallible>> + Send>>;

/// The answer of a handler.
pub(super) fn answering(handler: Handler, request: Request<Incoming>) -> Answering {
    Box::pin(async move { Ok(answer(handler, request).await) })
}

async fn answer(handler: Handler, request: Request<Incoming>) -> Response<AnyBody> {
    if handler == Handler::Echo {
        let mut response = Response::new(AnyBody::from(request.into_body()));
        let octets = HeaderValue::from_static("application/octet-stream");
        response.headers_mut().insert(CONTENT_TYPE, octets);
        return response;
    }
    let (head, _) = request.into_parts();
    let request = Request::from_parts(head, ());
    let answer = match handler {
        Handler::User | Handler::MaybeUser => user(handler, &request).await,
        _ => handle(handler, &request),
    };
    match answer {
        Ok(body) => json(body),
        Err(rejection) => rejection.into_response(),
    }
}

async fn user(handler: Handler, request: &Request<()>) -> Result<String, Rejection> {
    let found = request.extensions().get::<Authentication>();
    let found = found.ok_or_else(|| Rejection::missing_layer("wrap the service in the adapter's"));
    let authentication = found?;
    if handler == Handler::MaybeUser && authentication.optional().is_none() {
        return Ok(site::user_body(None, None));
    }
    let user = authentication.load_user(&Accounts).await?;
    Ok(site::user_body(Some(&user), Some(&user)))
}

fn handle<B>(handler: Handler, request: &Request<B>) -> Result<String, Rejection> {
    let missing = || Rejection::missing_credentials(&Realm::default());
    // A layer around the route says how it is told.
    let refuse = |rejection: Rejection| {
        let layer = request.extensions().get::<Authentication>();
        layer.map_or(rejection.clone(), |layer| layer.refuse(&rejection))
    };
    let malformed = |error: CredentialsError| refuse(error.into());
    let authentication = || {
        let found = request.extensions().get::<Authentication>();
        found.ok_or_else(|| Rejection::missing_layer("wrap the service in the adapter's"))
    };
    Ok(match handler {
        Handler::Claims => site::claims_body(&authentication()?.claims::<AnyClaims>()?),
        Handler::Maybe => {
            let token = authentication()?.optional();
            site::maybe_body(token.and_then(|token| token.subject_name()))
        }
        Handler::Typed => site::typed_body(&authentication()?.claims::<Employee>()?),
        Handler::Scoped => {
            let policy = Policy::scopes_of::<ReadAndWrite>();
            site::scoped_body(authentication()?.require(&policy)?)
        }
        Handler::WithRoles => {
            let token = authentication()?.require_roles::<Crew>()?;
            site::maybe_body(token.subject_name())
        }
        Handler::WithRolesIfPresent => {
            let token = authentication()?.optional();
            if token.is_some() {
                authentication()?.require(&Policy::roles_of::<Crew>())?;
            }
            site::maybe_body(token.and_then(|token| token.subject_name()))
        }
        Handler::ScopedIfPresent => {
            let token = authentication()?.optional();
            if token.is_some() {
                authentication()?.require(&Policy::scopes_of::<ReadAndWrite>())?;
            }
            site::maybe_body(token.and_then(|token| token.subject_name()))
        }
        Handler::Bearer => {
            let token = BearerToken::from_head(request).map_err(malformed)?;
            let token = token.ok_or_else(|| refuse(missing()))?;
            site::raw_body(token.expose())
        }
        Handler::Refresh => {
            let token = <RefreshToken>::from_head(request).map_err(malformed)?;
            let token = token.ok_or_else(|| refuse(missing()))?;
            site::raw_body(token.expose())
        }
        Handler::User | Handler::MaybeUser | Handler::Echo => String::new(),
    })
}

fn json(body: String) -> Response<AnyBody> {
    let mut response = Response::new(AnyBody::from(Bytes::from(body)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// There is no such route.
pub(super) fn not_found() -> Response<AnyBody> {
    let mut response = Response::new(AnyBody::from(Bytes::new()));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Writes the reason of a refusal into a field, as an outer layer would count
/// it.
pub(super) fn show_reason<B>(mut response: Response<B>) -> Response<B> {
    let reason = response.extensions().get::<Reason>().map(site::reason_name);
    if let Some(name) = reason.and_then(|name| HeaderValue::from_str(&name).ok()) {
        response.headers_mut().insert("x-reason", name);
    }
    response
}
