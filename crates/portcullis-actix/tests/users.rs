//! The application's own users, as actix runs extractors.

#![allow(clippy::unwrap_used)]

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use actix_web::{
    App,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::{Next, from_fn},
    test::{TestRequest, call_service, init_service, read_body},
    web::{self, Data},
};
use portcullis::{
    user::{LoadUser, Loaded, UserUnavailable},
    verify::Verified,
};
use portcullis_actix::{Auth, AuthenticatedUser, Authenticator, CurrentUser, OptionalCurrentUser};
use portcullis_testing::mint::Mint;
use tokio::sync::Semaphore;

/// Knows everybody but the suspended, as soon as the gate is open, and counts how often it
/// was asked.
struct Accounts {
    asked: AtomicUsize,
    gate: Semaphore,
}

impl Accounts {
    fn new(open: bool) -> Data<Self> {
        Data::new(Self {
            asked: AtomicUsize::new(0),
            gate: Semaphore::new(usize::from(open)),
        })
    }
}

impl LoadUser for Accounts {
    type User = String;

    async fn load(&self, token: &Verified) -> Result<Loaded<String>, UserUnavailable> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let _pass = self.gate.acquire().await?;
        Ok(match token.subject_name() {
            Some("suspended") | None => Loaded::Suspended,
            Some(name) => Loaded::Found(name.to_owned()),
        })
    }
}

async fn thrice(
    CurrentUser(one): CurrentUser<Accounts>,
    OptionalCurrentUser(two): OptionalCurrentUser<Accounts>,
    AuthenticatedUser(three): AuthenticatedUser<Accounts>,
) -> String {
    format!("{one} {} {three}", two.unwrap())
}

fn request(name: &str) -> TestRequest {
    let bearer = Mint::new().token(name).bearer();
    TestRequest::get().insert_header(("authorization", bearer))
}

fn routes(accounts: Data<Accounts>) -> impl FnOnce(&mut web::ServiceConfig) {
    let authenticator = Authenticator::new(Mint::new().verifier());
    move |config| {
        config
            .app_data(accounts)
            .app_data(authenticator)
            .route("/", web::get().to(thrice));
    }
}

#[actix_web::test]
async fn extractors_that_run_at_once_ask_once() {
    let accounts = Accounts::new(true);
    let app = App::new()
        .wrap(Auth::new(Mint::new().verifier()))
        .configure(routes(accounts.clone()));
    let app = init_service(app).await;
    for round in 1..=3 {
        let response = call_service(&app, request("alice").to_request()).await;
        assert_eq!(read_body(response).await, "alice alice alice");
        assert_eq!(accounts.asked.load(Ordering::Relaxed), round);
    }
}

/// What the app's loader says is not what a scope's would.
#[actix_web::test]
async fn each_loader_is_asked() {
    async fn known(
        _: CurrentUser<Accounts>,
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
        next.call(request).await
    }
    let (outer, inner) = (Accounts::new(true), Accounts::new(true));
    let scope = web::scope("/scope").configure(|config| {
        let route = web::get().to(async |_: CurrentUser<Accounts>| "passed");
        config.app_data(inner.clone()).route("/", route);
    });
    let app = App::new()
        .app_data(outer.clone())
        .service(scope)
        .wrap(from_fn(known))
        .wrap(Auth::new(Mint::new().verifier()));
    let app = init_service(app).await;
    let request = request("alice").uri("/scope/").to_request();
    assert_eq!(read_body(call_service(&app, request).await).await, "passed");
    for accounts in [outer, inner] {
        assert_eq!(accounts.asked.load(Ordering::Relaxed), 1);
    }
}

/// A request that is given up leaves nothing behind: what waits in its extensions does not
/// hold it.
#[actix_web::test]
async fn a_request_that_is_given_up_is_freed() {
    let accounts = Accounts::new(false);
    let app = App::new()
        .wrap(Auth::new(Mint::new().verifier()))
        .configure(routes(accounts.clone()));
    let app = init_service(app).await;
    let held = Arc::strong_count(&accounts);
    for round in 1..=3 {
        let mut call = pin!(app.call(request("alice").to_request()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(call.as_mut().poll(&mut context), Poll::Pending));
        assert_eq!(accounts.asked.load(Ordering::Relaxed), round);
        assert!(Arc::strong_count(&accounts) > held);
    }
    assert_eq!(Arc::strong_count(&accounts), held);
    accounts.gate.add_permits(1);
    let response = call_service(&app, request("alice").to_request()).await;
    assert_eq!(read_body(response).await, "alice alice alice");
    assert_eq!(Arc::strong_count(&accounts), held);
}

#[actix_web::test]
async fn what_actix_would_swallow_is_refused() {
    async fn swallows(user: Option<CurrentUser<Accounts>>) -> String {
        format!("{}", user.is_some())
    }
    let app = App::new()
        .app_data(Accounts::new(true))
        .wrap(Auth::new(Mint::new().verifier()).optional())
        .route("/", web::get().to(swallows));
    let app = init_service(app).await;
    let response = call_service(&app, request("suspended").to_request()).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let response = call_service(&app, request("alice").to_request()).await;
    assert_eq!(read_body(response).await, "true");
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert_eq!(read_body(response).await, "false");
}

#[actix_web::test]
async fn without_a_loader_it_is_the_services_fault() {
    let app = App::new()
        .wrap(Auth::new(Mint::new().verifier()))
        .route("/", web::get().to(async |_: CurrentUser<Accounts>| "in"));
    let app = init_service(app).await;
    let response = call_service(&app, request("alice").to_request()).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
