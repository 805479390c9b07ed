//! A token on each request: on axum and actix-web, minted anew, verified as any other.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
    routing::get,
};
use portcullis::verify::Verifier;
use portcullis_testing::{clock::FakeClock, mint::Mint};

/// What a service says of a token, so that two are told apart.
fn told(token: &portcullis::verify::Verified) -> String {
    let texts = [token.subject_name(), token.token_id()];
    texts.map(|text| text.unwrap_or("-").to_owned()).join(" ")
}

mod on_axum {
    use portcullis_axum::{AuthLayer, Token};
    use tower::ServiceExt;

    use super::*;

    fn app(verifier: Verifier) -> Router {
        let told = async |Token(token): Token| told(&token);
        let route = Router::new().route("/", get(told));
        route.layer(AuthLayer::new(verifier))
    }

    async fn answer(app: &Router, authorization: Option<&str>) -> (u16, String) {
        let mut request = Request::get("/");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn each_request_has_a_token_of_its_own() {
        let clock = FakeClock::new();
        let mint = Mint::new().clock(clock.shared());
        let app = app(mint.verifier()).layer(mint.token("alice").on_each_request());

        let (status, first) = answer(&app, None).await;
        assert_eq!(status, 200);
        assert!(first.starts_with("alice token-"), "{first}");

        // Long after the first has expired.
        clock.advance(Duration::from_secs(24 * 60 * 60));
        let (status, second) = answer(&app, None).await;
        assert_eq!(status, 200);
        assert_ne!(first, second);
    }

    #[tokio::test]
    async fn a_request_with_credentials_keeps_them() {
        let mint = Mint::new();
        let app = app(mint.verifier()).layer(mint.token("alice").on_each_request());
        let (status, told) = answer(&app, Some(&mint.token("bob").bearer())).await;
        assert_eq!(status, 200);
        assert!(told.starts_with("bob "), "{told}");
        assert_eq!(answer(&app, Some("Bearer forged")).await.0, 401);
    }

    #[tokio::test]
    async fn nothing_is_let_in_that_would_not_be() {
        let mint = Mint::new();
        let expired = mint.token("alice").expired().on_each_request();
        assert_eq!(
            answer(&app(mint.verifier()).layer(expired), None).await.0,
            401
        );
        // Another issuer's verifier knows nothing of tests.
        let other = Mint::new().issuer("https://elsewhere.test").verifier();
        let alice = mint.token("alice").on_each_request();
        assert_eq!(answer(&app(other).layer(alice), None).await.0, 401);
    }
}

mod on_actix {
    use actix_web::{App, test, web};
    use portcullis_actix::{Auth, Token};

    use super::*;

    /// Asks an app with `alice` on each request, twice: a day lies between.
    #[actix_web::test]
    async fn each_request_has_a_token_of_its_own() {
        let clock = FakeClock::new();
        let mint = Mint::new().clock(clock.shared());
        let told = async |Token(token): Token| told(&token);
        let routes = web::resource("/")
            .route(web::get().to(told))
            .wrap(Auth::new(mint.verifier()));
        let app = App::new()
            .service(routes)
            .wrap(mint.token("alice").on_each_request());
        let app = test::init_service(app).await;
        let ask = async || {
            let request = test::TestRequest::get().uri("/").to_request();
            let body = test::call_and_read_body(&app, request).await;
            String::from_utf8(body.to_vec()).unwrap()
        };

        let first = ask().await;
        assert!(first.starts_with("alice token-"), "{first}");
        clock.advance(Duration::from_secs(24 * 60 * 60));
        let second = ask().await;
        assert!(second.starts_with("alice token-"), "{second}");
        assert_ne!(first, second);

        for (authorization, status) in [(mint.token("bob").bearer(), 200), ("Bearer x".into(), 401)]
        {
            let request = test::TestRequest::get()
                .uri("/")
                .insert_header(("authorization", authorization))
                .to_request();
            assert_eq!(test::call_service(&app, request).await.status(), status);
        }
    }
}
