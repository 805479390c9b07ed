//! What is sent to every adapter, and must not be seen.

use behaviour::{
    apps::Server,
    backend::Backend,
    client::Request,
    run::{Everywhere, block_on, exchange},
    site::{Handler, Site},
};
use portcullis::{
    credentials::TokenSource,
    guard::{Authenticator, LoginPage},
    jose::{Algorithm, SigningKey},
};
use portcullis_testing::{
    faulty::Fault,
    keys,
    mint::{Draft, Mint, hostile},
};

/// What was sent or received and must not be seen.
#[derive(Default)]
pub(crate) struct Secrets(pub(crate) Vec<String>);

impl Secrets {
    /// A token: whole, and each of its parts but the header, which says
    /// nothing.
    pub(crate) fn token(&mut self, token: &str) {
        self.0.push(token.to_owned());
        let parts = token.split('.').skip(1);
        self.0
            .extend(parts.filter(|part| part.len() >= 8).map(str::to_owned));
    }

    /// A refresh token: its secret, too.
    pub(crate) fn refresh_token(&mut self, token: &str) {
        self.token(token);
        let claims: serde_json::Value =
            serde_json::from_slice(&hostile::decoded(token, 1)).unwrap();
        self.0.push(claims["sec"].as_str().unwrap().to_owned());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

/// Tokens in other places than `Authorization`, good and bad, and the secret that all
/// of them are checked with.
pub(crate) fn elsewhere(secrets: &mut Secrets) {
    const KEY: &str = "hunter2 is a shared secret of 40 letters";
    let key = SigningKey::from_secret(Algorithm::HS256, KEY.as_bytes()).unwrap();
    let mint = Mint::with_key(key);
    let sources = || {
        [
            TokenSource::bearer(),
            TokenSource::query("access_token").unwrap(),
            TokenSource::websocket_protocol("bearer.").unwrap(),
        ]
    };
    let guard = Authenticator::new(mint.verifier()).token_sources(sources());
    let page = LoginPage::new("/login").unwrap();
    let site = Site::new()
        .route("/guarded", guard.clone(), Handler::Claims)
        .route("/typed", guard.clone(), Handler::Typed)
        .route("/scoped", guard.clone().login_page(page), Handler::Scoped);
    let everywhere = Everywhere::serve(&site);
    let drafts = [
        mint.token("alice"),
        mint.token("alice").expired(),
        mint.token("alice").audience("somebody else"),
        mint.token("alice").claim("iss", "https://strange.test"),
        mint.token("alice")
            .forged_by(&keys::signing(Algorithm::HS256)),
    ];
    secrets.text(KEY);
    block_on(async {
        for server in everywhere.servers() {
            for token in drafts.iter().map(Draft::build) {
                for path in ["/guarded", "/typed", "/scoped"] {
                    let in_query = format!("{path}?access_token={token}");
                    let protocols = format!("chat, bearer.{token}");
                    let upgrade = |protocols: &str| {
                        Request::new("GET", path).field("Sec-WebSocket-Protocol", protocols)
                    };
                    for request in [
                        Request::new("GET", path).bearer(&token),
                        Request::new("GET", &in_query),
                        Request::new("GET", &in_query).bearer(&token),
                        Request::new("GET", &in_query).field("Sec-Fetch-Mode", "navigate"),
                        upgrade(&protocols),
                        upgrade(&format!("bearer.{token}")),
                    ] {
                        exchange(server, &request).await;
                    }
                }
                secrets.token(&token);
            }
        }
    });
}

pub(crate) async fn logins(server: &Server, secrets: &mut Secrets) {
    for (path, body, right) in [
        (
            "/api/users/login",
            r#"{"username":"alice","password":"hunter2-wrong"}"#,
            "hunter2-wrong",
        ),
        (
            "/api/users/login",
            r#"{"username":"alice","password":["hunter2-list"]}"#,
            "hunter2-list",
        ),
        (
            "/api/users/login",
            r#"{"username":"alice","password":"hunter2-broken""#,
            "hunter2-broken",
        ),
        (
            "/api/users/login",
            r#"{"username":"hunter2-name"}"#,
            "hunter2-unsent",
        ),
    ] {
        exchange(server, &Request::new("POST", path).json(body)).await;
        secrets.text(right);
    }
    for (path, form) in [
        (
            "/auth/jwt/login",
            "grant_type=password&username=alice&password=hunter2-form",
        ),
        (
            "/auth/jwt/login",
            "grant_type=password&username=alice&password=hunter2-form&password=x",
        ),
        (
            "/auth/jwt/login",
            "grant_type=password&client_id=web&client_secret=hunter2-form&username=a&password=b",
        ),
        ("/v1/authenticate", "apiid=demo-id&apikey=hunter2-form"),
        (
            "/auth/jwt/postman-refresh",
            "grant_type=refresh_token&refresh_token=hunter2-form",
        ),
    ] {
        exchange(server, &Request::new("POST", path).form(form)).await;
    }
    secrets.text("hunter2-form");
    let basic = Request::new("POST", "/auth/jwt/refresh")
        .field("refresh-token", "hunter2-header")
        .authorization("Basic d2ViOmh1bnRlcjItYmFzaWM=");
    exchange(server, &basic).await;
    secrets.text("hunter2-header");
    secrets.text("hunter2-basic");
    secrets.text("d2ViOmh1bnRlcjItYmFzaWM=");
    secrets.text("wonder land");
    secrets.text("beep-boop");
    secrets.text("demo-key");
}

/// What a page sends and gets, and what somebody else's sends with it.
pub(crate) async fn pages(server: &Server, secrets: &mut Secrets) {
    let own = |path: &str| Request::new("POST", path).field("Sec-Fetch-Site", "same-origin");
    for password in ["hunter2-page", "wonder land"] {
        let body = format!(r#"{{"username":"alice","password":"{password}"}}"#);
        let foreign = Request::new("POST", "/auth/cookie/login").json(&body);
        exchange(server, &foreign).await;
        secrets.text(password);
    }
    let login = own("/auth/cookie/login").json(r#"{"username":"alice","password":"wonder land"}"#);
    let mut answer = exchange(server, &login).await;
    for path in [
        "/auth/cookie/refresh",
        "/sessions/end",
        "/auth/cookie/logout",
    ] {
        let csrf = answer.text_at("/csrf_token");
        let mut pairs = Vec::new();
        for value in answer.values("set-cookie") {
            let pair = String::from_utf8_lossy(value)
                .split(';')
                .next()
                .unwrap()
                .to_owned();
            let (name, value) = pair.split_once('=').unwrap();
            match name {
                "__Secure-refresh_token" => secrets.refresh_token(value),
                _ => secrets.token(value),
            }
            pairs.push(pair);
        }
        let cookies = pairs.join("; ");
        let with_cookies = |request: Request| request.field("Cookie", &cookies);
        let body = r#"{"id":"hunter2-session"}"#;
        for refused in [
            Request::new("POST", path),
            own(path),
            own(path).field("X-CSRF-Token", "hunter2-csrf"),
            own(path)
                .field("X-CSRF-Token", &csrf)
                .field("Cookie", &cookies),
        ] {
            let answer = exchange(server, &with_cookies(refused).json(body)).await;
            assert!(matches!(answer.status, 400 | 403), "{answer:?}");
        }
        let request = with_cookies(own(path))
            .field("X-CSRF-Token", &csrf)
            .json(body);
        let next = exchange(server, &request).await;
        if next.status == 200 {
            answer = next;
        }
    }
    secrets.text("hunter2-csrf");
    secrets.text("hunter2-session");
}

pub(crate) async fn sessions(server: &Server, backend: &Backend, secrets: &mut Secrets) {
    let login = r#"{"username":"robot","password":"beep-boop"}"#;
    let answer = exchange(
        server,
        &Request::new("POST", "/api/users/login").json(login),
    )
    .await;
    let access = answer.text_at("/accessToken");
    let refresh = answer.text_at("/refreshToken");
    secrets.token(&access);
    secrets.refresh_token(&refresh);
    let bearer = |method: &str, path: &str, token: &str| Request::new(method, path).bearer(token);
    let form = "grant_type=password&username=alice&password=wonder+land&scope=demo%3Aread";
    let answer = exchange(server, &Request::new("POST", "/auth/jwt/login").form(form)).await;
    let first = answer.text_at("/refresh_token");
    secrets.refresh_token(&first);
    let rotate =
        |token: &str| Request::new("POST", "/auth/jwt/refresh").field("refresh-token", token);
    let answer = exchange(server, &rotate(&first)).await;
    let second = answer.text_at("/refresh_token");
    secrets.refresh_token(&second);
    secrets.token(&answer.text_at("/access_token"));
    // A retry, then a fault, then reuse.
    exchange(server, &rotate(&first)).await;
    for fault in [Fault::Unreachable, Fault::AnswerLost] {
        backend.store.fail_next(u64::MAX, fault);
        exchange(server, &rotate(&second)).await;
        exchange(server, &bearer("POST", "/api/users/refresh", &refresh)).await;
        exchange(server, &bearer("POST", "/logout", &refresh)).await;
        backend.store.fail_next(0, fault);
    }
    backend.clock.advance(std::time::Duration::from_secs(60));
    exchange(server, &rotate(&first)).await;
    let answer = exchange(
        server,
        &bearer("POST", "/api/users/application-token", &refresh),
    )
    .await;
    if answer.status == 200 {
        secrets.token(&answer.text_at("/token"));
    }
    for (method, path) in [
        ("GET", "/me"),
        ("GET", "/scoped/read"),
        ("GET", "/fresh"),
        ("GET", "/sessions"),
        ("POST", "/logout"),
        ("GET", "/me"),
        ("POST", "/logout/all"),
    ] {
        exchange(server, &bearer(method, path, &access)).await;
        exchange(server, &bearer(method, path, &refresh)).await;
    }
}

pub(crate) async fn forgeries(server: &Server, secrets: &mut Secrets) {
    let mint = Mint::with_key(keys::signing(Algorithm::HS256));
    for forged in hostile::tokens(&mint) {
        exchange(
            server,
            &Request::new("GET", "/me").authorization(forged.bearer()),
        )
        .await;
        exchange(
            server,
            &Request::new("POST", "/logout").field("refresh-token", &forged.token),
        )
        .await;
        if forged.token.len() >= 40 {
            secrets.token(&forged.token);
        }
    }
    for odd in [
        "Bearer hunter2 twice",
        "Bearer \"hunter2-quoted\"",
        "hunter2-scheme x",
        "Bearer a,hunter2-comma",
    ] {
        exchange(server, &Request::new("GET", "/me").authorization(odd)).await;
    }
    for secret in [
        "hunter2 twice",
        "hunter2-quoted",
        "hunter2-scheme",
        "hunter2-comma",
    ] {
        secrets.text(secret);
    }
}
