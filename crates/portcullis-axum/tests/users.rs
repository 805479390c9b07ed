//! The application's own users in handlers and middlewares, and logging them out.

#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{FromRef, State},
    http::{Request, StatusCode},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use http_body_util::BodyExt;
use portcullis::{
    credentials::TokenSource,
    issue::TokenIssuer,
    jose::{Algorithm, SigningKey},
    session::{DynSessionStore, MemoryStore, OpenSession, Revocations, Sessions},
    subject::Subject,
    time::SharedClock,
    user::{LoadUser, Loaded, UserUnavailable},
    verify::Verified,
};
use portcullis_axum::{
    AuthLayer, AuthRejection, AuthenticatedUser, Authenticator, CurrentUser, Token,
};
use portcullis_testing::mint::Mint;
use tower::ServiceExt;

/// Knows everybody, and counts how often it was asked.
#[derive(Clone, Default)]
struct Accounts(Arc<AtomicUsize>);

impl Accounts {
    fn asked(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl LoadUser for Accounts {
    type User = String;

    async fn load(&self, token: &Verified) -> Result<Loaded<String>, UserUnavailable> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(match token.subject_name() {
            Some(name) => Loaded::Found(name.to_owned()),
            None => Loaded::Unknown,
        })
    }
}

/// Behind an `Arc`, as states are.
struct AppState {
    accounts: Accounts,
}

impl FromRef<Arc<AppState>> for Accounts {
    fn from_ref(state: &Arc<AppState>) -> Self {
        state.accounts.clone()
    }
}

async fn send(app: &Router, request: Request<Body>) -> (StatusCode, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn with(name: &str, value: &str) -> Request<Body> {
    let request = Request::get("/").header(name, value);
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn middlewares_and_handlers_ask_once() {
    async fn middleware(
        CurrentUser(user): CurrentUser<Accounts>,
        request: Request<Body>,
        next: Next,
    ) -> Response {
        let mut response = next.run(request).await;
        let user = user.parse().unwrap();
        response.headers_mut().insert("x-user", user);
        response
    }
    async fn handler(
        CurrentUser(user): CurrentUser<Accounts>,
        again: Option<CurrentUser<Accounts>>,
    ) -> String {
        format!("{user} {}", again.unwrap().0)
    }
    let mint = Mint::new();
    let accounts = Accounts::default();
    let state = Arc::new(AppState {
        accounts: accounts.clone(),
    });
    let app = Router::new()
        .route("/", get(handler))
        .layer(from_fn_with_state(state.clone(), middleware))
        .layer(AuthLayer::new(mint.verifier()))
        .with_state(state);
    for (round, name) in ["alice", "bob", "alice"].into_iter().enumerate() {
        let request = with("authorization", &mint.token(name).bearer());
        let answer = send(&app, request).await;
        assert_eq!(answer, (StatusCode::OK, format!("{name} {name}")));
        assert_eq!(accounts.asked(), round + 1);
    }
}

/// A guard that looks elsewhere finds somebody else, who is not taken for the first.
#[tokio::test]
async fn who_was_loaded_is_the_user_of_that_token_only() {
    #[derive(Clone)]
    struct Own {
        authenticator: Authenticator,
        accounts: Accounts,
    }
    impl FromRef<Own> for Authenticator {
        fn from_ref(state: &Own) -> Self {
            state.authenticator.clone()
        }
    }
    impl FromRef<Own> for Accounts {
        fn from_ref(state: &Own) -> Self {
            state.accounts.clone()
        }
    }
    async fn handler(
        CurrentUser(caller): CurrentUser<Accounts>,
        AuthenticatedUser(on_behalf): AuthenticatedUser<Accounts>,
        AuthenticatedUser(again): AuthenticatedUser<Accounts>,
    ) -> String {
        format!("{caller} for {on_behalf}, {again}")
    }
    let mint = Mint::new();
    let source = TokenSource::header("x-on-behalf-of").unwrap();
    let state = Own {
        authenticator: Authenticator::new(mint.verifier()).token_sources([source]),
        accounts: Accounts::default(),
    };
    let accounts = state.accounts.clone();
    let app = Router::new()
        .route("/", get(handler))
        .layer(AuthLayer::new(mint.verifier()))
        .with_state(state);
    let mut request = with("authorization", &mint.token("alice").bearer());
    let other = mint.token("bob").build().parse().unwrap();
    request.headers_mut().insert("x-on-behalf-of", other);
    let answer = send(&app, request).await;
    assert_eq!(answer, (StatusCode::OK, "alice for bob, bob".to_owned()));
    assert_eq!(accounts.asked(), 2);
}

#[tokio::test]
async fn a_handler_logs_out_in_one_line() {
    async fn log_out(
        State(sessions): State<Sessions>,
        token: Token,
    ) -> Result<StatusCode, AuthRejection> {
        sessions.log_out_token(&token).await?;
        Ok(StatusCode::NO_CONTENT)
    }
    let clock = SharedClock::default();
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let issuer = TokenIssuer::builder(key)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
        .unwrap();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let revocations = Revocations::new(store, clock, Duration::from_secs(3600)).sole_writer();
    revocations.sync().await.unwrap();
    let sessions = Sessions::builder(revocations, issuer).build().unwrap();
    let alice = Subject::new("users", "alice");
    let ticket = sessions.begin_login().await.unwrap();
    let pair = sessions
        .open(ticket, &OpenSession::login(&alice).client("web"))
        .await;
    let token = pair.unwrap().access.token().expose().to_owned();

    let app = Router::new()
        .route("/", post(log_out))
        .layer(AuthLayer::new(sessions.verifier().build().unwrap()))
        .with_state(sessions);
    for expected in [StatusCode::NO_CONTENT, StatusCode::UNAUTHORIZED] {
        let request = Request::post("/").header("authorization", format!("Bearer {token}"));
        let (status, _) = send(&app, request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, expected);
    }
}
