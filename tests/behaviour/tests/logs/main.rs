//! No secret, token or password reaches a log (RFC 6750 section 5.3), but what an
//! integrator has to know does.
//!
//! The subscriber is the process's own, so this is a program of its own.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod log;
mod sent;

use behaviour::{
    backend::{Backend, KEY_ISSUER},
    client::Request,
    run::{Everywhere, block_on, exchange},
    site::{Handler, Site},
};
use portcullis::{
    challenge::{RefusalAnswer, RefusalFormat, RejectionBody},
    endpoint::{Endpoints, SessionApi},
    guard::{Authenticator, LoginPage},
    jose::Algorithm,
};
use portcullis_testing::{keys, mint::Mint};

use crate::{
    log::log,
    sent::{Secrets, elsewhere, forgeries, logins, pages, sessions},
};

#[test]
fn no_secret_reaches_a_log() {
    let log = log();
    let backend = Backend::new();
    let everywhere = Everywhere::serve(&backend.site());
    let mut secrets = Secrets::default();
    elsewhere(&mut secrets);
    block_on(async {
        for server in everywhere.servers() {
            logins(server, &mut secrets).await;
            sessions(server, &backend, &mut secrets).await;
            pages(server, &mut secrets).await;
            forgeries(server, &mut secrets).await;
        }
    });
    drop(everywhere);
    let log = log.text();
    assert!(log.contains("portcullis"), "nothing was logged: {log}");
    assert!(secrets.0.len() > 100);
    // What was wrong with credentials is told without them.
    for told in [
        "`authorization` fields: 1, scheme: Bearer, bytes: 20",
        "`authorization` fields: 1, scheme: unknown, bytes: 16",
    ] {
        assert!(log.contains(told), "{told}");
    }
    for secret in &secrets.0 {
        if let Some(line) = log.lines().find(|line| line.contains(secret.as_str())) {
            panic!("`{secret}` is in the log: {line}");
        }
    }
}

/// What came and what is configured, in one line each, whatever came.
#[test]
fn refusals_say_what_came_and_what_is_configured() {
    let log = log();
    let backend = Backend::new();
    let everywhere = Everywhere::serve(&backend.site());
    let mint = || {
        Mint::with_key(keys::signing(Algorithm::HS384))
            .issuer(KEY_ISSUER)
            .audience("ApiId")
            .clock(backend.clock.shared())
    };
    let draft = || mint().token("alice").header("typ", "JWT");
    let es256 = keys::signing(Algorithm::ES256).with_key_id("a-strange-id");
    let refused = [
        (
            "/me",
            draft().claim("iss", "https://strange.test\nforged line"),
            r#"is of another issuer: "https://strange.test\nforged line", and none, "https://site.test" is configured"#,
        ),
        (
            "/v1/stations",
            draft().claim("iss", "i".repeat(100)),
            r#"iiii"…, and "https://site.test" is configured"#,
        ),
        (
            "/v1/stations",
            draft().claim("aud", "a-strange-audience"),
            r#"for another audience: "a-strange-audience", and "ApiId" is configured"#,
        ),
        (
            "/auth/stations",
            draft().signed_by(&es256).header("typ", "JWT"),
            r#"no key fits the token: `kid` is "a-strange-id", `alg` is "ES256", and the keys are ES256 ("grant-key")"#,
        ),
        (
            "/v1/stations",
            draft().header("typ", "a-strange-type"),
            r#"is not one that is accepted: "a-strange-type", and "JWT" or none is accepted"#,
        ),
        (
            "/v1/stations",
            draft().claim("cnf", serde_json::json!({"jkt": "a-thumbprint-of-a-key"})),
            r#"is bound to its sender, which is not checked: "jkt""#,
        ),
    ];
    block_on(async {
        for server in everywhere.servers() {
            for (path, draft, _) in &refused {
                let request = Request::new("GET", path).authorization(draft.bearer());
                assert_eq!(exchange(server, &request).await.status, 401);
            }
        }
    });
    let adapters = everywhere.servers().len();
    drop(everywhere);
    let log = log.text();
    for (path, _, expected) in &refused {
        let lines = log.lines().filter(|line| line.contains(expected));
        assert_eq!(lines.count(), adapters, "{path}: {expected}");
    }
    assert!(!log.lines().any(|line| line.starts_with("forged line")));
    assert!(!log.contains("a-thumbprint-of-a-key"));
}

/// Once for each refusal, and not for one that leads to the login: nobody is told
/// anything there.
#[test]
fn a_renderer_that_wants_a_success_is_named_in_the_log() {
    let log = log();
    let mint = Mint::new();
    let wants = RefusalFormat::custom(|_| {
        RefusalAnswer::new(RejectionBody::new("text/plain", "come in")).status(299)
    });
    let guard = Authenticator::new(mint.verifier()).refusal_format(wants.clone());
    let backend = Backend::new();
    let endpoints = Endpoints::builder(backend.people.clone())
        .session_api(SessionApi::new(backend.session.clone()))
        .refusal_format(wants)
        .build()
        .unwrap();
    let page = LoginPage::new("/login").unwrap();
    let site = Site::new()
        .route("/guarded", guard.clone(), Handler::Claims)
        .route("/page", guard.login_page(page), Handler::Claims)
        .endpoints(endpoints);
    let everywhere = Everywhere::serve(&site);
    block_on(async {
        for server in everywhere.servers() {
            let guarded = Request::new("GET", "/guarded").bearer("hunter2-refused");
            assert_eq!(exchange(server, &guarded).await.status, 401);
            let login = Request::new("POST", "/api/users/login").json("{}");
            assert_eq!(exchange(server, &login).await.status, 400);
            let page = Request::new("GET", "/page?hunter2-page");
            let page = page.field("Sec-Fetch-Mode", "navigate");
            assert_eq!(exchange(server, &page).await.status, 303);
        }
    });
    let adapters = everywhere.servers().len();
    drop(everywhere);
    let log = log.text();
    let told = log.lines().filter(|line| line.contains("wanted=299"));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 2 * adapters, "{told:#?}");
    assert!(told.iter().all(|line| line.contains("ERROR")), "{told:#?}");
    for secret in ["hunter2-refused", "hunter2-page"] {
        assert!(!log.contains(secret), "{secret}");
    }
}
