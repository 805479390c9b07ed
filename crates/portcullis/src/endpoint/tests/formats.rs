//! What the router answers itself, in the application's format.

use http::Request;

use super::fixture::{Answer, People, Server};
use crate::{
    challenge::{Realm, RefusalFormat},
    endpoint::{Endpoints, RefusalKind, SessionApi},
};

async fn endpoints(server: &Server, format: RefusalFormat) -> Endpoints {
    Endpoints::builder(People::default())
        .session_api(SessionApi::new(server.session.clone()))
        .common_routes()
        .realm(Realm::new("stations").unwrap())
        .refusal_format(format)
        .build()
        .unwrap()
}

async fn ask(endpoints: &Endpoints, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    Answer(endpoints.call(request.body("".into()).unwrap()).await)
}

#[tokio::test]
async fn another_path_is_told_in_every_format() {
    let server = Server::new().await;
    let plain = r#"{"error":"not_found"}"#;
    let problem = concat!(
        r#"{"type":"about:blank","title":"Not Found","status":404,"#,
        r#""error":"not_found"}"#
    );
    for (format, content_type, body) in [
        (RefusalFormat::json(), Some("application/json"), plain),
        (RefusalFormat::empty(), None, ""),
        (
            RefusalFormat::problem_details(),
            Some("application/problem+json"),
            problem,
        ),
    ] {
        let endpoints = endpoints(&server, format).await;
        let answer = ask(&endpoints, "GET", "/elsewhere").await;
        answer.is(404);
        assert_eq!(answer.body(), body);
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("www-authenticate"), None);
        let kind = answer.0.extensions().get::<RefusalKind>();
        assert_eq!(kind, Some(&RefusalKind::NotFound));
        // RFC 9110 section 8.6.
        let head = ask(&endpoints, "HEAD", "/elsewhere").await;
        assert_eq!(head.body(), "");
        let length = body.len().to_string();
        assert_eq!(head.header("content-length"), Some(length.as_str()));
        assert_eq!(head.header("content-type"), content_type);
        let bad = Answer(endpoints.bad_request("/elsewhere"));
        assert_eq!(bad.body(), body);
    }
}

#[tokio::test]
async fn a_path_that_becomes_a_401_is_challenged_in_the_endpoints_realm() {
    let server = Server::new().await;
    let hidden = RefusalFormat::custom(|refused| {
        let is_of_router = matches!(
            refused.kind(),
            RefusalKind::NotFound | RefusalKind::MethodNotAllowed
        );
        let answer = RefusalFormat::empty().answer(refused);
        if is_of_router {
            answer.status(401)
        } else {
            answer
        }
    });
    let endpoints = endpoints(&server, hidden).await;
    for (method, path) in [("GET", "/elsewhere"), ("PUT", "/logout")] {
        let answer = ask(&endpoints, method, path).await;
        answer.is(401);
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some(r#"Bearer realm="stations""#), "{path}");
    }
    ask(&endpoints, "POST", "/logout").await.is(401);
}
