//! The endpoints as services.

#![allow(clippy::unwrap_used)]

mod nobody;

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use portcullis::endpoint::{BODY_LIMIT, Endpoints};
use portcullis_tower::{EndpointLayer, EndpointService, WithEndpoints, WithEndpointsFuture};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use nobody::Logins;

type Body = Full<Bytes>;

fn endpoints() -> Endpoints {
    nobody::endpoints(Logins::FromAnywhere)
}

async fn app(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Full::from("the app")))
}

fn login(size: usize) -> Request<Body> {
    let form = format!("apiid=a&apikey={}", "b".repeat(size));
    Request::post("/v1/authenticate")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::from(form))
        .unwrap()
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::default()).unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn on_their_own_they_answer_everything() {
    let service = EndpointService::new(endpoints());
    for (request, status) in [
        (get("/.well-known/jwks.json"), 200),
        (login(8), 401),
        (login(BODY_LIMIT), 413),
        (get("/v1/authenticate"), 405),
        (get("/elsewhere"), 404),
    ] {
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        let length = response.body().size_hint().exact();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(length, Some(body.len() as u64));
    }
}

#[tokio::test]
async fn in_front_of_a_service_they_pass_what_is_not_theirs() {
    let service = ServiceBuilder::new()
        .layer(EndpointLayer::new(endpoints()))
        .concurrency_limit(1)
        .service(service_fn(app));
    // Lives on, as on an idle connection.
    let mut idle = service.clone();
    let refused = tower::Service::call(idle.ready().await.unwrap(), login(8));
    assert_eq!(refused.await.unwrap().status(), 401);
    let response = service.clone().oneshot(get("/elsewhere")).await.unwrap();
    assert_eq!(text(response).await, "the app");
}

#[test]
fn auto_traits_follow_the_inner_service() {
    fn send_sync<T: Send + Sync + Clone>() {}
    fn send<T: Send>() {}
    send_sync::<EndpointService>();
    send_sync::<EndpointLayer>();
    send_sync::<WithEndpoints<()>>();
    send::<WithEndpointsFuture<()>>();
}
