//! Nothing secret reaches a log.

use std::{
    fmt::{self, Write},
    sync::{Arc, Mutex},
};

use http::Request;
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::fixture::{FORM, JSON, Server, basic, with_basic};

/// Keeps all that is logged, at every level.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<String>>);

impl Log {
    /// What was logged since the last time.
    pub(super) fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut Writer(&mut self.0.lock().unwrap()));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Writer(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Writer(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

#[tokio::test]
async fn an_unknown_address_is_warned_of_once() {
    let log = Log::default();
    let _second = Dispatch::new(log.clone());
    let _guard = tracing::subscriber::set_default(log.clone());
    let server = Server::new().await;
    let warnings = || log.0.lock().unwrap().matches("unknown address").count();
    server.login("alice").await;
    assert_eq!(warnings(), 0);
    for _ in 0..2 {
        let request = Request::post("/v1/authenticate").header("content-type", FORM);
        server
            .send(request, "apiid=alice&apikey=key+1")
            .await
            .is(200);
        assert_eq!(warnings(), 1);
    }
}

#[cfg(feature = "aws-lc")]
#[tokio::test]
async fn no_password_key_or_token_is_logged() {
    let log = Log::default();
    // With one subscriber alone, what other tests log first on their threads is
    // taken for what nobody wants to know.
    let _second = Dispatch::new(log.clone());
    let _guard = tracing::subscriber::set_default(log.clone());
    let server = Server::new().await;
    let (access, refresh) = server.login("robot").await;
    let grant = server.grant("").await;
    let id_token = server.entra.token("alices-object");
    for pass in [0, 0, 11] {
        server.pass(pass);
        server.bearer("POST", "/api/users/sso", &id_token).await;
    }
    let tokens = [
        access,
        refresh,
        grant.text("access_token"),
        grant.text("refresh_token"),
        id_token,
    ];
    for down in [false, true] {
        server.store.set_down(down);
        let wrong = r#"{"username":"alice","password":"hunter2"}"#;
        server.post("/api/users/login", JSON, wrong).await;
        let twice = wrong.replace('}', r#","password":"hunter2"}"#);
        server.post("/api/users/login", JSON, &twice).await;
        let body = "apiid=alice&apikey=hunter2";
        server.post("/v1/authenticate", FORM, body).await;
        server.grant("&client_id=web&client_secret=hunter2").await;
        let body = "grant_type=password&username=a&password=hunter2";
        server
            .send(with_basic("/auth/jwt/login", "web:hunter2"), body)
            .await;
        for token in &tokens {
            for path in [
                "/api/users/refresh",
                "/api/users/sso",
                "/logout/all",
                "/logout",
                "/sessions",
            ] {
                server.bearer("POST", path, token).await;
                server.bearer("POST", path, &token[1..]).await;
                server.bearer("GET", path, token).await;
            }
            server.refresh(token, "").await;
            server.refresh_by_header(token).await;
            let both = Request::post("/auth/jwt/refresh")
                .header("refresh-token", token)
                .header("authorization", basic("web:hunter2"));
            server.send(both, "").await;
        }
    }
    let log = log.0.lock().unwrap();
    assert!(log.contains("request refused"));
    for event in [
        "single_use_opened",
        "single_use_repeated",
        "single_use_refused",
    ] {
        assert!(log.contains(event), "{event}");
    }
    assert!(log.contains("taken down") || log.contains("unavailable"));
    for secret in ["hunter2", "wonder", "key 1"] {
        assert!(!log.contains(secret), "{secret}");
    }
    for token in &tokens {
        for part in token.split('.').skip(1) {
            assert!(!log.contains(part));
        }
    }
    let debug = format!("{:?} {:?}", server.endpoints, server.session);
    assert!(debug.contains("/logout"));
}
