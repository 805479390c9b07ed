//! The endpoints as services.

#![allow(clippy::unwrap_used)]

#[path = "../../portcullis-tower/tests/nobody/mod.rs"]
mod nobody;

use std::{convert::Infallible, net::IpAddr};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Body as _,
    service::{Service, service_fn},
};
use portcullis::endpoint::{BODY_LIMIT, Endpoints};
use portcullis_hyper::{EndpointService, WithEndpoints};

use nobody::Logins;

type Body = Full<Bytes>;

fn endpoints() -> Endpoints {
    nobody::endpoints(Logins::FromHome)
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

#[tokio::test]
async fn on_their_own_they_answer_everything() {
    let service = EndpointService::new(endpoints()).client(IpAddr::from([127, 0, 0, 1]));
    for (request, status) in [
        (get("/.well-known/jwks.json"), 200),
        (login(8), 401),
        (login(BODY_LIMIT), 413),
        (get("/v1/authenticate"), 405),
        (get("/elsewhere"), 404),
    ] {
        let response = service.call(request).await.unwrap();
        assert_eq!(response.status(), status);
        let length = response.body().size_hint().exact();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(length, Some(body.len() as u64));
    }
}

#[tokio::test]
async fn the_address_of_the_client_comes_from_the_connection_unless_a_request_has_one() {
    let service = EndpointService::new(endpoints());
    assert_eq!(service.call(login(8)).await.unwrap().status(), 429);
    let service = service.client(IpAddr::from([192, 0, 2, 1]));
    assert_eq!(service.call(login(8)).await.unwrap().status(), 429);
    let mut request = login(8);
    let home = portcullis::endpoint::ClientAddress(IpAddr::from([127, 0, 0, 1]));
    request.extensions_mut().insert(home);
    assert_eq!(service.call(request).await.unwrap().status(), 401);
}

#[tokio::test]
async fn in_front_of_a_service_they_pass_what_is_not_theirs() {
    let service = WithEndpoints::new(service_fn(app), endpoints());
    let response = service.call(get("/sessions")).await.unwrap();
    assert_eq!(response.status(), 401);
    let response = service.call(get("/elsewhere")).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "the app");
}
