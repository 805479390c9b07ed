//! The three reference APIs, as their documentation has them.

use serde_json::json;

use super::{client, server::Server};

pub(crate) fn session_api(program: &str) {
    let server = Server::start(program, "memory:", &[]);
    let pair = log_in(&server, "alice", "wonderland");
    assert_eq!(pair.json()["login"], true);
    assert_eq!(pair.header("cache-control"), Some("no-store"));
    let (access, refresh) = (pair.text("/accessToken"), pair.text("/refreshToken"));

    let stations = server
        .get("/api/stations")
        .bearer(&access)
        .send()
        .expect(200);
    assert_eq!(stations.json()["identity"], "alice");
    server.get("/fresh").bearer(&access).send().expect(200);
    server
        .get("/api/stations")
        .bearer(&refresh)
        .send()
        .expect(401);

    let refreshed = server
        .post("/api/users/refresh")
        .bearer(&refresh)
        .send()
        .expect(200);
    let second = refreshed.text("/accessToken");
    server
        .get("/api/users/refresh")
        .bearer(&refresh)
        .send()
        .expect(200);
    server
        .get("/api/stations")
        .bearer(&second)
        .send()
        .expect(200);
    let stale = server.get("/fresh").bearer(&second).send().expect(401);
    let challenge = stale.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("insufficient_user_authentication"),
        "{challenge}"
    );

    let refused = server.post("/api/users/login").json(json!({
        "username": "alice",
        "password": "wrong",
    }));
    let refused = refused.send().expect(401);
    assert_eq!(
        refused.json(),
        json!({ "login": false, "error": "invalid_credentials" })
    );

    let forbidden = server.post("/api/users/application-token").bearer(&refresh);
    forbidden.send().expect(403);
    let robot = log_in(&server, "robot", "beep-boop").text("/refreshToken");
    let issued = server
        .post("/api/users/application-token")
        .bearer(&robot)
        .send();
    let application = issued.expect(200).text("/token");
    let claims = server
        .get("/me")
        .bearer(&application)
        .send()
        .expect(200)
        .json();
    assert_eq!(claims["identity"], "robot");
    assert!(claims.get("exp").is_none());
    server
        .get("/api/stations")
        .bearer(&application)
        .send()
        .expect(200);

    // A token of a program does not end its owner's sessions.
    server
        .post("/logout/all")
        .bearer(&application)
        .send()
        .expect(403);
    // Out everywhere: the token that never expires goes, too.
    server.post("/logout/all").bearer(&robot).send().expect(204);
    server
        .get("/api/stations")
        .bearer(&application)
        .send()
        .expect(401);
    server
        .post("/api/users/refresh")
        .bearer(&robot)
        .send()
        .expect(401);
    server
        .get("/api/stations")
        .bearer(&access)
        .send()
        .expect(200);
}

fn log_in(server: &Server, name: &str, password: &str) -> super::http::Answer {
    let login = server.post("/api/users/login");
    login
        .json(json!({ "username": name, "password": password }))
        .send()
        .expect(200)
}

pub(crate) fn api_key_api(program: &str) {
    let server = Server::start(program, "memory:", &[]);
    let answer = server
        .post("/v1/authenticate")
        .form("apiid=demo-id&apikey=demo-key")
        .send();
    let answer = answer.expect(200);
    let token = answer.text("/result/authentication_token");
    let lifetime = answer.json()["result"]["expires_in_seconds"]
        .as_u64()
        .unwrap();
    assert!((1790..=1800).contains(&lifetime), "{lifetime}");
    let resource = server
        .get("/v1/sites")
        .header("Authorization", &format!("bearer {token}"));
    let result = resource.send().expect(200).json()["result"].clone();
    assert_eq!(result["organization_id"], "15");
    assert_eq!(result["resource"], "sites");
    let claims = server.get("/me").bearer(&token).send().expect(200).json();
    assert_eq!(claims["aud"], "ApiId");
    assert_eq!(claims["api_id"], "demo-id");
    // Its tokens are good at its own routes only.
    server
        .get("/api/stations")
        .bearer(&token)
        .send()
        .expect(401);
    server
        .post("/v1/authenticate")
        .form("apiid=demo-id&apikey=no")
        .send()
        .expect(401);
    server
        .post("/v1/authenticate")
        .form("apiid=demo-id")
        .send()
        .expect(400);
    server.get("/v1/authenticate").send().expect(405);
}

