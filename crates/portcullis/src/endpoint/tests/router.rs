//! What the router answers itself.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::Request;

use super::fixture::{Answer, FORM, People, Server};
use crate::{
    challenge::RejectionKind,
    endpoint::{
        ApiKeyApi, BODY_LIMIT, BodyError, EndpointFuture, Endpoints, EndpointsBuilder, RefusalKind,
        SessionApi,
    },
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::Sessions,
};

#[tokio::test]
async fn it_knows_its_paths_and_nothing_else() {
    let server = Server::new().await;
    let paths: Vec<_> = server.endpoints.paths().collect();
    assert_eq!(paths.len(), 13);
    for path in paths {
        assert!(server.endpoints.matches(path));
    }
    for path in [
        "/",
        "/logout/",
        "/LOGOUT",
        "/api/users",
        "//logout",
        "/sessions/1",
    ] {
        assert!(!server.endpoints.matches(path), "{path}");
        let answer = server.send(Request::post(path), "").await;
        answer.is_error(404, "not_found");
    }
    server.send(Request::post("/logout?x=1"), "").await.is(401);
}

#[tokio::test]
async fn another_method_is_told_the_right_one() {
    let server = Server::new().await;
    for (path, allow) in [
        ("/api/users/login", "POST"),
        ("/api/users/refresh", "GET, POST"),
        ("/api/users/application-token", "POST"),
        ("/v1/authenticate", "POST"),
        ("/auth/jwt/login", "POST"),
        ("/auth/jwt/refresh", "POST"),
        ("/auth/jwt/postman-refresh", "POST"),
        ("/logout", "POST"),
        ("/logout/all", "POST"),
        ("/sessions", "GET, HEAD"),
    ] {
        for method in ["PUT", "DELETE", "OPTIONS", "HEAD", "BREW"] {
            let request = Request::builder().method(method).uri(path);
            let answer = server.send(request, "").await;
            if method == "HEAD" && allow.contains("HEAD") {
                answer.is(401);
                continue;
            }
            answer.is(405);
            assert_eq!(answer.header("allow"), Some(allow), "{path}");
        }
    }
}

#[tokio::test]
async fn a_body_may_be_sixteen_kibibytes() {
    let server = Server::new().await;
    let fill = |size: usize| {
        let start = "apiid=alice&apikey=key+1&x=";
        format!("{start}{}", "a".repeat(size - start.len()))
    };
    let path = "/v1/authenticate";
    server.post(path, FORM, &fill(BODY_LIMIT)).await.is(200);
    let answer = server.post(path, FORM, &fill(BODY_LIMIT + 1)).await;
    answer.is_error(413, "content_too_large");
    let answer = server.post("/logout", FORM, &fill(BODY_LIMIT + 1)).await;
    answer.is(413);
}

