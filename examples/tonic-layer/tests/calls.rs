//! The example, with a real client of gRPC, and a bare one.

#![allow(clippy::unwrap_used)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures_util::stream;
use portcullis::{
    guard::Authenticator,
    policy::Policy,
    verify::{Status as TokenState, TokenStatus, Verified},
};
use portcullis_testing::{clock::FakeClock, mint::Mint};
use portcullis_tower::AuthLayer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tonic::{
    Code, Request, Status,
    metadata::MetadataMap,
    service::LayerExt,
    transport::{Channel, Server, server::TcpIncoming},
};
use tonic_layer::api::{FindRequest, Reading, WatchRequest, stations_client::StationsClient};

/// What the tests know of a running service.
struct Site {
    address: SocketAddr,
    clock: FakeClock,
    mint: Mint,
}

/// Says of each token what stands in it.
struct Told;

impl TokenStatus for Told {
    fn status(&self, token: &Verified) -> TokenState {
        let claims: serde_json::Value = token.claims().unwrap();
        let state = claims["x-status"].as_str().unwrap_or_default().to_owned();
        // Somebody else is asked.
        TokenState::Pending(Box::pin(async move {
            tokio::task::yield_now().await;
            match state.as_str() {
                "revoked" => TokenState::Revoked,
                "unknown" => TokenState::Unknown,
                _ => TokenState::Clear,
            }
        }))
    }
}

async fn listen() -> (TcpIncoming, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (TcpIncoming::from(listener), address)
}

impl Site {
    async fn new() -> Self {
        let clock = FakeClock::new();
        let mint = Mint::new().clock(clock.shared());
        let verifier = mint.verifier_builder().status(Told).build().unwrap();
        let (incoming, address) = listen().await;
        let server = Server::builder()
            .accept_http1(true)
            .layer(tonic_layer::layer(verifier))
            .add_routes(tonic_layer::routes().unwrap())
            .serve_with_incoming(incoming);
        tokio::spawn(async { server.await.unwrap() });
        Self {
            address,
            clock,
            mint,
        }
    }

    async fn client(&self) -> StationsClient<Channel> {
        let url = format!("http://{}", self.address);
        StationsClient::connect(url).await.unwrap()
    }

    fn bearer(&self) -> String {
        self.mint.token("alice").bearer()
    }

    fn bearer_that_is(&self, state: &str) -> String {
        self.mint.token("alice").claim("x-status", state).bearer()
    }

    fn bearer_for(&self, scope: &str) -> String {
        self.mint.token("alice").claim("scope", scope).bearer()
    }
}

fn with<T>(authorization: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if !authorization.is_empty() {
        let value = authorization.parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    request
}

fn find() -> FindRequest {
    FindRequest {
        name: "zugspitze".to_owned(),
    }
}

fn field<'m>(metadata: &'m MetadataMap, name: &str) -> Option<&'m str> {
    metadata.get(name).map(|value| value.to_str().unwrap())
}

/// What a client sees of a refusal.
fn seen(status: &Status) -> (Code, &str, Option<&str>) {
    let challenge = field(status.metadata(), "www-authenticate");
    (status.code(), status.message(), challenge)
}

const BEARER: &str = r#"Bearer realm="api""#;

