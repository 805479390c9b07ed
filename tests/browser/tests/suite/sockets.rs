//! WebSockets and streams of events of the examples, opened by pages.

use std::{
    net::{SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use browser::{
    front::{self, EXAMPLE, EXAMPLE_SIBLING, STRANGER, Seen},
    stage::{Stage, with_server},
};
use portcullis::{
    issue::TokenIssuer,
    jose::{Algorithm, SigningKey},
    session::{
        DynSessionStore, MemoryStore, OpenSession, Revocations, Sessions, TokenPair,
        refresh::RefreshKeys,
    },
    subject::Subject,
    time::SharedClock,
};
use serde_json::{Value, json};

const COOKIE: &str = "__Host-access_token";

/// What a page is told by a socket that sends what it gets.
const OPEN: &str = r#"
    const [protocols] = args;
    return new Promise((done) => {
        const socket = new WebSocket("wss://app.example/chat", protocols);
        socket.onopen = () => socket.send("hello");
        socket.onmessage = ({ data }) => done(`${socket.protocol}: ${data}`);
        socket.onerror = () => done("refused");
        globalThis.socketClosed = new Promise((tell) => {
            socket.onclose = ({ code, reason }) => tell({ code, reason });
        });
    });
"#;

mod axum {
    #[test]
    fn sockets_are_for_our_page() {
        super::sockets_are_for_our_page(super::axum_example);
    }

    #[test]
    fn what_is_open_ends_with_its_session() {
        super::what_is_open_ends_with_its_session(super::axum_example);
    }
}

mod actix {
    #[test]
    fn sockets_are_for_our_page() {
        super::sockets_are_for_our_page(super::actix_example);
    }

    #[test]
    fn what_is_open_ends_with_its_session() {
        super::what_is_open_ends_with_its_session(super::actix_example);
    }
}

fn sockets_are_for_our_page(example: fn(Sessions) -> SocketAddr) {
    let sessions = sessions();
    with_server(
        || example(sessions.clone()),
        async |stage| {
            let pair = log_in(&sessions).await;
            let token = pair.access.token().expose();
            bake(&stage, token, "Lax").await;
            let seen = open(&stage, EXAMPLE, json!(["chat.v1"]), "chat.v1: hello").await;
            assert_eq!(seen.cookies(), [COOKIE]);

            // The browser sends the cookie from the same site, whoever is there, and from
            // everywhere if it is told so.
            let seen = open(&stage, EXAMPLE_SIBLING, json!(["chat.v1"]), "refused").await;
            assert_refused(&seen, EXAMPLE_SIBLING);
            let seen = open(&stage, STRANGER, json!(["chat.v1"]), "refused").await;
            assert!(seen.cookies().is_empty());
            assert_eq!(seen.status, 401);
            bake(&stage, token, "None").await;
            let seen = open(&stage, STRANGER, json!(["chat.v1"]), "refused").await;
            assert_refused(&seen, STRANGER);

            // A page that has a token needs no cookie.
            stage.browser.drop_cookie(COOKIE).await;
            let bearer = format!("bearer.{token}");
            let seen = open(
                &stage,
                STRANGER,
                json!(["chat.v1", bearer]),
                "chat.v1: hello",
            )
            .await;
            assert_eq!(seen.status, 101);
            let seen = open(&stage, STRANGER, json!([bearer]), "refused").await;
            assert_eq!(seen.status, 400);
        },
    );
}

fn what_is_open_ends_with_its_session(example: fn(Sessions) -> SocketAddr) {
    let sessions = sessions();
    with_server(
        || example(sessions.clone()),
        async |stage| {
            let pair = log_in(&sessions).await;
            bake(&stage, pair.access.token().expose(), "Lax").await;
            open(&stage, EXAMPLE, json!(["chat.v1"]), "chat.v1: hello").await;
            let script = r#"
            const clock = new EventSource("/clock");
            globalThis.clockEnded = new Promise((tell) => {
                clock.addEventListener("ended", ({ data }) => { clock.close(); tell(data); });
            });
            await new Promise((done) => { clock.onmessage = done; });
        "#;
            stage.browser.run(script, &[]).await;
            sessions.log_out(&alice(), &pair.session).await.unwrap();
            let closed = stage.browser.run("return socketClosed;", &[]).await;
            let ended = stage.browser.run("return clockEnded;", &[]).await;
            assert_eq!(closed["code"], 1008);
            assert_eq!(closed["reason"], ended);
        },
    );
}

/// Opens a socket from a page at `host`; what the handshake was.
async fn open(stage: &Stage, host: &str, protocols: Value, told: &str) -> Seen {
    let page = front::url(host, "/page/blank.html");
    stage.browser.open(&page).await;
    assert_eq!(stage.browser.run(OPEN, &[protocols]).await, told);
    let seen = stage.front.next("/chat").await;
    assert_eq!(seen.header("origin"), Some(&*front::url(host, "")));
    seen
}

fn assert_refused(seen: &Seen, attacker: &str) {
    assert_eq!(seen.cookies(), [COOKIE], "{attacker}");
    assert_eq!(seen.status, 403, "{seen:?}");
    let refusal = seen.refusal.as_deref().unwrap();
    assert!(refusal.contains("cross_origin_request"), "{refusal}");
}

/// A cookie as a login sets it.
async fn bake(stage: &Stage, token: &str, same_site: &str) {
    let cookie = json!({
        "name": COOKIE,
        "value": token,
        "url": front::url(EXAMPLE, "/"),
        "path": "/",
        "secure": true,
        "httpOnly": true,
        "sameSite": same_site,
    });
    stage.browser.devtools("Network.setCookie", cookie).await;
    assert_eq!(stage.browser.cookie(COOKIE).await["sameSite"], same_site);
}

fn sessions() -> Sessions {
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
        .unwrap();
    let clock = SharedClock::default();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let hour = Duration::from_secs(60 * 60);
    let revocations = Revocations::new(store, clock, hour).sole_writer();
    Sessions::builder(revocations, issuer)
        .refresh_keys(RefreshKeys::generate().unwrap())
        .build()
        .unwrap()
}

fn alice() -> Subject {
    Subject::new("users", "alice")
}

async fn log_in(sessions: &Sessions) -> TokenPair {
    sessions.revocations().sync().await.unwrap();
    let ticket = sessions.begin_login().await.unwrap();
    let alice = alice();
    let request = OpenSession::login(&alice).client("web");
    sessions.open(ticket, &request).await.unwrap()
}

/// Where it listens, on a thread that ends with the process.
fn axum_example(sessions: Sessions) -> SocketAddr {
    serve(move |listener| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let app = websocket_axum::app(&sessions).unwrap();
            ::axum::serve(listener, app).await.unwrap();
        });
    })
}

fn actix_example(sessions: Sessions) -> SocketAddr {
    serve(move |listener| {
        let auth = websocket_actix::auth(&sessions).unwrap();
        let app = move || {
            actix_web::App::new()
                .wrap(auth.clone())
                .configure(websocket_actix::routes)
        };
        let server = actix_web::HttpServer::new(app).workers(1).disable_signals();
        let server = server.listen(listener).unwrap().run();
        actix_web::rt::System::new().block_on(server).unwrap();
    })
}

fn serve(run: impl FnOnce(TcpListener) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || run(listener));
    address
}
