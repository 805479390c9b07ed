//! The client of this crate, and what servers do to it.

use std::{io::Write, time::Duration};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{Method, Request, Response};
use tokio::{net::TcpListener, runtime};

use super::server::{Reply, Server};
use crate::{Client, FetchError, FetchErrorKind, HttpClient};

const LIMIT: usize = 64 * 1024;

fn client() -> Client {
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

fn impatient() -> Client {
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_millis(200))
        .build()
        .unwrap()
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

async fn fetch(client: &Client, url: &str) -> Result<Response<Bytes>, FetchError> {
    client.send(get(url), LIMIT).await
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_answer_of_any_status_is_an_answer() {
    let server = Server::start().await;
    server.answer("/a?b=c", Reply::body("text").header("x-y", "z"));
    let client = client();
    let answer = fetch(&client, &server.url("/a?b=c")).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.body()[..]),
        (200, &b"text"[..])
    );
    assert_eq!(answer.headers()["x-y"], "z");
    let seen = server.take_seen();
    let agent = concat!("portcullis/", env!("CARGO_PKG_VERSION"));
    assert_eq!(seen[0].header("user-agent"), Some(agent));
    let answer = fetch(&client, &server.url("/nothing")).await.unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn a_request_is_sent_as_it_is() {
    let server = Server::start().await;
    let request = Request::builder()
        .method(Method::POST)
        .uri(server.url("/introspect"))
        .header("x-y", "z")
        .body(Bytes::from_static(b"token=abc"))
        .unwrap();
    client().send(request, LIMIT).await.unwrap();
    let seen = server.take_seen();
    assert_eq!(seen[0].path, "/introspect");
    assert_eq!(seen[0].header("x-y"), Some("z"));
    assert_eq!(seen[0].header("content-length"), Some("9"));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = Server::start().await;
    let target = Server::start().await;
    server.answer("/", Reply::status(302).header("location", target.url("/x")));
    let answer = fetch(&client(), &server.url("/")).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], target.url("/x"));
    assert!(target.take_paths().is_empty());
}

#[tokio::test]
async fn a_body_is_counted_as_it_comes_and_after_it_was_unpacked() {
    let server = Server::start().await;
    server.answer("/fits", Reply::body(vec![b' '; LIMIT]));
    server.answer("/long", Reply::body(vec![b' '; LIMIT + 1]));
    server.answer("/endless", Reply::endless());
    let packed = |size| {
        let body = gzip(&vec![b' '; size]);
        assert!(body.len() < LIMIT);
        Reply::body(body).header("content-encoding", "gzip")
    };
    server.answer("/packed", packed(LIMIT));
    server.answer("/bomb", packed(32 * 1024 * 1024));
    let client = client();
    for path in ["/fits", "/packed"] {
        let answer = fetch(&client, &server.url(path)).await.unwrap();
        assert_eq!(answer.body().len(), LIMIT, "{path}");
        assert!(!answer.headers().contains_key("content-encoding"));
    }
    for path in ["/long", "/endless", "/bomb"] {
        let error = fetch(&client, &server.url(path)).await.unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::TooLarge, "{path}");
    }
    let spoilt = Reply::body("not gzip").header("content-encoding", "gzip");
    server.answer("/spoilt", spoilt);
    let error = fetch(&client, &server.url("/spoilt")).await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Malformed);
}

#[tokio::test]
async fn what_does_not_end_is_given_up() {
    let server = Server::start().await;
    server.answer("/silent", Reply::silence());
    server.answer("/half", Reply::silence_after_head());
    for path in ["/silent", "/half"] {
        let error = fetch(&impatient(), &server.url(path)).await.unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::Timeout, "{path}");
    }
}

#[tokio::test]
async fn who_is_not_there_or_breaks_off_is_unreachable() {
    let server = Server::start().await;
    server.answer(
        "/short?secret",
        Reply::body("1234").header("content-length", "5"),
    );
    let error = fetch(&client(), &server.url("/short?secret")).await;
    let error = error.unwrap_err();
    assert_ne!(error.kind(), FetchErrorKind::Timeout);
    assert!(!error.to_string().contains("secret"), "{error}");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let error = fetch(&client(), &format!("http://{address}/?secret")).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Unreachable);
    assert!(!error.to_string().contains("secret"), "{error}");
}

/// Neither a runtime that ended nor one that stands still keeps the connections
/// of others.
#[test]
fn a_client_outlives_the_runtime_it_was_used_in() {
    let runtime = || {
        runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let servers = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = servers.block_on(Server::start());
    server.answer("/", Reply::body("text"));
    let client = client();
    let (first, second) = (runtime(), runtime());
    let url = server.url("/");
    first.block_on(fetch(&client, &url)).unwrap();
    // The first one exists, and nothing runs in it.
    second.block_on(fetch(&client, &url)).unwrap();
    drop((first, second));
    runtime().block_on(fetch(&client, &url)).unwrap();
    assert_eq!(server.take_paths().len(), 3);
}

#[test]
fn certificates_that_are_none_are_refused() {
    for pem in [
        "",
        "nonsense",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        assert!(Client::builder().roots(pem).build().is_err(), "{pem}");
    }
    assert!(
        Client::builder()
            .user_agent("a\nb")
            .roots("")
            .build()
            .is_err()
    );
}

#[test]
fn nothing_is_shown_of_a_client() {
    assert_eq!(format!("{:?}", client()), "Client { .. }");
}