/// Credentials and what every call is told of them.
fn refusals(site: &Site) -> Vec<(String, Code, &'static str, Option<String>)> {
    let challenge = |error: &str| Some(format!(r#"{BEARER}, error="{error}""#));
    let bad = || challenge("invalid_token");
    let expired = site.mint.token("alice").expired().bearer();
    vec![
        (
            String::new(),
            Code::Unauthenticated,
            "Authentication required",
            Some(BEARER.to_owned()),
        ),
        (
            "Bearer".to_owned(),
            Code::Unauthenticated,
            "the credentials are malformed",
            challenge("invalid_request"),
        ),
        (
            "Bearer x".to_owned(),
            Code::Unauthenticated,
            "Invalid token",
            bad(),
        ),
        (expired, Code::Unauthenticated, "Invalid token", bad()),
        (
            site.bearer_that_is("revoked"),
            Code::Unauthenticated,
            "Invalid token",
            bad(),
        ),
        (
            site.bearer_that_is("unknown"),
            Code::Unavailable,
            "Temporarily unavailable",
            None,
        ),
    ]
}

#[tokio::test]
async fn a_call_passes_or_is_told_why_not() {
    let site = Site::new().await;
    let mut client = site.client().await;
    let answer = client.find(with(&site.bearer(), find())).await.unwrap();
    let station = answer.into_inner();
    assert_eq!(
        (station.name.as_str(), station.found_by.as_str()),
        ("zugspitze", "alice")
    );
    for (credentials, code, message, challenge) in refusals(&site) {
        let status = client.find(with(&credentials, find())).await.unwrap_err();
        assert_eq!(seen(&status), (code, message, challenge.as_deref()));
        let retry_after = (code == Code::Unavailable).then_some("1");
        assert_eq!(field(status.metadata(), "retry-after"), retry_after);
    }
}

#[tokio::test]
async fn a_stream_of_answers_is_refused_before_it_begins() {
    let site = Site::new().await;
    let mut client = site.client().await;
    for (credentials, code, message, challenge) in refusals(&site) {
        let request = with(&credentials, WatchRequest::default());
        let status = client.watch(request).await.unwrap_err();
        assert_eq!(seen(&status), (code, message, challenge.as_deref()));
    }
    let request = with(&site.bearer(), WatchRequest::default());
    let mut readings = client.watch(request).await.unwrap().into_inner();
    let first = readings.message().await.unwrap().unwrap();
    assert_eq!(first, Reading { celsius: 20 });
}

/// However much the client still has to say.
#[tokio::test]
async fn a_stream_of_requests_is_refused_at_once() {
    let site = Site::new().await;
    let mut client = site.client().await;
    for (credentials, code, message, challenge) in refusals(&site) {
        let request = with(&credentials, stream::pending());
        let status = client.record(request).await.unwrap_err();
        assert_eq!(seen(&status), (code, message, challenge.as_deref()));
    }
    // By the handler.
    let read = site.bearer_for("stations:read");
    let request = with(&read, stream::pending());
    let status = client.record(request).await.unwrap_err();
    let challenge = format!(r#"{BEARER}, error="insufficient_scope", scope="stations:write""#);
    assert_eq!(
        seen(&status),
        (
            Code::PermissionDenied,
            "Insufficient scope",
            Some(challenge.as_str())
        )
    );
    let write = site.bearer_for("stations:write");
    let readings = stream::iter([Reading { celsius: 1 }, Reading { celsius: 2 }]);
    let answer = client.record(with(&write, readings)).await.unwrap();
    assert_eq!(answer.into_inner().count, 2);
}

/// The clock goes on whenever nobody else can.
#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_token() {
    let site = Site::new().await;
    let mut client = site.client().await;
    let request = with(&site.bearer(), WatchRequest::default());
    let mut readings = client.watch(request).await.unwrap().into_inner();
    assert!(readings.message().await.unwrap().is_some());
    site.clock.advance(Duration::from_secs(24 * 3600));
    let status = loop {
        match readings.message().await {
            Ok(reading) => assert!(reading.is_some(), "it ends without a word"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(status.message(), "the token has expired");
}

/// Around one service of several, and with a policy.
#[tokio::test]
async fn a_layer_may_be_around_one_service() {
    use tonic_layer::api::stations_server::{Stations, StationsServer};

    struct Nothing;

    #[tonic::async_trait]
    impl Stations for Nothing {
        async fn find(
            &self,
            _: Request<FindRequest>,
        ) -> Result<tonic::Response<tonic_layer::api::Station>, Status> {
            Ok(tonic::Response::new(Default::default()))
        }

        type WatchStream = stream::Empty<Result<Reading, Status>>;

        async fn watch(
            &self,
            _: Request<WatchRequest>,
        ) -> Result<tonic::Response<Self::WatchStream>, Status> {
            Ok(tonic::Response::new(stream::empty()))
        }

        async fn record(
            &self,
            _: Request<tonic::Streaming<Reading>>,
        ) -> Result<tonic::Response<tonic_layer::api::Recorded>, Status> {
            Ok(tonic::Response::new(Default::default()))
        }
    }

    let mint = Mint::new();
    let read = Policy::scope("read").unwrap();
    let layer = AuthLayer::new(mint.verifier()).require(read).grpc();
    let (incoming, address) = listen().await;
    let server = Server::builder()
        .add_service(layer.named_layer(StationsServer::new(Nothing)))
        .serve_with_incoming(incoming);
    tokio::spawn(async { server.await.unwrap() });
    let url = format!("http://{address}");
    let mut client = StationsClient::connect(url).await.unwrap();
    let alice = mint.token("alice");
    let status = client.find(with(&alice.clone().bearer(), find())).await;
    assert_eq!(status.unwrap_err().code(), Code::PermissionDenied);
    let read = alice.claim("scope", "read").bearer();
    assert!(client.find(with(&read, find())).await.is_ok());
}

/// A request on a connection of its own, and the whole answer.
async fn exchange(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{head}\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// A page's `fetch`, which may come by HTTP/1.1.
#[tokio::test]
async fn grpc_web_is_told_in_the_header() {
    let site = Site::new().await;
    let post = "POST /stations.v1.Stations/Find HTTP/1.1";
    for media_type in ["application/grpc-web+proto", "application/grpc-web-text"] {
        let head = format!("{post}\r\ncontent-type: {media_type}");
        let answer = exchange(site.address, &head).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some("HTTP/1.1 200 OK"));
        let lines: Vec<_> = lines.collect();
        for field in [
            &format!("content-type: {media_type}"),
            "grpc-status: 16",
            "grpc-message: Authentication required",
            r#"www-authenticate: Bearer realm="api""#,
        ] {
            assert!(lines.contains(&field), "{field}: {lines:?}");
        }
        assert_eq!(body, "");
    }
}

/// What is no call of gRPC gets the same answer as from any other service, body and all.
#[tokio::test]
async fn others_are_told_by_http() {
    let site = Site::new().await;
    for head in [
        "GET /stations.v1.Stations/Find HTTP/1.1\r\ncontent-type: application/grpc",
        "POST /stations.v1.Stations/Find HTTP/1.1\r\ncontent-type: application/json",
    ] {
        let answer = exchange(site.address, head).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(answer.ends_with(r#"{"error":"unauthorized"}"#), "{answer}");
        assert!(!answer.contains("grpc-"), "{answer}");
    }
}

/// A proxy that asks by ForwardAuth or `auth_request` lets in who gets a 2xx: without the
/// setting nobody gets one for a media type.
#[tokio::test]
async fn a_layer_without_the_setting_answers_with_http_statuses() {
    let mint = Mint::new();
    // As a router of axum's, tonic's services have a body that is made of bytes.
    let routes = tonic_layer::routes().unwrap().into_axum_router();
    let service = AuthLayer::new(Authenticator::new(mint.verifier()));
    let (incoming, address) = listen().await;
    let server = Server::builder()
        .accept_http1(true)
        .layer(service)
        .serve_with_incoming(routes, incoming);
    tokio::spawn(async { server.await.unwrap() });
    for method in ["GET", "POST"] {
        let head = format!("{method} /auth HTTP/1.1\r\ncontent-type: application/grpc");
        let answer = exchange(address, &head).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(!answer.contains("grpc-status"), "{answer}");
    }
}
