//! The service, through its public face.

#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::service::{Service, service_fn};
use portcullis::{
    challenge::{Reason, Rejection, RejectionBody, RejectionKind},
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    policy::Policy,
    subject::Subject,
    verify::{Status, TokenStatus, Verified, Verifier},
};
use portcullis_hyper::{Auth, Authentication, Authenticator, ResponseFuture};

type Body = Full<Bytes>;

fn issuer() -> TokenIssuer {
    let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    TokenIssuer::builder(key)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
        .unwrap()
}

fn verifier() -> Verifier {
    issuer().verifier().build().unwrap()
}

fn credentials() -> String {
    let alice = Subject::new("users", "alice");
    let token = AccessToken::new(&alice).client("mobile");
    let issued = issuer().access(&token).unwrap();
    format!("Bearer {}", issued.token().expose())
}

fn request(authorization: Option<&str>) -> Request<Body> {
    let mut request = Request::builder();
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    request.body(Body::default()).unwrap()
}

async fn greet(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let authentication: &Authentication = request.extensions().get().unwrap();
    let name = authentication
        .optional()
        .map_or("nobody", |it| it.subject_name().unwrap());
    assert!(request.headers().values().all(|value| value.is_sensitive()));
    Ok(Response::new(Full::from(name.to_owned())))
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn body(kind: RejectionKind) -> String {
    let rejection = Rejection::missing_layer("only for its form");
    let body = rejection.with_body(RejectionBody::standard(kind)).body();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn refusals_are_the_cores_answers() {
    let service = Auth::new(service_fn(greet), verifier());
    let credentials = credentials();
    for (authorization, status, expected) in [
        (Some(credentials.as_str()), 200, "alice".into()),
        (None, 401, body(RejectionKind::MissingCredentials)),
        (Some("Bearer"), 400, body(RejectionKind::InvalidRequest)),
        (Some("Bearer a.b.c"), 401, body(RejectionKind::InvalidToken)),
    ] {
        let response = service.call(request(authorization)).await.unwrap();
        assert_eq!(response.status(), status);
        if status != 200 {
            let challenges = response.headers().get_all("www-authenticate");
            assert_eq!(challenges.iter().count(), 1);
            assert!(response.extensions().get::<Reason>().is_some());
        }
        assert_eq!(text(response).await, expected);
    }
}

#[tokio::test]
async fn an_authenticator_may_be_given_in_place_of_a_verifier() {
    let authenticator = Authenticator::new(verifier())
        .require_if_present(Policy::scope("stations:read").unwrap())
        .optional();
    let service = Auth::new(service_fn(greet), authenticator);
    let response = service.call(request(None)).await.unwrap();
    assert_eq!(text(response).await, "nobody");
    let response = service.call(request(Some(&credentials()))).await.unwrap();
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn the_error_of_the_inner_service_passes_through() {
    #[derive(Debug, PartialEq)]
    struct Broken;
    impl std::fmt::Display for Broken {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("broken")
        }
    }
    impl std::error::Error for Broken {}

    let inner = service_fn(async |_: Request<Body>| Err::<Response<Body>, _>(Broken));
    let service = Auth::new(inner, verifier());
    let error = service
        .call(request(Some(&credentials())))
        .await
        .unwrap_err();
    assert_eq!(error, Broken);
}

/// Asks "somebody else", who yields once.
struct Remote(bool);

impl TokenStatus for Remote {
    fn status(&self, _: &Verified) -> Status {
        let clear = self.0;
        Status::Pending(Box::pin(async move {
            tokio::task::yield_now().await;
            if clear {
                Status::Clear
            } else {
                Status::Revoked
            }
        }))
    }
}

#[tokio::test]
async fn a_pending_verification_is_waited_for() {
    for (clear, status) in [(true, 200), (false, 401)] {
        let verifier = issuer().verifier().status(Remote(clear)).build().unwrap();
        let service = Auth::new(service_fn(greet), verifier);
        let response = service.call(request(Some(&credentials()))).await.unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn the_body_of_a_refused_request_is_dropped_unread() {
    let body = Arc::new(());
    let service = Auth::new(Plain, verifier());
    let response = service.call(Request::new(body.clone())).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(Arc::strong_count(&body), 1);
}

#[derive(Clone)]
struct Plain;

impl<B> Service<Request<B>> for Plain {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn call(&self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::default()))
    }
}

#[test]
fn auto_traits_follow_the_inner_service() {
    fn send_sync<T: Send + Sync + Clone>() {}
    fn send<T: Send>() {}
    send_sync::<Auth<Plain>>();
    send::<ResponseFuture<Plain, Body>>();
}

#[test]
fn the_future_is_hardly_larger_than_the_inner_one() {
    type Inner = <Plain as Service<Request<Body>>>::Future;
    assert!(size_of::<ResponseFuture<Plain, Body>>() <= size_of::<Inner>() + 8);
}
