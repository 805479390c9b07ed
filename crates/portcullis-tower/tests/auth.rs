//! The layer, through its public face.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use portcullis::{
    challenge::{Reason, Rejection, RejectionBody, RejectionKind},
    guard::{Authentication, PolicyGuard},
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    policy::Policy,
    subject::Subject,
    verify::{Status, TokenStatus, Verified, Verifier},
};
use portcullis_tower::{Auth, AuthLayer, Require, RequireLayer, ResponseFuture};
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt, buffer::Buffer, limit::ConcurrencyLimitLayer,
    service_fn,
};

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

#[tokio::test]
async fn a_good_token_reaches_the_inner_service() {
    let service = AuthLayer::new(verifier()).layer(service_fn(greet));
    let response = service
        .oneshot(request(Some(&credentials())))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, "alice");
}

#[tokio::test]
async fn refusals_are_the_cores_answers() {
    let layer = AuthLayer::new(verifier());
    let cases = [
        (None, 401, RejectionKind::MissingCredentials),
        (Some("Bearer"), 400, RejectionKind::InvalidRequest),
        (Some("Bearer a.b.c"), 401, RejectionKind::InvalidToken),
    ];
    for (authorization, status, kind) in cases {
        let service = layer.layer(service_fn(greet));
        let response = service.oneshot(request(authorization)).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(
            response
                .headers()
                .get_all("www-authenticate")
                .iter()
                .count(),
            1
        );
        assert!(response.extensions().get::<Reason>().is_some());
        assert_eq!(text(response).await.as_bytes(), standard_body(kind));
    }
}

fn standard_body(kind: RejectionKind) -> Vec<u8> {
    let rejection = Rejection::missing_layer("only for its form");
    rejection
        .with_body(RejectionBody::standard(kind))
        .body()
        .to_vec()
}

#[tokio::test]
async fn the_setters_reach_the_authenticator() {
    let layer = AuthLayer::new(verifier())
        .require_if_present(Policy::scope("stations:read").unwrap())
        .rejection_body(|rejection| {
            RejectionBody::new("text/plain", format!("{:?}", rejection.kind()))
        })
        .optional();
    let service = layer.layer(service_fn(greet));

    let response = service.clone().oneshot(request(None)).await.unwrap();
    assert_eq!(text(response).await, "nobody");
    let response = service
        .oneshot(request(Some(&credentials())))
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers()["content-type"], "text/plain");
    assert_eq!(text(response).await, "InsufficientScope");
}

/// Beside what the inner service writes of its own, also after waiting.
#[tokio::test]
async fn headers_are_added_to_answers() {
    let remote = issuer().verifier().status(Remote(true)).build().unwrap();
    for verifier in [verifier(), remote] {
        let layer = AuthLayer::new(verifier)
            .response_header("cache-control", "private")
            .unwrap();
        let service = layer.layer(service_fn(async |_: Request<Body>| {
            let response = Response::builder().header("cache-control", "max-age=60");
            Ok::<_, Infallible>(response.body(Body::default()).unwrap())
        }));
        for (authorization, expected) in [
            (Some(credentials()), &["max-age=60", "private"][..]),
            (None, &["private"]),
        ] {
            let request = request(authorization.as_deref());
            let response = service.clone().oneshot(request).await.unwrap();
            let fields = response.headers().get_all("cache-control");
            assert!(fields.iter().eq(expected), "{:?}", response.headers());
        }
    }
}

#[tokio::test]
async fn the_error_of_the_inner_service_passes_through() {
    #[derive(Debug, PartialEq)]
    struct Broken;
    let inner = service_fn(async |_: Request<Body>| Err::<Response<Body>, _>(Broken));
    let service = AuthLayer::new(verifier()).layer(inner);
    let error = service
        .oneshot(request(Some(&credentials())))
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
        let service = ServiceBuilder::new()
            .layer(AuthLayer::new(verifier))
            .layer(ConcurrencyLimitLayer::new(1))
            .service(service_fn(greet));
        let response = service
            .oneshot(request(Some(&credentials())))
            .await
            .unwrap();
        assert_eq!(response.status(), status);
    }
}

