//! What is logged of an issuer's keys: once, and nothing that is secret. A process
//! of its own, since the worker's lines go to whoever listens to all threads.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use portcullis::verify::Verification;
use portcullis_remote::{Client, Issuer};
use portcullis_testing::{
    clock::FakeClock,
    issuer::{Answer, Endpoint, FakeIssuer},
    mint::AUDIENCE,
};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn count(&self, text: &str) -> usize {
        let lines = self.0.lock().unwrap();
        String::from_utf8_lossy(&lines).matches(text).count()
    }
}

async fn until(mut happened: impl FnMut() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(20), async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    patience.await.expect("it does not happen");
}

#[tokio::test]
async fn an_outage_is_two_lines_and_a_roll_over_one() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let clock = FakeClock::new();
    let fake = FakeIssuer::builder().clock(clock.shared()).start();
    let client = Client::builder().no_proxy().build().unwrap();
    let issuer = Issuer::builder(fake.name())
        .http_client(client)
        .allow_loopback_http()
        .clock(clock.shared())
        .connect()
        .await
        .unwrap();
    let verifier = issuer.verifier().audience(AUDIENCE).build().unwrap();
    until(|| lines.count("keys have changed") == 1).await;

    fake.answer(Endpoint::Keys, Answer::error(500));
    for failures in 1..=4 {
        clock.advance(Duration::from_secs(600));
        issuer.health();
        until(|| issuer.health().failures() >= failures).await;
    }
    until(|| lines.count("cannot be fetched") == 1).await;
    clock.advance(Duration::from_secs(1800));
    issuer.health();
    until(|| lines.count("keys are stale") == 1).await;

    fake.answer_as_usual(Endpoint::Keys);
    fake.roll();
    let token = fake.token("alice").build();
    clock.advance(Duration::from_secs(2));
    let verified = match verifier.verify(token.as_bytes()) {
        Verification::Pending(pending) => pending.await,
        Verification::Done(done) => done,
    };
    assert!(verified.is_ok());
    until(|| lines.count("can be fetched again") == 1).await;
    until(|| lines.count("keys have changed") == 2).await;
    assert_eq!(lines.count("cannot be fetched"), 1);
    assert_eq!(lines.count("keys are stale"), 1);
    assert_eq!(lines.count(&token), 0);
}
