//! The endpoints as routes.

#![allow(clippy::unwrap_used)]

#[path = "../../portcullis-tower/tests/nobody/mod.rs"]
mod nobody;

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
};

use actix_web::{
    App, HttpMessage, HttpServer,
    http::{Method, header::CONTENT_TYPE},
    test::{TestRequest, call_service, init_service, read_body},
    web,
};
use portcullis::endpoint::{BODY_LIMIT, ClientAddress, Endpoints, RefusalKind, ResourceMetadata};

use nobody::Logins;

fn endpoints() -> Endpoints {
    nobody::endpoints(Logins::FromHome)
}

fn login(size: usize, peer: [u8; 4]) -> TestRequest {
    let form = format!("apiid=a&apikey={}", "b".repeat(size));
    TestRequest::post()
        .uri("/v1/authenticate")
        .insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .peer_addr(SocketAddr::from((peer, 1024)))
        .set_payload(form)
}

fn empty(method: &str, path: &str) -> TestRequest {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    TestRequest::default().method(method).uri(path)
}

const HOME: [u8; 4] = [127, 0, 0, 1];
const AWAY: [u8; 4] = [192, 0, 2, 1];

#[actix_web::test]
async fn the_core_answers_what_is_its_own() {
    let app = App::new()
        .configure(portcullis_actix::endpoints(endpoints()))
        .service(web::scope("/inner").configure(portcullis_actix::endpoints(endpoints())));
    let app = init_service(app).await;
    for (request, status) in [
        (empty("GET", "/.well-known/jwks.json"), 200),
        (empty("GET", "/inner/.well-known/jwks.json"), 200),
        (empty("GET", "/v1/authenticate"), 405),
        (empty("BREW", "/v1/authenticate"), 405),
        (empty("GET", "/elsewhere"), 404),
        (empty("POST", "/inner/logout"), 401),
        // The core knows the paths as they are written, and in no other way.
        (empty("POST", "/%6Cogout"), 404),
        (empty("GET", "/%6Cogout"), 404),
        (empty("POST", "/inner/%6Cogout"), 404),
        (empty("GET", "/.well-known/jwks%2Ejson"), 404),
        (login(8, HOME), 401),
        (login(8, AWAY), 429),
        (login(BODY_LIMIT, HOME), 413),
    ] {
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status().as_u16(), status);
    }
    let response = call_service(&app, login(8, HOME).to_request()).await;
    let kind = response.response().extensions().get().copied();
    assert_eq!(kind, Some(RefusalKind::WrongCredentials));
    let direct = http::Request::post("/v1/authenticate")
        .header("content-type", "application/x-www-form-urlencoded")
        .extension(ClientAddress(IpAddr::from(HOME)))
        .body("apiid=a&apikey=b".into())
        .unwrap();
    let direct = endpoints().call(direct).await;
    for (name, value) in direct.headers() {
        let own = response.headers().get(name.as_str()).unwrap();
        assert_eq!(own.as_bytes(), value.as_bytes(), "{name}");
    }
    assert_eq!(read_body(response).await, direct.into_body());
}

#[actix_web::test]
async fn the_address_of_the_client_may_be_set_by_a_middleware() {
    let app = App::new().configure(portcullis_actix::endpoints(endpoints()));
    let app = init_service(app).await;
    let request = login(8, AWAY).to_request();
    let home = ClientAddress(IpAddr::from(HOME));
    request.extensions_mut().insert(home);
    assert_eq!(call_service(&app, request).await.status().as_u16(), 401);
}

#[actix_web::test]
async fn head_tells_the_length_and_sends_no_body() {
    let endpoints = endpoints();
    let server = HttpServer::new(move || {
        App::new().configure(portcullis_actix::endpoints(endpoints.clone()))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let ask = move |method: &'static str| {
        web::block(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let request = format!(
                "{method} /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            (head.to_ascii_lowercase(), body.to_owned())
        })
    };
    let (_, body) = ask("GET").await.unwrap();
    let (head, none) = ask("HEAD").await.unwrap();
    assert!(!body.is_empty() && none.is_empty());
    let length = format!("\r\ncontent-length: {}\r\n", body.len());
    assert_eq!(head.matches(&length).count(), 1, "{head}");
    assert_eq!(head.matches("content-length").count(), 1, "{head}");
    handle.stop(false).await;
}

#[actix_web::test]
async fn well_known_documents_of_a_scope_are_at_the_root() {
    let resource = ResourceMetadata::new("https://a.example/mcp").unwrap();
    let own = Endpoints::without_accounts()
        .resource(resource)
        .mounted_at("/mcp")
        .build()
        .unwrap();
    let app = App::new()
        .configure(portcullis_actix::endpoints(own.outside_mount()))
        .service(web::scope("/mcp").configure(portcullis_actix::endpoints(own)));
    let app = init_service(app).await;
    for (path, status) in [
        ("/.well-known/oauth-protected-resource/mcp", 200),
        // For proxies that take the prefix away.
        ("/mcp/.well-known/oauth-protected-resource/mcp", 200),
        ("/.well-known/oauth-protected-resource", 404),
    ] {
        let response = call_service(&app, empty("GET", path).to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
}

/// Browsers know the path from outside, and nothing of scopes.
#[actix_web::test]
async fn the_refresh_cookie_of_a_scope_has_the_whole_path() {
    let scope = web::scope("/inner").configure(portcullis_actix::endpoints(endpoints()));
    let app = init_service(App::new().service(scope)).await;
    let request = empty("POST", "/inner/auth/cookie/logout");
    let request = request.insert_header(("sec-fetch-site", "same-origin"));
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(response.status().as_u16(), 401);
    let cleared = response.headers().get_all("set-cookie");
    let cleared: Vec<_> = cleared.map(|value| value.to_str().unwrap()).collect();
    assert_eq!(cleared.len(), 3, "{cleared:?}");
    // Nor does whatever prints the answer show tokens.
    let shown = format!("{:?}", response.response());
    assert!(!shown.contains("refresh_token"), "{shown}");
    let refresh = cleared.iter().find(|value| value.contains("refresh_token"));
    assert!(
        refresh.unwrap().contains("Path=/inner/auth/cookie;"),
        "{cleared:?}"
    );
}