/// Panics when called without having been polled ready, as Buffer and
/// ConcurrencyLimit do.
#[derive(Default)]
struct Strict {
    ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<Body>> for Strict {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        assert!(self.ready, "called without being polled ready");
        self.ready = false;
        ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn the_service_that_was_polled_ready_is_the_one_that_is_called() {
    let remote = issuer().verifier().status(Remote(true)).build().unwrap();
    for verifier in [verifier(), remote] {
        let mut service = Auth::new(Strict::default(), verifier);
        let credentials = credentials();
        for authorization in [
            Some(&credentials),
            None,
            Some(&credentials),
            Some(&credentials),
        ] {
            let request = request(authorization.map(String::as_str));
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            assert_eq!(response.status() == 200, authorization.is_some());
        }
    }
}

/// Whether the policy holds at once, or somebody is asked, who says yes or no.
#[tokio::test]
async fn so_is_that_behind_a_policy() {
    let asks = |answer| {
        Policy::ask(move |_| async move {
            tokio::task::yield_now().await;
            Ok(answer)
        })
    };
    for (policy, status) in [
        (Policy::request(|_, _| true), 200),
        (Policy::all([]), 403),
        (asks(true), 200),
        (asks(false), 403),
    ] {
        let inner = Require::new(Strict::default(), PolicyGuard::new(policy));
        let mut service = Auth::new(inner, verifier());
        let credentials = credentials();
        for _ in 0..3 {
            let call = service
                .ready()
                .await
                .unwrap()
                .call(request(Some(&credentials)));
            assert_eq!(call.await.unwrap().status(), status);
        }
    }
}

#[tokio::test]
async fn buffers_and_limits_under_the_layer_do_not_panic() {
    let inner = Buffer::new(
        ServiceBuilder::new()
            .concurrency_limit(1)
            .service(service_fn(greet)),
        1,
    );
    let mut service = AuthLayer::new(verifier()).layer(inner);
    let credentials = credentials();
    for authorization in [None, Some(credentials.as_str()), None, Some(&credentials)] {
        let call = service.ready().await.unwrap().call(request(authorization));
        let response = call.await.unwrap();
        assert_eq!(response.status() == 200, authorization.is_some());
    }
}

#[tokio::test]
async fn a_refused_request_gives_its_place_back() {
    let limited = ServiceBuilder::new()
        .concurrency_limit(1)
        .service(service_fn(greet));
    gives_its_place_back(AuthLayer::new(verifier()).layer(limited.clone()), None, 401).await;
    let denied = RequireLayer::new(Policy::all([])).layer(limited);
    let service = AuthLayer::new(verifier()).layer(denied);
    gives_its_place_back(service, Some(&credentials()), 403).await;
}

async fn gives_its_place_back<S>(mut service: S, authorization: Option<&str>, status: u16)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let mut other = service.clone();
    let refused = service.ready().await.unwrap().call(request(authorization));
    assert_eq!(refused.await.unwrap().status(), status);
    // `service` lives on, as on an idle connection.
    tokio::time::timeout(Duration::from_secs(5), other.ready())
        .await
        .expect("the refused request still holds its place")
        .unwrap();
}

#[tokio::test]
async fn the_body_of_a_refused_request_is_dropped_unread() {
    let body = Arc::new(());
    let service = Auth::new(
        service_fn(async |_: Request<Arc<()>>| Ok::<_, Infallible>(Response::new(Body::default()))),
        verifier(),
    );
    let call = service.oneshot(Request::new(body.clone()));
    assert_eq!(call.await.unwrap().status(), 401);
    assert_eq!(Arc::strong_count(&body), 1);
}

#[test]
fn auto_traits_follow_the_inner_service() {
    fn send_sync<T: Send + Sync + Clone>() {}
    fn send<T: Send>() {}
    send_sync::<AuthLayer>();
    send_sync::<Auth<Strict>>();
    send_sync::<RequireLayer>();
    send_sync::<Require<Strict>>();
    send::<ResponseFuture<Strict, Body>>();
}

#[test]
fn the_future_is_hardly_larger_than_the_inner_one() {
    type Inner = <Strict as Service<Request<Body>>>::Future;
    assert!(size_of::<ResponseFuture<Strict, Body>>() <= size_of::<Inner>() + 8);
}

/// `BoxBody` is one that bytes cannot be made into, as tonic's is.
#[tokio::test]
async fn with_the_setting_for_grpc_any_body_will_do() {
    let inner = service_fn(async |_: Request<Body>| {
        let body = Full::new(Bytes::from("let in")).boxed();
        Ok::<_, Infallible>(Response::new(body))
    });
    let layer = AuthLayer::new(verifier())
        .grpc()
        .response_header("x-guard", "a")
        .unwrap();
    // Further layers refuse as well.
    let read = Policy::scope("read").unwrap();
    let service = AuthLayer::new(verifier())
        .require_if_present(read)
        .optional()
        .layer(layer.layer(inner));
    let alice = Subject::new("users", "alice");
    let reader = AccessToken::new(&alice).client("mobile");
    let reader = issuer().access(&reader.scope("read".parse().unwrap()));
    let reader = reader.unwrap();
    let reader = format!("Bearer {}", reader.token().expose());
    let lacking = credentials();
    for (authorization, status, text) in [
        (Some(reader.as_str()), 200, "let in"),
        (None, 401, r#"{"error":"unauthorized"}"#),
        (Some("Bearer x"), 401, r#"{"error":"invalid_token"}"#),
        (
            Some(lacking.as_str()),
            403,
            r#"{"error":"insufficient_scope"}"#,
        ),
    ] {
        let answer = service.clone().oneshot(request(authorization)).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), status);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, text);
    }
    let call = http::request::Builder::new()
        .method("POST")
        .header("content-type", "application/grpc+proto");
    let answer = service.oneshot(call.body(Body::default()).unwrap()).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["grpc-status"], "16");
    assert_eq!(answer.headers()["x-guard"], "a");
    assert!(answer.extensions().get::<Reason>().is_some());
    let body = answer.into_body();
    assert!(http_body::Body::is_end_stream(&body));
}
