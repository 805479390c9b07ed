//! How the keys of issuers are, as it is counted. A process of its own, for the recorder
//! is that of all threads.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "issuer/bench.rs"]
#[expect(dead_code, reason = "others need more of it")]
mod bench;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use portcullis::{secret::SecretString, time::Clock, verify::Verifier};
use portcullis_remote::{Client, ClientAuth, Introspector};
use portcullis_testing::{
    issuer::{Answer, CLIENT_ID, CLIENT_SECRET, Endpoint},
    mint::AUDIENCE,
};

use bench::{Bench, MINUTE, result, until, verifier};

/// The value of a series, which begins with nothing.
fn value(recorder: &PrometheusHandle, series: &str) -> f64 {
    let text = recorder.render();
    let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
    let found = lines.find(|(name, _)| *name == series);
    found.map_or(0.0, |(_, value)| value.parse().unwrap())
}

fn state(name: &str) -> String {
    format!("portcullis_key_sets{{state=\"{name}\"}}")
}

fn fetches(outcome: &str) -> String {
    format!("portcullis_key_fetch_duration_seconds_count{{outcome=\"{outcome}\"}}")
}

#[tokio::test]
async fn keys_of_issuers_are_told_by_how_they_are() {
    let recorder = PrometheusBuilder::new().install_recorder().unwrap();
    let value = |series: &str| value(&recorder, series);
    let bench = Bench::new();
    let secs = || bench.clock.shared().now().as_millis() as f64 / 1000.0;
    let timestamp = r#"portcullis_keys_timestamp_seconds{issuer="main"}"#;

    bench.fake.go_offline();
    let issuer = bench.builder().metrics_name("main").build().unwrap();
    let verifier = verifier(&issuer);
    result(&verifier, &bench.token()).await.unwrap_err();
    until(|| value(&fetches("unreachable")) > 0.0).await;
    assert_eq!(value(&state("none")), 1.0);
    assert_eq!(value("portcullis_keys"), 0.0);

    bench.fake.go_online();
    let came = secs() + 60.0;
    bench.clock.advance(MINUTE);
    result(&verifier, &bench.token()).await.unwrap();
    // Whoever waits is answered first.
    until(|| value(&state("good")) == 1.0).await;
    assert_eq!(value(&fetches("ok")), 1.0);
    assert_eq!(value(&state("none")), 0.0);
    assert_eq!(value("portcullis_keys"), issuer.health().keys() as f64);
    assert_eq!(value("portcullis_key_changes_total"), 1.0);
    assert_eq!(value(timestamp), came);

    bench.fake.answer(Endpoint::Keys, Answer::error(500));
    bench.clock.advance(10 * MINUTE);
    issuer.health();
    until(|| value(&state("failing")) == 1.0).await;
    assert!(value(&fetches("status")) > 0.0);
    assert_eq!(value(timestamp), came);

    bench.clock.advance(60 * MINUTE);
    issuer.health();
    until(|| value(&state("stale")) == 1.0).await;
    assert_eq!(value(&state("failing")), 0.0);

    // Who is gone has no keys that could be bad.
    drop((issuer, verifier));
    until(|| value("portcullis_keys") == 0.0).await;
    for name in ["none", "good", "failing", "stale"] {
        assert_eq!(value(&state(name)), 0.0, "{name}");
    }
    let text = recorder.render();
    assert!(!text.contains("http") && !text.contains("realms"), "{text}");
    questions_are_timed(&bench, &value).await;
}

async fn questions_are_timed(bench: &Bench, value: &impl Fn(&str) -> f64) {
    let answers = |outcome: &str| {
        value(&format!(
            "portcullis_introspection_duration_seconds_count{{outcome=\"{outcome}\"}}"
        ))
    };
    let auth = ClientAuth::secret(CLIENT_ID, &SecretString::from(CLIENT_SECRET.to_owned()));
    let introspector = Introspector::at(bench.fake.introspection_url(), auth.unwrap())
        .client(Client::builder().no_proxy().build().unwrap())
        .allow_loopback_http()
        .clock(bench.clock.shared())
        .build()
        .unwrap();
    let verifier = Verifier::builder()
        .introspected_by(introspector)
        .issuer(bench.fake.name())
        .audience(AUDIENCE)
        .clock(bench.clock.shared())
        .build()
        .unwrap();
    let token = bench.fake.opaque(&bench.fake.token("alice"));
    // Asked once, and then remembered.
    for _ in 0..2 {
        result(&verifier, &token).await.unwrap();
    }
    result(&verifier, "unknown").await.unwrap_err();
    bench
        .fake
        .answer(Endpoint::Introspection, Answer::error(500));
    result(&verifier, "another").await.unwrap_err();
    assert_eq!(
        [answers("active"), answers("inactive"), answers("status")],
        [1.0, 1.0, 1.0]
    );
}
