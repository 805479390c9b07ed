//! Tokens of other issuers.

use std::{
    thread,
    time::{Duration, Instant},
};

use portcullis::jose::Algorithm;
use portcullis_testing::{
    issuer::{Endpoint, FakeIssuer},
    keys,
};
use serde_json::json;

use super::{
    client,
    http::Answer,
    server::{Server, failure},
};

const AUDIENCE: &str = "https://api.test";
const RESOURCE: &str = "http://localhost/files";

/// Within which an issuer that is there again is asked again.
const BOUND: Duration = Duration::from_secs(60);

pub(crate) fn tokens_of_trusted_issuers_are_taken(program: &str) {
    let one = FakeIssuer::builder().audience(AUDIENCE).start();
    let two = FakeIssuer::builder()
        .path("/realms/two/")
        .audience("two")
        .start();
    one.go_offline();
    let trust = |issuer: &FakeIssuer, audience: &str| format!("{}={audience}", issuer.name());
    let server = Server::start(
        program,
        "memory:",
        &[
            "--trust",
            &trust(&one, AUDIENCE),
            "--trust",
            &trust(&two, "two"),
            "--trust",
            &trust(&two, "zwei"),
            "--resource",
            RESOURCE,
        ],
    );
    assert_eq!(two.count(Endpoint::Keys), 0, "nobody has shown a token yet");
    starts_while_an_issuer_is_down(&server, &one);
    opens_what_is_open_to_anybody(&server, &one);
    refuses_what_is_not_meant(&server, &one, &two);
    tells_clients_where_tokens_are(&server, &one, &two);
    assert_eq!(server.terminate().code(), Some(0));
    an_issuer_elsewhere_needs_tls(program);
}

fn me(server: &Server, token: &str) -> Answer {
    server.get("/me").bearer(token).send()
}

fn starts_while_an_issuer_is_down(server: &Server, issuer: &FakeIssuer) {
    let token = issuer.token("alice").build();
    let unavailable = me(server, &token).expect(503);
    assert!(unavailable.header("www-authenticate").is_none());
    assert!(unavailable.header("retry-after").is_some());
    // Whom the demo knows itself it needs nobody for.
    let pair = client::log_in(server);
    assert!(client::accepts(server, &pair.access));

    issuer.go_online();
    let start = Instant::now();
    loop {
        let answer = me(server, &token);
        if answer.status == 200 {
            break;
        }
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(start.elapsed() < BOUND, "{answer:?}");
        thread::sleep(Duration::from_millis(200));
    }
}

fn opens_what_is_open_to_anybody(server: &Server, issuer: &FakeIssuer) {
    let token = issuer.token("alice").claim("scope", "demo:read").build();
    let claims = me(server, &token).expect(200).json();
    assert_eq!(claims["iss"], issuer.name());
    assert_eq!(claims["sub"], "alice");
    let maybe = server.get("/maybe").bearer(&token).send().expect(200);
    assert_eq!(maybe.json()["subject"], "alice");
    let read = server.get("/scoped/read").bearer(&token).send();
    read.expect(200);
    let without = issuer.token("alice").build();
    let refused = server.get("/scoped/read").bearer(&without).send();
    refused.expect(403);
}

fn refuses_what_is_not_meant(server: &Server, one: &FakeIssuer, two: &FakeIssuer) {
    for audience in ["two", "zwei"] {
        let token = two.token("bob").audience(audience).build();
        let claims = me(server, &token).expect(200).json();
        assert_eq!(claims["iss"], two.name());
    }
    for refused in [
        two.token("bob").audience(AUDIENCE),
        one.token("bob").audience("two"),
        one.token("bob").forged_by(&one.unknown_key()),
        // Each issuer's keys are for its own tokens.
        one.token("bob").forged_by(&two.signing_key()),
        one.token("bob").expired(),
    ] {
        let refused = me(server, &refused.build()).expect(401);
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.contains("invalid_token"), "{challenge}");
    }
    let token = one.token("alice").build();
    for path in ["/api/stations", "/fresh", "/v1/sites", "/sessions"] {
        server.get(path).bearer(&token).send().expect(401);
    }
}

fn tells_clients_where_tokens_are(server: &Server, one: &FakeIssuer, two: &FakeIssuer) {
    let path = "/.well-known/oauth-protected-resource/files";
    let challenge = server.get("/me").send().expect(401);
    let challenge = challenge.header("www-authenticate").unwrap();
    let named = format!("resource_metadata=\"http://localhost{path}\"");
    assert!(challenge.contains(&named), "{challenge}");
    let document = server.get(path).send().expect(200).json();
    assert_eq!(document["resource"], RESOURCE);
    assert_eq!(document["scopes_supported"], json!(["demo:read"]));
    let mut servers = [one.name(), two.name()];
    servers.sort();
    assert_eq!(document["authorization_servers"], json!(servers));
}

const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const CLIENT: &str = "6731de76-14a6-49ae-97bc-6eba6914391e";
const OBJECT: &str = "00000000-0000-0000-66f3-3332eca7ea81";

pub(crate) fn people_of_a_tenant_sign_on(program: &str) {
    let entra = FakeIssuer::builder()
        .path(&format!("/{TENANT}/v2.0"))
        .key(keys::signing(Algorithm::RS256))
        .audience(CLIENT)
        .start();
    let server = Server::start(
        program,
        "memory:",
        &[
            "--entra",
            &format!("{TENANT}:{CLIENT}"),
            "--entra-base-url",
            &format!("http://{}", entra.address()),
        ],
    );
    let id_token = |object: &str| {
        let draft = entra.token("pairwise").claim("ver", "2.0");
        let draft = draft.claim("tid", TENANT).claim("oid", object);
        draft.header("typ", "JWT").without("jti")
    };
    let sign_on = |token: &str| server.post("/api/users/sso").bearer(token).send();

    let token = id_token(OBJECT).build();
    let pair = sign_on(&token).expect(200);
    let access = pair.text("/accessToken");
    let stations = server.get("/api/stations").bearer(&access).send();
    let name = format!("entra:{TENANT}:{OBJECT}");
    assert_eq!(stations.expect(200).text("/identity"), name);
    // Nobody showed us a password.
    server.get("/fresh").bearer(&access).send().expect(401);
    // A lost answer is asked for again: one token, one session.
    let again = sign_on(&token).expect(200);
    assert_eq!(again.text("/refreshToken"), pair.text("/refreshToken"));
    let refresh = pair.text("/refreshToken");
    let refreshed = server.post("/api/users/refresh").bearer(&refresh).send();
    let refreshed = refreshed.expect(200).text("/accessToken");
    server.get("/me").bearer(&refreshed).send().expect(200);

    for refused in [
        id_token(OBJECT).claim("tid", OBJECT),
        id_token(OBJECT).audience(OBJECT),
        id_token(OBJECT).claim("scp", "access"),
        id_token(OBJECT).without("oid"),
        id_token(OBJECT).expired(),
        id_token(OBJECT).forged_by(&keys::untrusted(Algorithm::RS256)),
    ] {
        sign_on(&refused.build()).expect(401);
    }
    // What opens a session opens nothing else.
    server.get("/me").bearer(&token).send().expect(401);
    assert_eq!(server.terminate().code(), Some(0));
}

fn an_issuer_elsewhere_needs_tls(program: &str) {
    let (code, text) = failure(program, "memory:", &["--trust", "http://a.example=api"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("--trust") && text.contains("https://"),
        "{text}"
    );
}
