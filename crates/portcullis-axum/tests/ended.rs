//! Handlers that outlive their token hear of it, with tokio's timer.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::time::Duration;

use axum::{Router, body::Body, extract::State, http::Request, routing::get};
use http_body_util::BodyExt;
use portcullis::{
    claims::ScopeSet,
    issue::TokenIssuer,
    jose::{Algorithm, SigningKey},
    policy::RequiredScopes,
    session::{
        DynSessionStore, MemoryStore, OpenSession, Revocations, Sessions, TokenPair,
        refresh::RefreshKeys,
    },
    subject::Subject,
};
use portcullis_axum::{AuthLayer, Scoped, Token};
use portcullis_testing::clock::FakeClock;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower::ServiceExt;

const TTL: Duration = Duration::from_secs(900);

struct Service {
    clock: FakeClock,
    sessions: Sessions,
    app: Router,
    /// A handler has begun to wait.
    waits: UnboundedReceiver<()>,
}

impl Service {
    async fn new() -> Self {
        let clock = FakeClock::new();
        let shared = clock.shared();
        let issuer =
            TokenIssuer::builder(SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap())
                .issuer("https://issuer.example")
                .audience("https://api.example")
                .access_ttl(TTL)
                .clock(shared.clone())
                .build()
                .unwrap();
        let store = DynSessionStore::new(MemoryStore::new(shared.clone()));
        let revocations = Revocations::new(store, shared, TTL).sole_writer();
        revocations.sync().await.unwrap();
        let sessions = Sessions::builder(revocations, issuer)
            .refresh_keys(RefreshKeys::generate().unwrap())
            .build()
            .unwrap();
        let (begun, waits) = unbounded_channel();
        let app = Router::new()
            .route("/token", get(by_token))
            .route("/scoped", get(by_scope))
            .with_state(begun)
            .layer(AuthLayer::new(sessions.verifier().build().unwrap()));
        Self {
            clock,
            sessions,
            app,
            waits,
        }
    }

    async fn log_in(&self) -> TokenPair {
        let alice = Subject::new("users", "alice");
        let ticket = self.sessions.begin_login().await.unwrap();
        let request = OpenSession::login(&alice).client("web");
        let request = request.scope("read".parse::<ScopeSet>().unwrap());
        self.sessions.open(ticket, &request).await.unwrap()
    }

    /// Calls a handler that waits; what it says in the end.
    async fn begin(&mut self, path: &str, pair: &TokenPair) -> tokio::task::JoinHandle<String> {
        let credentials = format!("Bearer {}", pair.access.token().expose());
        let request = Request::get(path)
            .header("authorization", credentials)
            .body(Body::empty())
            .unwrap();
        let answer = self.app.clone().oneshot(request);
        let mut said = tokio::spawn(async move {
            let body = answer.await.unwrap().into_body().collect().await.unwrap();
            String::from_utf8(body.to_bytes().to_vec()).unwrap()
        });
        tokio::select! {
            _ = self.waits.recv() => said,
            said = &mut said => panic!("{said:?}"),
        }
    }
}

async fn by_token(State(begun): State<UnboundedSender<()>>, token: Token) -> String {
    let ended = token.ended().check_every(Duration::from_millis(10));
    begun.send(()).unwrap();
    ended.await.to_string()
}

struct Read;
impl RequiredScopes for Read {
    const SCOPES: &'static [&'static str] = &["read"];
}

async fn by_scope(State(begun): State<UnboundedSender<()>>, token: Scoped<Read>) -> String {
    begun.send(()).unwrap();
    token.ended().await.to_string()
}

#[tokio::test]
async fn a_token_ends_by_the_verifiers_clock() {
    let mut service = Service::new().await;
    let pair = service.log_in().await;
    let said = service.begin("/token", &pair).await;
    service.clock.advance(TTL);
    assert_eq!(said.await.unwrap(), "the token has expired");
}

#[tokio::test]
async fn a_token_ends_with_its_session() {
    for path in ["/token", "/scoped"] {
        let mut service = Service::new().await;
        let (gone, stays) = (service.log_in().await, service.log_in().await);
        let closed = service.begin(path, &gone).await;
        let open = service.begin(path, &stays).await;
        let alice = Subject::new("users", "alice");
        let ended = service.sessions.log_out(&alice, &gone.session).await;
        assert!(ended.unwrap());
        assert_eq!(closed.await.unwrap(), "the token was revoked");
        assert!(!open.is_finished());
        open.abort();
    }
}
