//! An issuer that cannot be asked: never a 401, always a `Retry-After`.

use std::time::Duration;

use portcullis::{secret::SecretString, time::Clock as _};
use portcullis_remote::{ClientAuth, Introspector};
use portcullis_testing::issuer::{
    Answer, CLIENT_ID,
    Endpoint::{Introspection as Endpoint, Metadata},
};

use super::{Site, auth, log, quick, start, status, verifier};

#[tokio::test]
async fn what_is_no_answer_is_a_503_and_asked_again() {
    let site = Site::new();
    let token = site.opaque();
    for answer in [
        Answer::error(500),
        Answer::error(404),
        Answer::error(400),
        Answer::close(),
        Answer::text("<html>"),
        Answer::text(r#"{"active":"true"}"#),
        Answer::text(r#"{"active":false,"active":true}"#),
        Answer::json(serde_json::json!([])),
        Answer::normal().truncated_to(10),
        Answer::text(vec![b' '; 70_000]),
        Answer::redirect("https://other.example/introspect"),
    ] {
        let shown = format!("{answer:?}");
        site.issuer.answer_once(Endpoint, answer);
        assert_eq!(site.status(&token).await, (503, Some(1)), "{shown}");
    }
    assert_eq!(site.status(&token).await, (200, None));
    site.issuer.go_offline();
    // What is remembered goes on.
    assert_eq!(site.status(&token).await, (200, None));
    assert_eq!(site.status("other").await, (503, Some(1)));
    site.issuer.go_online();
    assert_eq!(site.status("other").await, (401, None));
}

#[tokio::test]
async fn a_redirect_takes_no_token_anywhere() {
    let (site, elsewhere) = (Site::new(), start().0);
    let redirect = Answer::redirect(&elsewhere.introspection_url()).status(307);
    site.issuer.answer(Endpoint, redirect);
    assert_eq!(site.status("t").await.0, 503);
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn an_issuer_that_hangs_is_given_up() {
    let site = Site::with(|builder| builder.timeout(Duration::from_millis(200)));
    let token = site.opaque();
    let gate = site.issuer.hold(Endpoint);
    assert_eq!(site.status(&token).await, (503, Some(1)));
    assert_eq!(site.status(&token).await, (503, Some(1)));
    // It was asked anew, though the first answer never came.
    gate.reached(2).await;
}

#[tokio::test]
async fn wrong_credentials_are_this_services_fault_and_the_log_says_so() {
    log::listen();
    let (issuer, clock) = start();
    let hidden = "a wrong and hidden secret";
    let wrong = ClientAuth::secret(CLIENT_ID, &SecretString::from(hidden.to_owned())).unwrap();
    let builder = Introspector::at(issuer.introspection_url(), wrong);
    let introspector = quick(builder, &clock).build().unwrap();
    let verifier = verifier(introspector, &issuer, &clock).build().unwrap();
    let service = verifier.into();
    let token = issuer.opaque(&issuer.token("alice"));
    assert_eq!(status(&service, &token).await, (503, Some(5)));
    // Asking on and on would lock the client out.
    clock.advance(Duration::from_secs(2));
    assert_eq!(status(&service, "other").await, (503, Some(3)));
    assert_eq!(issuer.count(Endpoint), 1);
    clock.advance(Duration::from_secs(3));
    assert_eq!(status(&service, "other").await, (503, Some(5)));
    assert_eq!(issuer.count(Endpoint), 2);

    let lines = log::lines_with(&issuer.introspection_url());
    let errors: Vec<_> = lines.iter().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{lines:?}");
    assert!(errors[0].contains("client id, secret or key"), "{errors:?}");
    for secret in [hidden, "hidden+secret", &token] {
        assert_eq!(log::lines_with(secret), Vec::<String>::new());
    }
}

#[tokio::test]
async fn refused_clients_are_known_by_their_code_too() {
    for (answer, expected) in [
        (Answer::error(403), 5),
        (
            Answer::json(serde_json::json!({"error": "invalid_client"})).status(400),
            5,
        ),
        (
            Answer::json(serde_json::json!({"error": "invalid_request"})).status(400),
            1,
        ),
    ] {
        let site = Site::new();
        site.issuer.answer(Endpoint, answer);
        assert_eq!(site.status("t").await, (503, Some(expected)));
    }
}

/// A firewall before the issuer may refuse what only looks like an attack.
#[tokio::test]
async fn a_token_that_is_forbidden_silences_no_other() {
    let site = Site::new();
    let token = site.opaque();
    site.issuer.answer_once(Endpoint, Answer::error(403));
    assert_eq!(site.status("../../etc/passwd").await, (503, Some(5)));
    assert_eq!(site.status(&token).await, (200, None));
}

#[tokio::test]
async fn a_pause_is_no_longer_by_a_clock_that_is_turned_back() {
    let site = Site::new();
    let token = site.opaque();
    let busy = Answer::error(429).header("retry-after", "7");
    site.issuer.answer_once(Endpoint, busy);
    assert_eq!(site.status(&token).await, (503, Some(7)));
    let now = site.clock.now();
    site.clock.set(now.saturating_sub(Duration::from_secs(10)));
    assert_ne!(site.status(&token).await.0, 503);
}

#[tokio::test]
async fn an_issuer_that_asks_for_a_pause_gets_it() {
    let site = Site::new();
    let token = site.opaque();
    for (said, given) in [("7", 7), ("0", 1), ("86400", 60)] {
        let busy = Answer::error(429).header("retry-after", said);
        site.issuer.answer_once(Endpoint, busy);
        let before = site.issuer.count(Endpoint);
        assert_eq!(site.status(&token).await, (503, Some(given)), "{said}");
        assert_eq!(site.status(&token).await, (503, Some(given)), "{said}");
        assert_eq!(site.issuer.count(Endpoint), before + 1);
        site.clock.advance(Duration::from_secs(given));
    }
    assert_eq!(site.status(&token).await, (200, None));
}

#[tokio::test]
async fn so_many_are_asked_about_and_no_more() {
    let site = Site::with(|builder| builder.max_requests(2));
    let tokens = [site.opaque(), site.opaque()];
    let gate = site.issuer.hold(Endpoint);
    let waiting = tokens.clone().map(|token| {
        let service = site.service.clone();
        tokio::spawn(async move { status(&service, &token).await })
    });
    gate.reached(2).await;
    // Answered while the others still wait.
    assert_eq!(site.status("third").await, (503, Some(1)));
    gate.open();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), (200, None));
    }
    assert_eq!(site.status("third").await, (401, None));
}

