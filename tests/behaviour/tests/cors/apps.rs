//! An app of each framework, with CORS around its guard or behind it.

use actix_cors::Cors;
use actix_web::{
    App,
    dev::Service,
    http::Method as ActixMethod,
    test::{TestRequest, init_service},
    web,
};
use axum::{
    Router,
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request},
    routing::any,
};
use portcullis::guard::Authenticator;
use tower::ServiceExt;
use tower_http::cors::{Any, CorsLayer};

use crate::{ASKED, PAGE};

/// Where the layer of CORS stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Around the guard.
    Outside,
    /// Behind it.
    Inside,
}

/// What came back, from whom.
#[derive(Debug)]
pub(crate) struct Answer {
    _of: &'static str,
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
}

impl Answer {
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

// A macro, since the type of actix's requests has no name here.
macro_rules! send {
    ($app:expr, $method:expr, $fields:expr) => {{
        let app = init_service($app).await;
        let method = ActixMethod::from_bytes($method.as_bytes()).unwrap();
        let mut request = TestRequest::with_uri("/").method(method);
        for field in $fields {
            request = request.append_header(*field);
        }
        let answer = app.call(request.to_request()).await.unwrap();
        let fields = answer.headers().iter();
        let fields = fields.map(|(name, value)| field(name.as_str(), value.to_str().ok()));
        Answer {
            _of: "actix",
            status: answer.status().as_u16(),
            fields: fields.collect(),
        }
    }};
}

fn field(name: &str, value: Option<&str>) -> (String, String) {
    (name.to_owned(), value.unwrap().to_owned())
}

const EXPOSED: [&str; 2] = ["www-authenticate", "retry-after"];

/// Asks an app of each framework.
pub(crate) async fn ask_everywhere(
    guard: Authenticator,
    order: Order,
    method: &str,
    fields: &[(&str, &str)],
) -> [Answer; 2] {
    [
        ask_axum(guard.clone(), order, method, fields).await,
        ask_actix(guard, order, method, fields).await,
    ]
}

async fn ask_axum(
    guard: Authenticator,
    order: Order,
    method: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let cors = CorsLayer::new()
        .allow_origin([HeaderValue::from_static(PAGE)])
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(ASKED.map(HeaderName::from_static))
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .allow_credentials(true);
    let auth = portcullis_axum::AuthLayer::new(guard);
    let app = Router::new().route("/", any(async || "let in"));
    // The layer that is added last is the outermost.
    let app = match order {
        Order::Outside => app.layer(auth).layer(cors),
        Order::Inside => app.layer(cors).layer(auth),
    };
    let mut request = Request::builder().method(method).uri("/");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let answer = app.oneshot(request.body(Body::empty()).unwrap()).await;
    let answer = answer.unwrap();
    let fields = answer.headers().iter();
    let fields = fields.map(|(name, value)| field(name.as_str(), value.to_str().ok()));
    Answer {
        _of: "axum",
        status: answer.status().as_u16(),
        fields: fields.collect(),
    }
}

async fn ask_actix(
    guard: Authenticator,
    order: Order,
    method: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let cors = Cors::default()
        .allowed_origin(PAGE)
        .allowed_methods(["GET", "POST"])
        .allowed_headers(ASKED)
        .expose_headers(EXPOSED)
        .supports_credentials();
    let auth = portcullis_actix::Auth::new(guard);
    let app = App::new().route("/", web::to(async || "let in"));
    // What is wrapped last is the outermost.
    match order {
        Order::Outside => send!(app.wrap(auth).wrap(cors), method, fields),
        Order::Inside => send!(app.wrap(cors).wrap(auth), method, fields),
    }
}

/// An error is a panic of tower-http's.
pub(crate) async fn any_origin_on_axum() -> Result<(), ()> {
    let served = actix_web::rt::spawn(async {
        let cors = CorsLayer::new().allow_origin(Any).allow_credentials(true);
        let app = Router::new().route("/", any(async || "let in"));
        let request = Request::get("/").body(Body::empty()).unwrap();
        app.layer(cors).oneshot(request).await
    });
    served.await.map(drop).map_err(drop)
}

pub(crate) async fn any_origin_on_actix(guard: Authenticator, origin: &str) -> Answer {
    let cors = Cors::default().allow_any_origin().supports_credentials();
    let auth = portcullis_actix::Auth::new(guard);
    let app = App::new().route("/", web::to(async || "let in"));
    send!(app.wrap(auth).wrap(cors), "GET", &[("origin", origin)])
}
