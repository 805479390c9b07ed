//! Handlers that outlive their token hear of it, with actix's timer.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::time::Duration;

use actix_web::{
    App,
    rt::task::JoinHandle,
    test::{TestRequest, call_and_read_body, init_service},
    web::{self, Data},
};
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
use portcullis_actix::{Auth, Scoped, Token};
use portcullis_testing::clock::FakeClock;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const TTL: Duration = Duration::from_secs(900);

struct Service {
    clock: FakeClock,
    sessions: Sessions,
    begun: UnboundedSender<()>,
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
        Self {
            clock,
            sessions,
            begun,
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
    async fn begin(&mut self, path: &str, pair: &TokenPair) -> JoinHandle<String> {
        let verifier = self.sessions.verifier().build().unwrap();
        let app = App::new()
            .wrap(Auth::new(verifier))
            .app_data(Data::new(self.begun.clone()))
            .route("/token", web::get().to(by_token))
            .route("/scoped", web::get().to(by_scope));
        let app = init_service(app).await;
        let credentials = format!("Bearer {}", pair.access.token().expose());
        let request = TestRequest::with_uri(path).insert_header(("authorization", credentials));
        let mut said = actix_web::rt::spawn(async move {
            let body = call_and_read_body(&app, request.to_request()).await;
            String::from_utf8(body.to_vec()).unwrap()
        });
        tokio::select! {
            _ = self.waits.recv() => said,
            said = &mut said => panic!("{said:?}"),
        }
    }
}

async fn by_token(begun: Data<UnboundedSender<()>>, token: Token) -> String {
    let ended = token.ended().check_every(Duration::from_millis(10));
    begun.send(()).unwrap();
    ended.await.to_string()
}

struct Read;
impl RequiredScopes for Read {
    const SCOPES: &'static [&'static str] = &["read"];
}

async fn by_scope(begun: Data<UnboundedSender<()>>, token: Scoped<Read>) -> String {
    begun.send(()).unwrap();
    token.ended().await.to_string()
}

#[actix_web::test]
async fn a_token_ends_by_the_verifiers_clock() {
    let mut service = Service::new().await;
    let pair = service.log_in().await;
    let said = service.begin("/token", &pair).await;
    service.clock.advance(TTL);
    assert_eq!(said.await.unwrap(), "the token has expired");
}

#[actix_web::test]
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
