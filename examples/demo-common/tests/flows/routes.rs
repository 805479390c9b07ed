//! The demo's own routes.

use serde_json::json;

use super::server::Server;

pub(crate) fn own_routes_answer_alike(program: &str) {
    let server = Server::start(program, "memory:", &[]);
    let health = server.get("/healthz").send().expect(200);
    assert_eq!(health.json(), json!({ "status": "ok" }));
    assert_eq!(health.header("content-type"), Some("application/json"));
    let head = server.request("HEAD", "/healthz").send().expect(200);
    assert_eq!(head.body, "");
    assert_eq!(
        head.header("content-length"),
        health.header("content-length")
    );

    nobody(&server);
    somebody(&server);
    metrics(&server);
    wrong_ways(&server);
    an_issuer(program);
}

fn an_issuer(program: &str) {
    let issuer = "http://localhost/demo";
    let server = Server::start(program, "memory:", &["--issuer", issuer]);
    for path in [
        "/.well-known/oauth-authorization-server/demo",
        "/demo/.well-known/openid-configuration",
    ] {
        let document = server.get(path).send().expect(200).json();
        assert_eq!(document["issuer"], issuer);
        let keys = "http://localhost/.well-known/jwks.json";
        assert_eq!(document["jwks_uri"], keys);
        let token = "http://localhost/auth/jwt/login";
        assert_eq!(document["token_endpoint"], token);
    }
    let form = "grant_type=password&username=alice&password=wonderland";
    let pair = server.post("/auth/jwt/login").form(form).send().expect(200);
    let access = pair.text("/access_token");
    let me = server.get("/me").bearer(&access).send().expect(200).json();
    assert_eq!(me["iss"], issuer);
}

/// What came until now, and nothing of whom.
fn metrics(server: &Server) {
    let answer = server.get("/metrics").send().expect(200);
    let content_type = answer.header("content-type").unwrap();
    assert!(content_type.starts_with("text/plain; version=0.0.4"));
    for series in [
        r#"portcullis_requests_total{outcome="accepted",reason="none"}"#,
        r#"portcullis_requests_total{outcome="refused",reason="missing_credentials"}"#,
        r#"portcullis_requests_total{outcome="refused",reason="revoked"}"#,
        r#"portcullis_endpoint_requests_total{endpoint="token",outcome="answered",reason="none"}"#,
        r#"portcullis_store_operation_duration_seconds_bucket{operation="create",outcome="ok",le="+Inf"}"#,
        r#"portcullis_rotations_total{outcome="reused",reason="none"} 0"#,
        "portcullis_revocation_snapshot_timestamp_seconds",
        "# HELP portcullis_sessions_opened_total sessions that were opened",
    ] {
        assert!(answer.body.contains(series), "{series}: {}", answer.body);
    }
    assert!(!answer.body.contains("alice"), "{}", answer.body);
}

fn nobody(server: &Server) {
    let maybe = server.get("/maybe").send().expect(200);
    assert_eq!(maybe.body, r#"{"authenticated":false}"#);
    server.get("/maybe").bearer("rubbish").send().expect(401);
    server
        .get("/maybe")
        .header("Authorization", "Bearer")
        .send()
        .expect(400);
    for path in [
        "/me",
        "/scoped/read",
        "/fresh",
        "/api/stations",
        "/v1/sites",
        "/sessions",
        "/demo/events",
    ] {
        let refused = server.get(path).send().expect(401);
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer realm="), "{challenge}");
        assert!(!challenge.contains("error"), "{challenge}");
        let head = server.request("HEAD", path).send().expect(401);
        assert_eq!(head.body, "");
    }
    let keys = server.get("/.well-known/jwks.json").send().expect(200);
    assert_eq!(
        keys.json(),
        json!({ "keys": [] }),
        "a secret is in no key set"
    );
}

fn somebody(server: &Server) {
    let form = "grant_type=password&username=alice&password=wonderland&scope=demo:read";
    let pair = server.post("/auth/jwt/login").form(form).send().expect(200);
    let access = pair.text("/access_token");
    let maybe = server
        .get("/maybe")
        .bearer(&access)
        .send()
        .expect(200)
        .json();
    assert_eq!(maybe["authenticated"], true);
    assert_eq!(maybe["subject"], "alice");
    let me = server.get("/me").bearer(&access).send().expect(200).json();
    assert_eq!(maybe["claims"], me);
    let sessions = server
        .get("/sessions")
        .bearer(&access)
        .send()
        .expect(200)
        .json();
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1));
    // A token of the password-grant API is none of the session API.
    server
        .get("/api/stations")
        .bearer(&access)
        .send()
        .expect(401);
    server.get("/fresh").bearer(&access).send().expect(401);
    server.get("/v1/sites").bearer(&access).send().expect(401);

    server.post("/logout").bearer(&access).send().expect(204);
    server.get("/me").bearer(&access).send().expect(401);
    server.post("/logout").bearer(&access).send().expect(204);
    let refresh = pair.text("/refresh_token");
    server
        .post("/auth/jwt/refresh")
        .header("refresh-token", &refresh)
        .send()
        .expect(400);
}

fn wrong_ways(server: &Server) {
    for path in [
        "/nowhere",
        "/console",
        "/console/",
        "/console/../Cargo.toml",
        "/me/",
        "/v1",
        "/v1/",
        "/v1/a/b",
        "/scoped",
        "/healthz/x",
    ] {
        let missing = server.get(path).send().expect(404);
        assert_eq!(missing.body, r#"{"error":"not_found"}"#, "{path}");
    }
    for path in [
        "/",
        "/console/console.js",
        "/demo/settings",
        "/demo/events",
        "/healthz",
        "/metrics",
        "/me",
        "/maybe",
        "/scoped/read",
        "/fresh",
        "/api/stations",
        "/v1/x",
    ] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let refused = server.request(method, path).send().expect(405);
            assert_eq!(
                refused.header("allow"),
                Some("GET, HEAD"),
                "{method} {path}"
            );
            assert_eq!(
                refused.body, r#"{"error":"method_not_allowed"}"#,
                "{method} {path}"
            );
        }
    }
    let refused = server.get("/logout").send().expect(405);
    assert_eq!(refused.header("allow"), Some("POST"));
}
