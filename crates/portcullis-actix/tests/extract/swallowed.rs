//! Refusals that actix's own extractors take away from the answer.

use actix_web::{
    App, HttpResponse, ResponseError,
    test::{TestRequest, call_service, init_service, read_body},
    web,
};

use crate::*;

/// `Option`, `Result` and `Either` of actix call the handler, but do not get its
/// answer out.
#[actix_web::test]
async fn what_actix_swallows_is_refused_nevertheless() {
    /// Asks "somebody else", who yields once.
    struct Remote;
    impl TokenStatus for Remote {
        fn status(&self, _: &Verified) -> Status {
            Status::Pending(Box::pin(async {
                tokio::task::yield_now().await;
                Status::Revoked
            }))
        }
    }
    let remote = issuer().verifier().status(Remote).build().unwrap();
    let other = web::scope("/other")
        .app_data(Authenticator::new(remote))
        .route("", web::to(async |_: Option<Authenticated<User>>| "let in"));
    let strict = Authenticator::new(verifier()).require(Policy::scope("write").unwrap());
    let own = web::scope("/own")
        .app_data(strict)
        .route(
            "",
            web::to(async |_: Result<Authenticated<User>, AuthRejection>| "let in"),
        )
        .route(
            "/maybe",
            web::to(async |_: Option<OptionalAuthenticated<User>>| "let in"),
        );
    let auth = Auth::new(verifier()).optional();
    let app = App::new()
        .wrap(auth)
        .route("/claims", web::to(async |_: Option<Claims<User>>| "let in"))
        .route("/alien", web::to(async |_: Option<Claims<Alien>>| "let in"))
        .route(
            "/maybe/alien",
            web::to(async |_: Option<OptionalClaims<Alien>>| "let in"),
        )
        .route(
            "/scoped",
            web::to(async |_: Option<Scoped<Write>>| "let in"),
        )
        .route(
            "/result",
            web::to(async |_: Result<Scoped<Write>, AuthRejection>| "let in"),
        )
        .route(
            "/either",
            web::to(async |_: web::Either<Scoped<Write>, String>| "let in"),
        )
        .route("/refresh", web::to(async |_: Option<Refresh>| "let in"))
        .route(
            "/told",
            web::to(async |token: Result<Scoped<Write>, AuthRejection>| token.map(|_| "let in")),
        )
        .route(
            "/own-page",
            web::to(
                async |token: Result<Scoped<Write>, AuthRejection>| match token {
                    Ok(_) => HttpResponse::Ok().body("let in"),
                    Err(refused) => HttpResponse::build(refused.status_code()).body("no entry"),
                },
            ),
        )
        .service(other)
        .service(own);
    let app = init_service(app).await;
    let credentials = credentials();
    let good = Some(("authorization", credentials.as_str()));
    let invalid = || (401, body(RejectionKind::InvalidToken));
    let insufficient = || (403, body(RejectionKind::InsufficientScope));
    let missing = || (401, body(RejectionKind::MissingCredentials));
    for (path, header, expected) in [
        ("/claims", None, (200, "let in".to_owned())),
        ("/claims", good, (200, "let in".to_owned())),
        ("/alien", good, invalid()),
        ("/maybe/alien", good, invalid()),
        ("/scoped", good, insufficient()),
        ("/scoped", None, missing()),
        ("/result", good, insufficient()),
        ("/either", good, insufficient()),
        ("/told", good, insufficient()),
        ("/own-page", good, (403, "no entry".to_owned())),
        ("/other", good, invalid()),
        ("/other", None, (200, "let in".to_owned())),
        ("/own", good, insufficient()),
        // The policy demands a token: who drops it is refused, too.
        ("/own", None, missing()),
        ("/own/maybe", good, insufficient()),
        ("/own/maybe", None, missing()),
        (
            "/refresh",
            Some(("refresh-token", "a b")),
            (400, body(RejectionKind::InvalidRequest)),
        ),
        ("/refresh", None, (200, "let in".to_owned())),
    ] {
        assert_eq!(ask!(&app, path, header), expected, "{path}");
    }
}

/// A page of the application's own tells that somebody has to log in, but does not
/// send the browser elsewhere.
#[actix_web::test]
async fn what_leads_to_the_login_leads_nowhere_else() {
    let auth = Auth::new(verifier())
        .optional()
        .login_page(LoginPage::new("/login").unwrap());
    let to = |location: &'static str| {
        web::to(move |token: Result<Scoped<Write>, AuthRejection>| {
            std::future::ready(match token {
                Ok(_) => HttpResponse::Ok().body("let in"),
                Err(refused) => HttpResponse::build(refused.status_code())
                    .insert_header(("location", location))
                    .body("own"),
            })
        })
    };
    let app = App::new()
        .wrap(auth)
        .route("/elsewhere", to("https://evil.example/"))
        .route("/same", to("/login?return_to=/same"))
        .route(
            "/option",
            web::to(async |_: Option<Scoped<Write>>| "let in"),
        );
    let app = init_service(app).await;
    for (path, text) in [("/elsewhere", ""), ("/same", "own"), ("/option", "")] {
        let request = TestRequest::get().uri(path);
        let request = request.insert_header(("sec-fetch-mode", "navigate"));
        let response = call_service(&app, request.to_request()).await;
        let location = response.headers().get("location").cloned();
        let own = format!("/login?return_to={path}");
        assert_eq!(response.status(), 303, "{path}");
        assert_eq!(location.unwrap(), own.as_str());
        assert_eq!(read_body(response).await, text, "{path}");
    }
}

/// The answers of gRPC all have one status of HTTP: it says nothing of what was told.
#[actix_web::test]
async fn what_a_call_is_told_is_not_swallowed() {
    let app = App::new()
        .wrap(Auth::new(verifier()).optional().grpc())
        .route(
            "/option",
            web::to(async |_: Option<Scoped<Write>>| "let in"),
        )
        .route(
            "/success",
            web::to(async |_: Option<Scoped<Write>>| {
                HttpResponse::Ok()
                    .insert_header(("grpc-status", "0"))
                    .body("let in")
            }),
        )
        .route(
            "/own",
            web::to(
                async |token: Result<Scoped<Write>, AuthRejection>| match token {
                    Ok(_) => HttpResponse::Ok().body("let in"),
                    Err(AuthRejection(refused)) => {
                        let code = refused.grpc_status().unwrap().code();
                        HttpResponse::Ok()
                            .insert_header(("grpc-status", code.to_string()))
                            .insert_header(("grpc-message", "own"))
                            .finish()
                    }
                },
            ),
        );
    let app = init_service(app).await;
    let credentials = credentials();
    for (path, message) in [
        ("/option", "Insufficient scope"),
        ("/success", "Insufficient scope"),
        ("/own", "own"),
    ] {
        let request = TestRequest::post()
            .uri(path)
            .insert_header(("content-type", "application/grpc"))
            .insert_header(("authorization", credentials.as_str()));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(
            response.headers().get("grpc-status").unwrap(),
            "7",
            "{path}"
        );
        assert_eq!(response.headers().get("grpc-message").unwrap(), message);
        assert_eq!(read_body(response).await, "", "{path}");
    }
}