pub(crate) fn password_grant_api(program: &str) {
    let server = Server::start(program, "memory:", &[]);
    let login = "grant_type=password&username=alice&password=wonderland";
    let pair = server
        .post("/auth/jwt/login")
        .form(&format!("{login}&scope=demo:read"));
    let pair = pair.send().expect(200);
    assert_eq!(pair.text("/token_type"), "bearer");
    let lifetime = pair.json()["expires_in"].as_u64().unwrap();
    assert!((3590..=3600).contains(&lifetime), "{lifetime}");
    let (access, refresh) = (pair.text("/access_token"), pair.text("/refresh_token"));
    server
        .get("/scoped/read")
        .bearer(&access)
        .send()
        .expect(200);
    let claims = server.get("/me").bearer(&access).send().expect(200).json();
    assert_eq!(claims["user_id"], "alice");
    assert_eq!(claims["aud"], json!(["fastapi-users:auth"]));

    let bare = server
        .post("/auth/jwt/login")
        .form(login)
        .send()
        .expect(200);
    let bare = bare.text("/access_token");
    let refused = server.get("/scoped/read").bearer(&bare).send().expect(403);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("scope=\"demo:read\""), "{challenge}");

    let next = server
        .post("/auth/jwt/refresh")
        .header("refresh-token", &refresh)
        .send();
    let second = next.expect(200).text("/refresh_token");
    // A retry within the grace window gets the same answer again.
    let retry = server
        .post("/auth/jwt/refresh")
        .header("refresh-token", &refresh)
        .send();
    assert_eq!(retry.expect(200).text("/refresh_token"), second);
    // For as long as that is so, its successor is given again, too.
    let form = format!("grant_type=refresh_token&refresh_token={second}");
    let rested = server
        .post("/auth/jwt/postman-refresh")
        .form(&form)
        .send()
        .expect(200);
    assert_eq!(rested.text("/refresh_token"), second);
    let rested = rested.text("/access_token");
    server.get("/me").bearer(&rested).send().expect(200);

    confidential_clients(&server, login);
}

pub(crate) fn reuse_ends_the_session(program: &str) {
    let server = Server::start(program, "memory:", &["--grace", "0"]);
    let pair = client::log_in(&server);
    let next = client::refresh(&server, &pair.refresh);
    let form = format!("grant_type=refresh_token&refresh_token={}", next.refresh);
    let last = server
        .post("/auth/jwt/postman-refresh")
        .form(&form)
        .send()
        .expect(200);
    let last = last.text("/refresh_token");
    for token in [&pair.refresh, &last] {
        let refused = client::refresh_request(&server, token).send();
        assert_eq!(refused.expect(400).text("/error"), "invalid_grant");
    }
    for access in [&pair.access, &next.access] {
        assert!(!client::accepts(&server, access));
    }
}

fn confidential_clients(server: &Server, login: &str) {
    let form = format!("{login}&client_id=demo-app&client_secret=wrong");
    let refused = server
        .post("/auth/jwt/login")
        .form(&form)
        .send()
        .expect(401);
    assert_eq!(refused.text("/error"), "invalid_client");
    let form = format!("{login}&client_id=demo-app&client_secret=demo-secret");
    let pair = server
        .post("/auth/jwt/login")
        .form(&form)
        .send()
        .expect(200);
    let refresh = pair.text("/refresh_token");
    let anonymous = server
        .post("/auth/jwt/refresh")
        .header("refresh-token", &refresh);
    anonymous.clone().send().expect(401);
    // demo-app:demo-secret
    let authenticated = anonymous.header("Authorization", "Basic ZGVtby1hcHA6ZGVtby1zZWNyZXQ=");
    authenticated.send().expect(200);
}
