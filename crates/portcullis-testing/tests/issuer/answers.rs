//! Answers on command.

use std::time::Duration;

use portcullis_testing::issuer::{Answer, Endpoint, FakeIssuer};
use serde_json::json as value;

use crate::{client, client_builder, get, json};

#[tokio::test]
async fn answers_come_in_turn_and_then_as_usual() {
    let issuer = FakeIssuer::start();
    let url = issuer.keys_url();
    issuer.answer_once(Endpoint::Keys, Answer::error(500));
    issuer.answer_once(
        Endpoint::Keys,
        Answer::error(429).header("Retry-After", "7"),
    );
    assert_eq!(get(&url).await.status(), 500);
    let limited = get(&url).await;
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["retry-after"], "7");
    assert_eq!(get(&url).await.status(), 200);

    issuer.answer(Endpoint::Keys, Answer::error(404));
    issuer.answer_once(Endpoint::Keys, Answer::error(503));
    assert_eq!(get(&url).await.status(), 503);
    assert_eq!(get(&url).await.status(), 404);
    assert_eq!(get(&url).await.status(), 404);
    assert_eq!(get(&issuer.metadata_url()).await.status(), 200);
    issuer.answer_as_usual(Endpoint::Keys);
    assert_eq!(get(&url).await.status(), 200);
    assert_eq!(issuer.count(Endpoint::Keys), 7);
}

#[tokio::test]
async fn the_usual_answer_can_be_changed() {
    let issuer = FakeIssuer::start();
    let told = Answer::normal()
        .header("cache-control", "max-age=60")
        .another_header("cache-control", "must-revalidate")
        .header("age", "9")
        .header("age", "10")
        .header("content-type", "application/jwk-set+json");
    issuer.answer(Endpoint::Keys, told);
    let response = get(&issuer.keys_url()).await;
    let values: Vec<_> = response.headers().get_all("cache-control").iter().collect();
    assert_eq!(values, ["max-age=60", "must-revalidate"]);
    assert_eq!(
        response.headers().get_all("age").iter().collect::<Vec<_>>(),
        ["10"]
    );
    assert_eq!(
        response.headers()["content-type"],
        "application/jwk-set+json"
    );
    let body = response.text().await.unwrap();
    assert_eq!(body, issuer.keys(|keys| keys.document()));

    issuer.answer(Endpoint::Keys, Answer::normal().status(500));
    let response = get(&issuer.keys_url()).await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.text().await.unwrap(), body);

    issuer.answer(Endpoint::Keys, Answer::text("<html>"));
    assert_eq!(
        get(&issuer.keys_url()).await.text().await.unwrap(),
        "<html>"
    );
}

#[tokio::test]
async fn an_etag_changes_with_the_keys() {
    let issuer = FakeIssuer::start();
    issuer.answer(
        Endpoint::Keys,
        Answer::normal().etag().header("cache-control", "max-age=9"),
    );
    let url = issuer.keys_url();
    let first = get(&url).await.headers()["etag"].clone();
    let ask = |tags: String| client().get(&url).header("if-none-match", tags).send();
    for tags in [
        first.to_str().unwrap().to_owned(),
        format!("\"x\", W/{}", first.to_str().unwrap()),
        "*".to_owned(),
    ] {
        let response = ask(tags).await.unwrap();
        assert_eq!(response.status(), 304);
        assert_eq!(response.headers()["etag"], first);
        assert_eq!(response.headers()["cache-control"], "max-age=9");
        assert!(response.text().await.unwrap().is_empty());
    }
    issuer.roll();
    let response = ask(first.to_str().unwrap().to_owned()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_ne!(response.headers()["etag"], first);
    // A tag that was given, on keys that have changed: the server lies.
    issuer.answer(Endpoint::Keys, Answer::normal().header("etag", "\"fixed\""));
    assert_eq!(ask("\"fixed\"".to_owned()).await.unwrap().status(), 304);
}

#[tokio::test]
async fn bodies_are_zipped() {
    let issuer = FakeIssuer::start();
    let blanks = " ".repeat(4 << 20);
    issuer.answer(Endpoint::Keys, Answer::normal().gzip());
    issuer.answer_once(Endpoint::Keys, Answer::text(blanks.clone()).gzip());
    let plain = client_builder().no_gzip().build().unwrap();
    let response = plain.get(issuer.keys_url()).send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(response.bytes().await.unwrap().len() < blanks.len() / 100);
    // reqwest unpacks.
    let keys = json(&issuer.keys_url()).await;
    assert_eq!(keys["keys"][0]["kid"], "key-1");
}

#[tokio::test]
async fn bodies_are_cut() {
    let issuer = FakeIssuer::start();
    for bytes in [0, 1, 20, usize::MAX] {
        issuer.answer(Endpoint::Keys, Answer::normal().truncated_to(bytes));
        let mut response = get(&issuer.keys_url()).await;
        assert_eq!(response.status(), 200);
        let length = issuer.keys(|keys| keys.document()).len();
        assert_eq!(response.content_length(), Some(length as u64));
        let mut received = 0;
        let failed = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => received += chunk.len(),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert!(failed);
        assert_eq!(received, bytes.min(length - 1));
    }
}

#[tokio::test]
async fn bodies_do_not_end() {
    let issuer = FakeIssuer::start();
    issuer.answer(Endpoint::Keys, Answer::normal().endless());
    let mut response = get(&issuer.keys_url()).await;
    assert_eq!(response.content_length(), None);
    let mut received = Vec::new();
    while received.len() < 1 << 20 {
        received.extend_from_slice(&response.chunk().await.unwrap().unwrap());
    }
    let document = issuer.keys(|keys| keys.document());
    let (start, rest) = received.split_at(document.len());
    assert_eq!(start, document.as_bytes());
    assert!(rest.iter().all(|byte| *byte == b' '));
    drop(response);
    // It goes on serving others.
    issuer.answer_as_usual(Endpoint::Keys);
    assert_eq!(get(&issuer.keys_url()).await.status(), 200);
}

#[tokio::test]
async fn bodies_drip() {
    let issuer = FakeIssuer::start();
    let slow = Answer::text("[1, 2]").dripping(Duration::from_millis(1));
    issuer.answer(Endpoint::Keys, slow);
    let mut response = get(&issuer.keys_url()).await;
    assert_eq!(response.content_length(), Some(6));
    let mut chunks = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        chunks.push(chunk);
    }
    assert_eq!(chunks.concat(), b"[1, 2]");
}

