//! The reference APIs, line by line, through every adapter.

mod api_key;
mod clients;
mod common;
mod cookies;
mod faults;
mod inputs;
mod kinds;
mod nodes;
mod password_grant;
mod protected_routes;
mod races;
mod rotation;
mod session;
mod single_sign_on;
mod token_endpoint;

use behaviour::{
    answer::Answer,
    apps::Server,
    backend::Backend,
    client::Request,
    run::{Everywhere, block_on, exchange},
};
use portcullis::{
    endpoint::Endpoints,
    jose::encode_segment,
    session::{RotationRules, SessionId, SessionStore},
    subject::Subject,
};
use portcullis_testing::mint::hostile;
use serde_json::Value;

/// A backend, served by every adapter.
struct Stage {
    backend: Backend,
    everywhere: Everywhere,
}

impl Stage {
    fn new() -> Self {
        Self::with_rules(RotationRules::default())
    }

    fn with_rules(rules: RotationRules) -> Self {
        Self::of(Backend::with_rules(rules))
    }

    /// With other endpoints than those of the documentation.
    fn with_endpoints(endpoints: impl FnOnce(&Backend) -> Endpoints) -> Self {
        let mut backend = Backend::new();
        backend.endpoints = endpoints(&backend);
        Self::of(backend)
    }

    fn of(backend: Backend) -> Self {
        let everywhere = Everywhere::serve(&backend.site());
        Self {
            backend,
            everywhere,
        }
    }

    /// Plays a scene on every adapter.
    fn play(&self, scene: impl AsyncFn(&On<'_>)) {
        block_on(async {
            for server in self.everywhere.servers() {
                let backend = &self.backend;
                scene(&On { server, backend }).await;
            }
        });
    }
}

/// One adapter's server, and what is behind it.
struct On<'a> {
    server: &'a Server,
    backend: &'a Backend,
}

const USERS_LOGIN: &str = "/api/users/login";
const USERS_REFRESH: &str = "/api/users/refresh";
const SSO: &str = "/api/users/sso";
const APPLICATION_TOKEN: &str = "/api/users/application-token";
const AUTHENTICATE: &str = "/v1/authenticate";
const GRANT_LOGIN: &str = "/auth/jwt/login";
const HEADER_REFRESH: &str = "/auth/jwt/refresh";
const FORM_REFRESH: &str = "/auth/jwt/postman-refresh";

impl On<'_> {
    async fn send(&self, request: Request) -> Answer {
        exchange(self.server, &request).await
    }

    async fn json(&self, path: &str, body: &str) -> Answer {
        self.send(Request::new("POST", path).json(body)).await
    }

    async fn form(&self, path: &str, body: &str) -> Answer {
        self.send(Request::new("POST", path).form(body)).await
    }

    async fn bearer(&self, method: &str, path: &str, token: &str) -> Answer {
        self.send(Request::new(method, path).bearer(token)).await
    }

    /// Logs in by the session API: access and refresh token.
    async fn login(&self, user: &str) -> [String; 2] {
        let password = password(user);
        let body = format!(r#"{{"username":"{user}","password":"{password}"}}"#);
        let answer = self.json(USERS_LOGIN, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        [
            answer.text_at("/accessToken"),
            answer.text_at("/refreshToken"),
        ]
    }

    /// Logs in by an API key.
    async fn authenticate(&self) -> String {
        let answer = self
            .form(AUTHENTICATE, "apiid=demo-id&apikey=demo-key")
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text_at("/result/authentication_token")
    }

    /// Logs in by the password grant, with further fields.
    async fn grant(&self, more: &str) -> Pair {
        let body = format!("grant_type=password&username=alice&password=wonder+land{more}");
        Pair::of(&self.form(GRANT_LOGIN, &body).await)
    }

    /// Refreshes by the header.
    async fn refresh(&self, token: &str) -> Answer {
        let request = Request::new("POST", HEADER_REFRESH).field("refresh-token", token);
        self.send(request).await
    }

    /// Refreshes by the form, with further fields.
    async fn refresh_by_form(&self, token: &str, more: &str) -> Answer {
        let body = format!("grant_type=refresh_token&refresh_token={token}{more}");
        self.form(FORM_REFRESH, &body).await
    }

    /// The generation of the session of a token, as the store has it: the
    /// grace window hides from clients what has changed.
    async fn generation(&self, token: &str) -> u64 {
        let says = claims(token);
        let id = says["sid"].as_str().and_then(SessionId::parse);
        let subject = Subject::new("users", says["user_id"].as_str().unwrap());
        let row = self
            .backend
            .store
            .session(&subject, &id.unwrap())
            .await
            .unwrap()
            .unwrap();
        assert!(row.revoked.is_none(), "{row:?}");
        row.generation
    }

    /// Whether a route lets a token through.
    async fn accepts(&self, path: &str, token: &str) -> bool {
        let answer = self.bearer("GET", path, token).await;
        assert!(matches!(answer.status, 200 | 401), "{answer:?}");
        answer.status == 200
    }
}

/// What the password grant gives.
#[derive(Clone, Debug)]
struct Pair {
    access: String,
    refresh: String,
}

impl Pair {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        Self {
            access: answer.text_at("/access_token"),
            refresh: answer.text_at("/refresh_token"),
        }
    }
}

fn password(user: &str) -> &'static str {
    match user {
        "alice" => "wonder land",
        "bob" => "builder",
        _ => "beep-boop",
    }
}

/// The claims of a token, unchecked.
fn claims(token: &str) -> Value {
    serde_json::from_slice(&hostile::decoded(token, 1)).unwrap()
}

/// The header of a token, unchecked.
fn header(token: &str) -> Value {
    serde_json::from_slice(&hostile::decoded(token, 0)).unwrap()
}

/// HTTP Basic credentials (RFC 7617); both parts are form-encoded already (RFC
/// 6749 section 2.3.1).
fn basic(pair: &str) -> String {
    let text = encode_segment(pair.as_bytes())
        .replace('-', "+")
        .replace('_', "/");
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    format!("Basic {text}{padding}")
}

/// That an answer carries a token, or an error in its place: nobody may keep
/// it (RFC 6749 section 5.1).
fn assert_not_stored(answer: &Answer) {
    assert_eq!(
        answer.field("cache-control").as_deref(),
        Some("no-store"),
        "{answer:?}"
    );
    assert_eq!(
        answer.field("pragma").as_deref(),
        Some("no-cache"),
        "{answer:?}"
    );
}

fn assert_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.text_at("/error"), error, "{answer:?}");
    assert_not_stored(answer);
}

/// A lower-case UUID of version 4 (RFC 9562 section 5.4).
fn is_uuid_v4(text: &str) -> bool {
    let hex = |char: char| matches!(char, '0'..='9' | 'a'..='f');
    text.len() == 36
        && text.char_indices().all(|(at, char)| match at {
            8 | 13 | 18 | 23 => char == '-',
            14 => char == '4',
            19 => matches!(char, '8' | '9' | 'a' | 'b'),
            _ => hex(char),
        })
}
