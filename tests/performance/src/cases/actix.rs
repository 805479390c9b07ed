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
use portcullis::verify::Verifier;
use portcullis_actix::{Auth, Authenticated, Authenticator, Claims};

use crate::{
    fixture::User,
    measure::Case,
    route::Route,
    web::{ANSWER, Sent},
};

pub fn bare() -> Route {
    let app = || App::new().route("/", web::get().to(async || ANSWER));
    Route::actix("actix-web, bare", app).open()
}

pub fn wrapped(name: &'static str, verifier: Verifier) -> Route {
    async fn handler(Claims(user): Claims<User>) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    let auth = Auth::new(verifier);
    Route::actix(name, move || {
        App::new()
            .wrap(auth.clone())
            .route("/", web::get().to(handler))
    })
}

pub fn extractor(name: &'static str, verifier: Verifier) -> Route {
    async fn handler(Authenticated(user): Authenticated<User>) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    let authenticator = Authenticator::new(verifier);
    Route::actix(name, move || {
        App::new()
            .app_data(authenticator.clone())
            .route("/", web::get().to(handler))
    })
}

/// A request to `app`, whose answer is dropped.
pub fn case<T, B>(name: &str, app: App<T>, sent: Sent) -> Case
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
    // actix-web is on an older `http`.
    let convert = |value: http::HeaderValue| {
        HeaderValue::from_bytes(value.as_bytes()).expect("it is a header value")
    };
    let (first, then) = (convert(sent.first), sent.then.map(convert));
    let send = move |value: Option<&HeaderValue>| {
        let request = match value {
            Some(value) => TestRequest::get().insert_header((AUTHORIZATION, value.clone())),
            None => TestRequest::get(),
        };
        let request = request.to_request();
        let response = runtime.block_on(async { service.call(request).await });
        response.map_or_else(
            |error| error.as_response_error().status_code().as_u16(),
            |response| response.status().as_u16(),
        )
    };
    send(Some(&first));
    let call = move || send(then.as_ref());
    let status = Some(call());
    Case::new(name, call).answered(status)
}
