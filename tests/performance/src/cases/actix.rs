//! Routes of actix-web: bare, wrapped, with the extractor.

use std::rc::Rc;

use actix_web::{
    App,
    body::MessageBody,
    dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, HeaderValue},
    test::TestRequest,
    web,
};
use portcullis_actix::{Auth, Authenticated, Authenticator, Claims};

use crate::{
    fixture::{Fixture, User},
    measure::Case,
    web::ANSWER,
};

pub fn bare(fixture: &Fixture) -> Case {
    let app = App::new().route("/", web::get().to(async || ANSWER));
    case("actix-web, bare", app, fixture)
}

pub fn wrapped(fixture: &Fixture) -> Case {
    async fn handler(Claims(user): Claims<User>) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    let app = App::new()
        .wrap(Auth::new(fixture.verifier()))
        .route("/", web::get().to(handler));
    case("portcullis, middleware", app, fixture)
}

pub fn extractor(fixture: &Fixture) -> Case {
    async fn handler(Authenticated(user): Authenticated<User>) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    let app = App::new()
        .app_data(Authenticator::new(fixture.verifier()))
        .route("/", web::get().to(handler));
    case("portcullis, extractor", app, fixture)
}

/// A request to `app` with the fixture's token, whose answer is dropped.
pub fn case<T, B>(name: &str, app: App<T>, fixture: &Fixture) -> Case
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let runtime = actix_web::rt::Runtime::new().expect("a runtime");
    let service = runtime.block_on(actix_web::test::init_service(app));
    let service = Rc::new(service);
    let value = HeaderValue::try_from(format!("Bearer {}", fixture.token)).expect("a header value");
    let call = move || {
        let request = TestRequest::get()
            .insert_header((AUTHORIZATION, value.clone()))
            .to_request();
        let response = runtime.block_on(async { service.call(request).await });
        response.is_ok_and(|response| response.status().is_success())
    };
    assert!(call(), "{name} refuses the fixture's token");
    Case::new(name, call)
}