#[tokio::test]
async fn the_endpoint_may_be_discovered() {
    let (issuer, clock) = start();
    issuer.go_offline();
    let builder = Introspector::of_issuer(issuer.name(), auth());
    let introspector = quick(builder, &clock).build().unwrap();
    let verifier = verifier(introspector, &issuer, &clock).build().unwrap();
    let service = verifier.into();
    let token = issuer.opaque(&issuer.token("alice"));
    assert_eq!(status(&service, &token).await, (503, Some(1)));
    issuer.go_online();
    assert_eq!(status(&service, &token).await, (200, None));
    assert_eq!(status(&service, "other").await, (401, None));
    assert_eq!((issuer.count(Metadata), issuer.count(Endpoint)), (1, 2));
}

#[tokio::test]
async fn metadata_send_tokens_to_no_other_host() {
    log::listen();
    let port = start().0.address().port();
    for endpoint in [
        "https://other.example/introspect".to_owned(),
        "http://other.example/introspect".to_owned(),
        format!("http://localhost:{port}/introspect"),
    ] {
        let (issuer, clock) = start();
        issuer.set_metadata("introspection_endpoint", endpoint.as_str());
        let builder = Introspector::of_issuer(issuer.name(), auth());
        let introspector = quick(builder, &clock).build().unwrap();
        let verifier = verifier(introspector, &issuer, &clock).build().unwrap();
        assert_eq!(status(&verifier.into(), "t").await, (503, Some(1)));
        assert_eq!(issuer.count(Endpoint), 0, "{endpoint}");
    }
    let (issuer, clock) = start();
    issuer.unset_metadata("introspection_endpoint");
    let builder = Introspector::of_issuer(issuer.name(), auth());
    let introspector = quick(builder, &clock).build().unwrap();
    let verifier = verifier(introspector, &issuer, &clock).build().unwrap();
    assert_eq!(status(&verifier.into(), "t").await, (503, Some(1)));
    let lines = log::lines_with("has no `introspection_endpoint`");
    assert!(
        lines.iter().any(|line| line.contains(&issuer.name())),
        "{lines:?}"
    );
}

#[test]
fn only_https_is_asked_unless_it_is_this_machine() {
    for url in [
        "http://login.example.com/i",
        "not a URL",
        "https://a@b.example/i",
    ] {
        let error = Introspector::at(url, auth()).build().unwrap_err();
        assert!(
            error.to_string().contains("introspection endpoint"),
            "{error}"
        );
    }
    let error = Introspector::at("http://127.0.0.1/i", auth()).build();
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("allow_loopback_http")
    );
    assert!(
        Introspector::of_issuer("http://login.example.com", auth())
            .build()
            .is_err()
    );
    let https = || Introspector::at("https://login.example.com/i", auth());
    assert!(https().build().is_ok());
    assert!(https().max_requests(0).build().is_err());
    assert!(https().timeout(Duration::ZERO).build().is_err());
    assert!(https().assertion_audience("").build().is_err());
}