#[tokio::test]
async fn connections_are_closed_without_an_answer() {
    let issuer = FakeIssuer::start();
    issuer.answer_once(Endpoint::Keys, Answer::close());
    let outcome = client().get(issuer.keys_url()).send().await;
    assert!(outcome.is_err());
    assert_eq!(issuer.count(Endpoint::Keys), 1);
    assert_eq!(get(&issuer.keys_url()).await.status(), 200);
}

#[tokio::test]
async fn redirects_lead_elsewhere() {
    let issuer = FakeIssuer::start();
    let other = FakeIssuer::start();
    let away = Answer::redirect(&other.keys_url());
    issuer.answer(Endpoint::Keys, away.clone());
    let response = get(&issuer.keys_url()).await;
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], other.keys_url());
    issuer.answer(Endpoint::Keys, away.status(307));
    assert_eq!(get(&issuer.keys_url()).await.status(), 307);
    let following = client_builder().build().unwrap();
    let response = following.get(issuer.keys_url()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(other.count(Endpoint::Keys), 1);
}

#[tokio::test]
async fn a_gate_holds_requests_before_they_are_looked_at() {
    let issuer = FakeIssuer::start();
    let gate = issuer.hold(Endpoint::Keys);
    let url = issuer.keys_url();
    let fetches: Vec<_> = (0..3)
        .map(|_| tokio::spawn(client().get(&url).send()))
        .collect();
    gate.reached(3).await;
    assert_eq!(gate.waiting(), 3);
    assert_eq!(issuer.count(Endpoint::Keys), 3);
    // Others are served meanwhile.
    assert_eq!(get(&issuer.metadata_url()).await.status(), 200);
    issuer.roll();
    assert!(fetches.iter().all(|fetch| !fetch.is_finished()));
    gate.open();
    for fetch in fetches {
        let body = fetch.await.unwrap().unwrap().text().await.unwrap();
        assert_eq!(body, issuer.keys(|keys| keys.document()));
    }
    assert_eq!(gate.waiting(), 0);
    // It stays open.
    assert_eq!(get(&url).await.status(), 200);
}

#[tokio::test]
async fn a_gate_holds_an_answer_that_was_made_before() {
    let issuer = FakeIssuer::start();
    let gate = issuer.gate();
    issuer.answer_once(Endpoint::Keys, Answer::normal().held_after(10, &gate));
    let before = issuer.keys(|keys| keys.document());
    let mut response = get(&issuer.keys_url()).await;
    let first = response.chunk().await.unwrap().unwrap();
    assert_eq!(first, before.as_bytes()[..10]);
    gate.reached(1).await;
    issuer.roll();
    assert!(get(&issuer.keys_url()).await.text().await.unwrap().len() > before.len());
    drop(gate);
    let rest = response.text().await.unwrap();
    assert_eq!(rest, before[10..]);
}

#[tokio::test]
async fn a_client_that_goes_away_waits_no_longer() {
    let issuer = FakeIssuer::start();
    let gate = issuer.hold(Endpoint::Keys);
    let fetch = tokio::spawn(client().get(issuer.keys_url()).send());
    gate.reached(1).await;
    fetch.abort();
    let next = tokio::spawn(client().get(issuer.keys_url()).send());
    gate.reached(2).await;
    let left = async {
        while gate.waiting() > 1 {
            tokio::task::yield_now().await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(30), left).await;
    assert!(outcome.is_ok(), "it still waits");
    gate.open();
    assert_eq!(next.await.unwrap().unwrap().status(), 200);
    assert_eq!(
        json(&issuer.metadata_url()).await["issuer"],
        value!(issuer.url())
    );
}
