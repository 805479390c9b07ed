//! Three APIs over one store, with a clock to turn and accounts to change.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{self, AUTHORIZATION, CONTENT_TYPE},
    request::Builder,
};
use serde_json::Value;

use super::{entra::Entra, store::FaultyStore};
use crate::{
    endpoint::{
        Account, Accounts, AccountsError, ApiKeyApi, ClientAddress, ClientAuthentication,
        ClientCheck, Endpoints, EntraIdentity, LinkedAccounts, Login, PasswordGrantApi, SessionApi,
    },
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    secret::SecretString,
    session::{
        DynSessionStore, MemoryStore, Revocations, RotationMode, SessionData, Sessions,
        SessionsBuilder, refresh::RefreshKeys,
    },
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};

pub(super) const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const JSON: &str = "application/json";

#[derive(Clone, Debug)]
pub(super) struct Hand(Arc<AtomicI64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// The application's side, as tests change it.
#[derive(Clone, Default)]
pub(super) struct People(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub(super) gone: HashSet<String>,
    pub(super) trouble: Option<AccountsError>,
    pub(super) claim: Option<(&'static str, Value)>,
    pub(super) scope: Option<&'static str>,
    /// How strong logins are, which is kept with their sessions, too.
    pub(super) acr: Option<&'static str>,
    pub(super) log_out_while_checking: Option<Sessions>,
    pub(super) asked: Vec<String>,
    /// Objects of the tenant, and whose accounts they have.
    pub(super) links: Vec<(&'static str, &'static str)>,
}

impl People {
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }

    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    fn ask(&self, question: String) -> Result<(), AccountsError> {
        let mut state = self.0.lock().unwrap();
        state.asked.push(question);
        state.trouble.clone().map_or(Ok(()), Err)
    }

    fn account(&self, subject: &Subject) -> Option<Account> {
        let state = self.0.lock().unwrap();
        if state.gone.contains(subject.name()) {
            return None;
        }
        let scope = state.scope.unwrap_or("read write").parse().unwrap();
        let mut account = Account::new(subject.clone())
            .application(subject.name() == "robot")
            .scope(scope);
        if subject.realm() == "apis" {
            account = account.claim("api_id", "1").claim("organization_id", "15");
        }
        if let Some((name, value)) = &state.claim {
            account = account.claim(*name, value.clone());
        }
        if let Some(acr) = state.acr {
            let data = SessionData::new(&serde_json::json!({ "was": acr })).unwrap();
            account = account.acr(acr).amr(["pwd", acr]).data(data);
        }
        Some(account)
    }
}

impl Accounts for People {
    async fn authenticate(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        self.ask(format!("authenticate {}/{}", login.realm, login.name))?;
        let subject = Subject::new(login.realm, login.name);
        let meanwhile = self.0.lock().unwrap().log_out_while_checking.clone();
        if let Some(sessions) = meanwhile {
            sessions.log_out_everywhere(&subject).await.unwrap();
        }
        let right = match (login.realm, login.name) {
            ("users", "alice" | "robot") => "wonder land",
            ("apis", "alice") => "key 1",
            _ => return Ok(None),
        };
        if login.secret.expose() != right {
            return Ok(None);
        }
        Ok(self.account(&subject))
    }

    async fn current(&self, subject: &Subject) -> Result<Option<Account>, AccountsError> {
        self.ask(format!("current {subject}"))?;
        Ok(self.account(subject))
    }

    async fn client(&self, client: ClientAuthentication<'_>) -> Result<ClientCheck, AccountsError> {
        self.ask(format!("client {}", client.id))?;
        Ok(match (client.id, client.secret.map(SecretString::expose)) {
            ("mobile", None) => ClientCheck::Public,
            ("web", Some("s:%é +")) | ("other", Some("o")) => ClientCheck::Authenticated,
            _ => ClientCheck::Refused,
        })
    }
}

impl LinkedAccounts for People {
    async fn account(&self, identity: &EntraIdentity) -> Result<Option<Account>, AccountsError> {
        self.ask(format!("account of {identity}"))?;
        let links = self.0.lock().unwrap().links.clone();
        let Some((_, name)) = links
            .iter()
            .find(|(object, _)| identity.object() == *object)
        else {
            return Ok(None);
        };
        let (realm, name) = name.split_once('/').unwrap_or(("users", name));
        let subject = Subject::new(realm, name);
        let meanwhile = self.0.lock().unwrap().log_out_while_checking.clone();
        if let Some(sessions) = meanwhile {
            sessions.log_out_everywhere(&subject).await.unwrap();
        }
        Ok(self.account(&subject))
    }
}

pub(super) struct Server {
    pub(super) clock: Hand,
    pub(super) entra: Entra,
    pub(super) people: People,
    pub(super) store: FaultyStore,
    pub(super) session: Sessions,
    pub(super) password_grant: Sessions,
    pub(super) endpoints: Endpoints,
}

impl Server {
    pub(super) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub(super) async fn with(change: impl Fn(SessionsBuilder) -> SessionsBuilder) -> Self {
        // Not at the beginning of a second: what is left of a token's life is
        // less than it was given, then.
        let clock = Hand(Arc::new(AtomicI64::new(1_700_000_000_400)));
        let shared = SharedClock::new(clock.clone());
        let store = FaultyStore::new(MemoryStore::new(shared.clone()));
        let revocations = Revocations::new(
            DynSessionStore::new(store.clone()),
            shared.clone(),
            Duration::from_secs(3600),
        )
        .sole_writer();
        revocations.sync().await.unwrap();
        let refresh_keys = RefreshKeys::generate().unwrap();
        let issuer = |algorithm, shape, minutes: u64| {
            TokenIssuer::builder(SigningKey::generate(algorithm).unwrap())
                .shape(shape)
                .access_ttl(Duration::from_secs(minutes * 60))
                .clock(shared.clone())
        };
        let session = issuer(Algorithm::HS256, TokenShape::session(), 15);
        let key = issuer(Algorithm::HS256, TokenShape::api_key(), 30)
            .issuer("https://api.example")
            .audience("ApiId");
        let grant = issuer(Algorithm::ES256, TokenShape::password_grant(), 60)
            .audience("fastapi-users:auth");
        let sessions = |issuer| Sessions::builder(revocations.clone(), issuer);
        let session = change(sessions(session.build().unwrap()))
            .mode(RotationMode::Keep)
            .refresh_keys(refresh_keys.clone());
        let session = session.build().unwrap();
        let key = sessions(key.build().unwrap());
        let grant = change(sessions(grant.build().unwrap())).refresh_keys(refresh_keys);
        let password_grant = grant.build().unwrap();
        let people = People::default();
        people.change(|people| people.links = vec![("alices-object", "alice")]);
        let entra = Entra::new(shared.clone());
        let endpoints = Endpoints::builder(people.clone())
            .session_api(
                SessionApi::new(session.clone())
                    .single_sign_on(entra.single_sign_on(people.clone())),
            )
            .api_key_api(ApiKeyApi::new(key.build().unwrap()))
            .password_grant_api(PasswordGrantApi::new(password_grant.clone()))
            .common_routes()
            .build()
            .unwrap();
        Self {
            clock,
            entra,
            people,
            store,
            session,
            password_grant,
            endpoints,
        }
    }

    pub(super) fn pass(&self, secs: i64) {
        self.clock.0.fetch_add(secs * 1000, Ordering::Relaxed);
    }

    pub(super) async fn send(&self, request: Builder, body: impl Into<Bytes>) -> Answer {
        let is_head = request.method_ref() == Some(&http::Method::HEAD);
        let request = request.body(body.into()).unwrap();
        let answer = Answer(self.endpoints.call(request).await);
        if !is_head {
            answer.is_sound();
        }
        answer
    }

    pub(super) async fn post(&self, path: &str, media_type: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header(CONTENT_TYPE, media_type)
            .header("user-agent", "test/1")
            .extension(ClientAddress(IpAddr::from([192, 0, 2, 1])));
        self.send(request, body.to_owned()).await
    }

    /// A request with a Bearer token and no body.
    pub(super) async fn bearer(&self, method: &str, path: &str, token: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, format!("Bearer {token}"));
        self.send(request, "").await
    }

    /// Logs in by the session API; access and refresh token.
    pub(super) async fn login(&self, user: &str) -> (String, String) {
        let body = format!(r#"{{"username":"{user}","password":"wonder land"}}"#);
        let answer = self.post("/api/users/login", JSON, &body).await;
        answer.is(200);
        (answer.text("accessToken"), answer.text("refreshToken"))
    }

    /// Logs in by the password grant.
    pub(super) async fn grant(&self, more: &str) -> Answer {
        let body = format!("grant_type=password&username=alice&password=wonder+land{more}");
        self.post("/auth/jwt/login", FORM, &body).await
    }

    /// Refreshes by the form.
    pub(super) async fn refresh(&self, token: &str, more: &str) -> Answer {
        let body = format!("grant_type=refresh_token&refresh_token={token}{more}");
        self.post("/auth/jwt/postman-refresh", FORM, &body).await
    }

    /// Refreshes by the header.
    pub(super) async fn refresh_by_header(&self, token: &str) -> Answer {
        let request = Request::post("/auth/jwt/refresh").header("refresh-token", token);
        self.send(request, "").await
    }

    /// Whether an access token is good, as any route would see it.
    pub(super) async fn accepts(&self, token: &str) -> bool {
        let answer = self.bearer("GET", "/sessions", token).await;
        // 403: the token is good, and an application's.
        matches!(answer.status(), StatusCode::OK | StatusCode::FORBIDDEN)
    }
}

pub(super) struct Answer(pub(super) Response<Bytes>);

impl Answer {
    /// What every answer keeps to.
    fn is_sound(&self) {
        let status = self.status();
        let challenge = self.header("www-authenticate");
        assert_eq!(
            status == StatusCode::UNAUTHORIZED,
            challenge.is_some() && !matches!(status.as_u16(), 400 | 403),
            "{self:?}"
        );
        assert_eq!(
            matches!(status.as_u16(), 429 | 503),
            self.header("retry-after").is_some(),
            "{self:?}"
        );
        if self.header("content-type") == Some("application/jwk-set+json") {
            return;
        }
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(self.header("pragma"), Some("no-cache"), "{self:?}");
        if status != StatusCode::NO_CONTENT {
            assert_eq!(self.header("content-type"), Some(JSON), "{self:?}");
            assert!(self.json().is_object());
        }
        if status.is_client_error() || status.is_server_error() {
            assert!(self.json()["error"].is_string(), "{self:?}");
        }
    }

    pub(super) fn is(&self, status: u16) {
        assert_eq!(self.status().as_u16(), status, "{self:?}");
    }

    pub(super) fn is_error(&self, status: u16, error: &str) {
        self.is(status);
        assert_eq!(self.json()["error"], error, "{self:?}");
    }

    /// 400 that names `field`.
    pub(super) fn is_field(&self, field: &str) {
        self.is_error(400, "invalid_request");
        assert_eq!(self.json()["field"], field, "{self:?}");
    }

    pub(super) fn status(&self) -> StatusCode {
        self.0.status()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.0.headers().get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none());
        value
    }

    pub(super) fn body(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap()
    }

    pub(super) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap().to_owned()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a token says, unchecked.
pub(super) fn claims(token: &str) -> Value {
    part(token, 1)
}

pub(super) fn part(token: &str, index: usize) -> Value {
    let segment = token.split('.').nth(index).unwrap();
    let json = URL_SAFE_NO_PAD.decode_to_vec(segment).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// HTTP Basic credentials; both parts are encoded already.
pub(super) fn basic(pair: &str) -> HeaderValue {
    let value = format!("Basic {}", STANDARD.encode_to_string(pair));
    HeaderValue::from_str(&value).unwrap()
}

pub(super) fn with_basic(path: &str, pair: &str) -> Builder {
    Request::post(path)
        .header(header::AUTHORIZATION, basic(pair))
        .header(CONTENT_TYPE, FORM)
}
