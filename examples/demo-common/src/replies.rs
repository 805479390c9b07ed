//! What the demo's own routes answer: written once, so that the three servers
//! answer alike.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use portcullis::{policy::RequiredScopes, verify::Verified};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

/// The scope that `GET /scoped/read` demands.
#[derive(Clone, Copy, Debug)]
pub struct DemoRead;

impl RequiredScopes for DemoRead {
    const SCOPES: &'static [&'static str] = &["demo:read"];
}

/// What the stations ask of a token of the session API.
#[derive(Clone, Debug, Deserialize)]
pub struct SessionClaims {
    /// The user.
    pub identity: String,
    /// Whether a login gave the token.
    pub fresh: bool,
}

/// What the resources ask of a token of the API-key API.
#[derive(Clone, Debug, Deserialize)]
pub struct ApiKeyClaims {
    /// The API id.
    pub api_id: String,
    /// The organisation to which it belongs.
    pub organization_id: String,
}

/// `GET /healthz`: the server serves.
pub fn healthz() -> Response<Bytes> {
    ok(&json!({ "status": "ok" }))
}

/// `GET /me`: the verified claims, as they are in the token.
pub fn me(token: &Verified) -> Response<Bytes> {
    let claims = Bytes::copy_from_slice(token.claims_json().as_bytes());
    json_response(StatusCode::OK, claims)
}

/// `GET /maybe`: who asks, if anybody.
pub fn maybe(token: Option<&Verified>) -> Response<Bytes> {
    let Some(token) = token else {
        return ok(&json!({ "authenticated": false }));
    };
    ok(&Somebody {
        authenticated: true,
        subject: token.subject_name(),
        claims: serde_json::from_str(token.claims_json()).ok(),
    })
}

#[derive(Serialize)]
struct Somebody<'a> {
    authenticated: bool,
    subject: Option<&'a str>,
    // As they are in the token, numbers included.
    claims: Option<&'a RawValue>,
}

/// `GET /scoped/read`: for tokens with the scope `demo:read`.
pub fn scoped_read(token: &Verified) -> Response<Bytes> {
    ok(&json!({
        "subject": token.subject_name(),
        "scope": token.scope().as_str(),
    }))
}

/// `GET /fresh`: for tokens that a login gave.
pub fn fresh(token: &SessionClaims) -> Response<Bytes> {
    ok(&json!({ "identity": token.identity, "fresh": token.fresh }))
}

/// `GET /api/stations`: the resource of the session API.
pub fn stations(token: &SessionClaims) -> Response<Bytes> {
    ok(&json!({
        "identity": token.identity,
        "stations": [
            { "id": 1, "name": "North gate" },
            { "id": 2, "name": "South gate" },
        ],
    }))
}

/// `GET /v1/{resource}`: a resource of the API-key API, by its path.
pub fn resource(token: &ApiKeyClaims, path: &str) -> Response<Bytes> {
    let name = path.strip_prefix("/v1/").unwrap_or(path);
    ok(&json!({
        "result": {
            "resource": name,
            "api_id": token.api_id,
            "organization_id": token.organization_id,
        },
    }))
}

/// There is nothing at this path.
pub fn not_found() -> Response<Bytes> {
    problem(StatusCode::NOT_FOUND, "not_found")
}

/// There is something at this path, to be read with GET and HEAD.
pub fn method_not_allowed() -> Response<Bytes> {
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
    let methods = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(header::ALLOW, methods);
    response
}

/// JSON that is there already.
pub(crate) fn json(body: Bytes) -> Response<Bytes> {
    json_response(StatusCode::OK, body)
}

fn problem(status: StatusCode, error: &str) -> Response<Bytes> {
    json_response(status, json!({ "error": error }).to_string().into())
}

fn ok(body: &impl Serialize) -> Response<Bytes> {
    match serde_json::to_vec(body) {
        Ok(body) => json_response(StatusCode::OK, body.into()),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    }
}

fn json_response(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    // What is answered depends on who asks.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
