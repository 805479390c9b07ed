//! The server itself: threads, runtimes, connections.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::OnceLock,
    thread,
};

use portcullis_testing::issuer::{Answer, Endpoint, FakeIssuer};

use crate::{client, client_builder, get};

/// A request without a runtime.
fn blocking_get(issuer: &FakeIssuer, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(issuer.address())?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn it_serves_tests_without_a_runtime() {
    let issuer = FakeIssuer::start();
    let answer = blocking_get(&issuer, "/keys").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(&issuer.keys(|keys| keys.document())));

    let gate = issuer.hold(Endpoint::Keys);
    thread::scope(|scope| {
        let fetch = scope.spawn(|| blocking_get(&issuer, "/keys").unwrap());
        gate.reached(1).wait();
        issuer.arrived(Endpoint::Keys, 2).wait();
        assert!(!fetch.is_finished());
        gate.open();
        assert!(fetch.join().unwrap().contains("200 OK"));
    });
    assert_eq!(issuer.connections(), 2);
}

/// One issuer for two tests, each of which has a runtime that ends.
fn shared() -> &'static FakeIssuer {
    static ISSUER: OnceLock<FakeIssuer> = OnceLock::new();
    ISSUER.get_or_init(FakeIssuer::start)
}

#[tokio::test]
async fn it_outlives_a_tests_runtime() {
    assert_eq!(get(&shared().keys_url()).await.status(), 200);
}

#[tokio::test]
async fn it_outlives_another_tests_runtime() {
    assert_eq!(get(&shared().keys_url()).await.status(), 200);
}

#[tokio::test]
async fn it_waits_for_what_has_not_come_yet() {
    let issuer = FakeIssuer::start();
    let arrived = issuer.arrived(Endpoint::Keys, 2);
    let url = issuer.keys_url();
    let fetching = tokio::spawn(async move {
        get(&url).await;
        get(&url).await;
    });
    arrived.await;
    assert_eq!(issuer.count(Endpoint::Keys), 2);
    fetching.await.unwrap();
    // Already there.
    issuer.arrived(Endpoint::Keys, 1).await;
}

#[tokio::test]
async fn it_goes_offline_and_comes_back_at_the_same_place() {
    let issuer = FakeIssuer::start();
    let client = client();
    let url = issuer.keys_url();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    for _ in 0..3 {
        issuer.go_offline();
        // Its connections are cut, and there are no new ones.
        assert!(client.get(&url).send().await.is_err());
        let error = crate::client().get(&url).send().await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
        // Nobody gets the port meanwhile.
        let others: Vec<_> = (0..50).map(|_| FakeIssuer::start()).collect();
        assert!(
            others
                .iter()
                .all(|other| other.address() != issuer.address())
        );
        issuer.go_online();
        assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    }
    issuer.go_online();
    assert_eq!(issuer.count(Endpoint::Keys), 4);
}

#[tokio::test]
async fn going_offline_cuts_what_is_open() {
    let issuer = FakeIssuer::start();
    let gate = issuer.hold(Endpoint::Keys);
    let fetch = tokio::spawn(client().get(issuer.keys_url()).send());
    gate.reached(1).await;
    issuer.go_offline();
    assert!(fetch.await.unwrap().is_err());
    assert_eq!(gate.waiting(), 0);
}

/// For tests of the variables that name a proxy.
#[tokio::test]
async fn it_is_a_proxy_to_itself() {
    let issuer = FakeIssuer::start();
    let proxy = reqwest::Proxy::http(issuer.url()).unwrap();
    let client = client_builder().proxy(proxy).build().unwrap();
    let url = "http://login.example/keys";
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
    let request = issuer.requests_to(Endpoint::Keys).remove(0);
    assert_eq!(request.uri(), url);
    assert_eq!(request.path(), "/keys");
}

#[tokio::test]
async fn it_ends_with_its_handle() {
    let issuer = FakeIssuer::start();
    issuer.answer("/mark", Answer::text("mine"));
    let url = issuer.url_of("/mark");
    assert_eq!(get(&url).await.text().await.unwrap(), "mine");
    let gate = issuer.hold(Endpoint::Keys);
    let fetch = tokio::spawn(client().get(issuer.keys_url()).send());
    gate.reached(1).await;
    drop(issuer);
    assert!(fetch.await.unwrap().is_err());
    // Another test may have got the port by now.
    if let Ok(response) = client().get(&url).send().await {
        assert_ne!(response.text().await.unwrap(), "mine");
    }
}

#[test]
#[should_panic(expected = "the fake issuer has ended")]
fn waiting_for_one_that_has_ended_fails() {
    let issuer = FakeIssuer::start();
    let arrived = issuer.arrived(Endpoint::Keys, 1);
    drop(issuer);
    arrived.wait();
}
