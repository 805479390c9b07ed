//! From a request to an answer.

use std::{io::Write as _, sync::Arc};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use portcullis::jose::encode_segment;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    answer::{Answer, Delivery, matches_etag},
    body::{Cut, ScriptedBody},
    clients::ClientAuth,
    grants,
    layout::Endpoint,
    requests::ReceivedRequest,
    state::{Shared, State},
};

/// No request of a test is longer.
const MAX_REQUEST: usize = 1024 * 1024;

/// Answers one request, or has the connection closed.
pub(super) async fn respond(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<ScriptedBody>, Cut> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_REQUEST).collect().await;
    let body = body.map_err(|_| Cut)?.to_bytes();
    let request = received(&shared, ReceivedRequest::new(head, body));
    let path = request.path();
    let gate = shared.lock().gate(path);
    if let Some(gate) = gate {
        gate.pass(&shared.signal).await;
    }
    let (usual, told) = {
        let mut state = shared.lock();
        let told = state.take_answer(path).unwrap_or_default();
        (usual(&shared, &state, &request), told)
    };
    finish(&shared, &request, usual, told)
}

/// Writes down that it has come.
fn received(shared: &Shared, request: ReceivedRequest) -> ReceivedRequest {
    let mut state = shared.lock();
    let layout = &shared.layout;
    let endpoints = [Endpoint::Introspection, Endpoint::Token];
    let mut paths = endpoints.iter().filter_map(|one| layout.path_of(one));
    let request = if paths.any(|path| path == request.path()) {
        // RFC 7523 section 3 names the token endpoint, its successor the issuer.
        let mut audiences = vec![layout.name()];
        audiences.extend(endpoints.iter().filter_map(|one| layout.url_of(one)));
        let (headers, body) = (request.headers(), request.body());
        let client = state
            .clients
            .authenticate(headers, body, &audiences, &shared.tokens.clock);
        request.with_client(client)
    } else {
        request
    };
    state.requests.push(request.clone());
    drop(state);
    shared.signal.notify();
    request
}

/// What is answered when nobody says otherwise.
struct Usual {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Usual {
    fn json(status: StatusCode, text: String) -> Self {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        Self {
            status,
            headers,
            body: text.into(),
        }
    }

    fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    fn with(mut self, name: header::HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}

fn usual(shared: &Shared, state: &State, request: &ReceivedRequest) -> Usual {
    let is_at = |endpoint| shared.layout.path_of(&endpoint).as_deref() == Some(request.path());
    let authorization = request.header("authorization");
    if !state.admits(request.path(), authorization) {
        return Usual::empty(StatusCode::UNAUTHORIZED).with(header::WWW_AUTHENTICATE, "Bearer");
    }
    if is_at(Endpoint::Metadata) {
        document(request, || shared.metadata(state).to_string())
    } else if is_at(Endpoint::Keys) {
        document(request, || state.keys.document())
    } else if is_at(Endpoint::Introspection) {
        let answer = for_client(request, |_| introspection(shared, state, request));
        answer.with(header::CACHE_CONTROL, "no-store")
    } else if is_at(Endpoint::Token) {
        let answer = for_client(request, |client| token(shared, state, request, client));
        answer.with(header::CACHE_CONTROL, "no-store")
    } else {
        Usual::empty(StatusCode::NOT_FOUND)
    }
}

fn document(request: &ReceivedRequest, text: impl FnOnce() -> String) -> Usual {
    if request.method() == Method::GET {
        Usual::json(StatusCode::OK, text())
    } else {
        Usual::empty(StatusCode::METHOD_NOT_ALLOWED).with(header::ALLOW, "GET")
    }
}

/// What a client that said who it is gets for its form.
fn for_client(request: &ReceivedRequest, answer: impl FnOnce(&ClientAuth) -> Usual) -> Usual {
    if request.method() != Method::POST {
        return Usual::empty(StatusCode::METHOD_NOT_ALLOWED).with(header::ALLOW, "POST");
    }
    let Some(client) = request.client() else {
        return error(StatusCode::UNAUTHORIZED, "invalid_client")
            .with(header::WWW_AUTHENTICATE, "Basic realm=\"issuer\"");
    };
    let form = "application/x-www-form-urlencoded";
    let is_form = request.header("content-type").is_some_and(|value| {
        let media_type = value.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case(form)
    });
    match is_form {
        true => answer(client),
        false => error(StatusCode::BAD_REQUEST, "invalid_request"),
    }
}

/// RFC 7662 section 2.
fn introspection(shared: &Shared, state: &State, request: &ReceivedRequest) -> Usual {
    match request.field("token") {
        Some(token) => {
            let answer = state.tokens.introspect(&token, &state.keys, shared.now());
            Usual::json(StatusCode::OK, answer.to_string())
        }
        None => error(StatusCode::BAD_REQUEST, "invalid_request"),
    }
}

/// RFC 6749 section 5.
fn token(shared: &Shared, state: &State, request: &ReceivedRequest, client: &ClientAuth) -> Usual {
    let mint = shared.mint(state.keys.current());
    match grants::answer(&mint, shared.tokens.ttl, client.id(), |name| {
        request.field(name)
    }) {
        Ok(answer) => Usual::json(StatusCode::OK, answer.to_string()),
        Err(code) => error(StatusCode::BAD_REQUEST, code),
    }
}

/// RFC 6749 section 5.2.
fn error(status: StatusCode, code: &str) -> Usual {
    Usual::json(status, json!({"error": code}).to_string())
}

/// The usual answer, as it was told to be.
fn finish(
    shared: &Shared,
    request: &ReceivedRequest,
    usual: Usual,
    told: Answer,
) -> Result<Response<ScriptedBody>, Cut> {
    if matches!(told.delivery, Delivery::Closed) {
        return Err(Cut);
    }
    let mut body = told.body.unwrap_or(usual.body);
    let mut headers = usual.headers;
    for (name, _) in &told.headers {
        headers.remove(name);
    }
    for (name, value) in told.headers {
        headers.append(name, value);
    }
    if told.has_etag {
        headers.insert(header::ETAG, etag(&body)?);
    }
    let mut status = told.status.unwrap_or(usual.status);
    let named = headers.get(header::ETAG);
    if status == StatusCode::OK && named.is_some_and(|etag| matches_etag(request.headers(), etag)) {
        status = StatusCode::NOT_MODIFIED;
        headers.remove(header::CONTENT_TYPE);
        body = Bytes::new();
    } else if told.is_zipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        body = zipped(&body)?;
    }
    let body = ScriptedBody::new(body, told.delivery, &shared.signal);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn etag(body: &[u8]) -> Result<HeaderValue, Cut> {
    let tag = format!("\"{}\"", encode_segment(&Sha256::digest(body)));
    HeaderValue::from_str(&tag).map_err(|_| Cut)
}

fn zipped(body: &[u8]) -> Result<Bytes, Cut> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).map_err(|_| Cut)?;
    Ok(encoder.finish().map_err(|_| Cut)?.into())
}