#[tokio::test]
async fn a_body_that_streams_is_read_and_one_that_breaks_off_is_refused() {
    /// Breaks off at once.
    struct Broken;
    impl http_body::Body for Broken {
        type Data = bytes::Bytes;
        type Error = &'static str;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            Poll::Ready(Some(Err("reset")))
        }
    }
    let server = Server::new().await;
    let request = || Request::post("/v1/authenticate").header("content-type", FORM);
    for (body, status) in [
        ("apiid=alice&apikey=key+1".to_owned(), 200),
        ("a".repeat(3 * BODY_LIMIT), 413),
    ] {
        let answer = server.endpoints.serve(request().body(body).unwrap()).await;
        assert_eq!(answer.status(), status);
    }
    let answer = server.endpoints.serve(request().body(Broken).unwrap());
    Answer(answer.await).is_error(400, "invalid_request");
    let answer = server.endpoints.serve(Request::new(Broken));
    Answer(answer.await).is_error(404, "not_found");
    // What the head is wrong about is said without the body.
    let long = (BODY_LIMIT + 1).to_string();
    for (request, status) in [
        (Request::put("/v1/authenticate"), 405),
        (Request::post("/v1/authenticate"), 415),
        (request().header("content-length", long), 413),
    ] {
        let request = request.body(Broken).unwrap();
        let answer = server.endpoints.serve(request).await;
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn an_adapter_may_read_the_body_itself() {
    let server = Server::new().await;
    let head = |request: http::request::Builder| request.body(()).unwrap().into_parts().0;
    let login = || head(Request::post("/v1/authenticate").header("content-type", FORM));
    for (body, status) in [
        (Ok("apiid=alice&apikey=key+1".into()), 200),
        (Ok("a".repeat(BODY_LIMIT + 1).into()), 413),
        (Err(BodyError::TooLarge), 413),
        (Err(BodyError::Broken), 400),
    ] {
        let accepted = server.endpoints.accept(login()).unwrap();
        assert_eq!(accepted.answer(body).await.status(), status);
    }
    let long = (BODY_LIMIT + 1).to_string();
    for (refused, status) in [
        (Request::post("/elsewhere"), 404),
        (Request::put("/v1/authenticate"), 405),
        (Request::post("/v1/authenticate"), 415),
        (Request::post("/logout").header("content-length", long), 413),
    ] {
        let answer = server.endpoints.accept(head(refused)).unwrap_err();
        assert_eq!(answer.await.status(), status);
    }
    // What is found answers whatever comes.
    let found = server.endpoints.find("/logout").unwrap();
    let elsewhere = Request::post("/elsewhere").body(String::new()).unwrap();
    assert_eq!(found.serve(elsewhere).await.status(), 401);
    assert!(server.endpoints.find("/elsewhere").is_none());
    for (path, status) in [("/logout", 400), ("/elsewhere", 404)] {
        Answer(server.endpoints.bad_request(path)).is(status);
    }
}

#[tokio::test]
async fn the_reason_is_in_the_extensions() {
    let server = Server::new().await;
    let answer = server.bearer("POST", "/logout", "a.b.c").await;
    let kind = answer.0.extensions().get::<RefusalKind>();
    assert_eq!(
        kind,
        Some(&RefusalKind::Rejection(RejectionKind::InvalidToken))
    );
}

#[tokio::test]
async fn paths_are_checked_when_the_endpoints_are_built() {
    let server = Server::new().await;
    let api = || SessionApi::new(server.session.clone());
    let build = |builder: EndpointsBuilder| builder.build().map(|_| ());
    let builder = || Endpoints::builder(People::default());
    assert!(build(builder().session_api(api())).is_ok());
    assert!(build(builder().common_routes()).is_err());
    assert!(build(builder().session_api(api()).session_api(api())).is_err());
    assert!(build(builder().session_api(api()).logout("/api/users/login")).is_err());
    assert!(build(builder().session_api(api().login_path("login"))).is_err());
    assert!(build(builder().session_api(api().login_path("/{login}"))).is_err());
    assert!(build(builder().session_api(api().login_path("/log in"))).is_err());
}

#[tokio::test]
async fn apis_whose_tokens_cannot_be_told_apart_are_refused() {
    let server = Server::new().await;
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
        .shape(TokenShape::api_key())
        .build()
        .unwrap();
    let revocations = server.session.revocations().clone();
    let twin = Sessions::builder(revocations, issuer).build().unwrap();
    let builder = Endpoints::builder(People::default())
        .session_api(SessionApi::new(server.session.clone()))
        .api_key_api(ApiKeyApi::new(twin.clone()));
    let error = builder.build().unwrap_err().to_string();
    assert!(error.contains("would never be asked"), "{error}");
    let alone = Endpoints::builder(People::default()).api_key_api(ApiKeyApi::new(twin));
    assert!(alone.build().is_ok());
}

#[tokio::test]
async fn apis_may_share_their_issuer() {
    let server = Server::new().await;
    let builder = Endpoints::builder(People::default())
        .session_api(SessionApi::new(server.session.clone()))
        .session_api(
            SessionApi::new(server.session.clone())
                .login_path("/other/login")
                .refresh_path("/other/refresh")
                .application_token_path("/other/application-token"),
        );
    assert!(builder.build().is_ok());
}

#[tokio::test]
async fn apis_that_do_not_share_their_revocations_are_refused() {
    let (one, other) = (Server::new().await, Server::new().await);
    let builder = Endpoints::builder(People::default())
        .session_api(SessionApi::new(one.session.clone()))
        .session_api(SessionApi::new(other.session).login_path("/other"));
    let error = builder.build().unwrap_err().to_string();
    assert!(error.contains("snapshots of revocations"), "{error}");
}

#[tokio::test]
async fn paths_and_names_can_be_others() {
    let server = Server::new().await;
    let api = SessionApi::new(server.session.clone())
        .login_path("/in")
        .login_fields("user", "pass")
        .token_members("access", "refresh");
    let endpoints = Endpoints::builder(server.people.clone())
        .session_api(api)
        .build()
        .unwrap();
    let body = r#"{"user":"alice","pass":"wonder land"}"#;
    let request = Request::post("/in")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap();
    let response = endpoints.call(request).await;
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert!(body["access"].is_string() && body["refresh"].is_string());
}

#[test]
fn a_call_can_be_spawned() {
    fn assert<T: Send + 'static>() {}
    fn shared<T: Clone + Send + Sync + 'static>() {}
    assert::<EndpointFuture>();
    shared::<Endpoints>();
}
