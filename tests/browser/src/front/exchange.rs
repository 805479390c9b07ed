//! One request and its answer.

use std::{io, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;

use super::{APP, APP_ELSEWHERE, EXAMPLE, Fault, PAGES, Seen, Shared, forward};

pub(super) type Body = BoxBody<Bytes, hyper::Error>;

pub(super) struct Exchange {
    pub(super) shared: Arc<Shared>,
    pub(super) scheme: &'static str,
}

impl Exchange {
    pub(super) async fn answer(self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let host = host(&request);
        let is_app = [APP, APP_ELSEWHERE, EXAMPLE].contains(&host.as_str());
        let path = request.uri().path().to_owned();
        // Asked for by the browser and by nobody else, whenever it likes.
        if path == "/favicon.ico" {
            return Ok(status(StatusCode::NOT_FOUND));
        }
        if let Some(name) = path.strip_prefix(PAGES) {
            return Ok(self.page(name));
        }
        if !is_app {
            return Ok(file("text/html", "<!doctype html><title>attacker</title>"));
        }
        let mut seen = Seen::of(&host, &request);
        self.shared.faults.pass(&path).await;
        let fault = self.shared.faults.take(&path);
        let answer = match fault {
            Some(Fault::Unavailable(seconds)) => unavailable(seconds),
            Some(Fault::Lost) | None => {
                forward::to_demo(self.shared.demo, self.scheme, request).await
            }
        };
        seen.status = answer.status();
        let answer = match answer.status().is_client_error() {
            true => with_text(answer, &mut seen.refusal).await,
            false => answer,
        };
        self.shared.log.lock().unwrap().add(seen);
        self.shared.added.notify_waiters();
        match fault {
            Some(Fault::Lost) => Err(io::ErrorKind::ConnectionAborted.into()),
            _ => Ok(answer),
        }
    }

    fn page(&self, name: &str) -> Response<Body> {
        match self.shared.pages.get(name) {
            Some(text) if name.ends_with(".js") => file("text/javascript", text),
            Some(text) => file("text/html", text),
            None => status(StatusCode::NOT_FOUND),
        }
    }
}

fn host(request: &Request<Incoming>) -> String {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host.to_owned()
}

/// A short body that is looked at on its way.
async fn with_text(answer: Response<Body>, text: &mut Option<String>) -> Response<Body> {
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    let body = body.unwrap_or_default();
    *text = Some(String::from_utf8_lossy(&body).into_owned());
    Response::from_parts(parts, full(body))
}

fn unavailable(seconds: u32) -> Response<Body> {
    let mut answer = status(StatusCode::SERVICE_UNAVAILABLE);
    let headers = answer.headers_mut();
    headers.insert(header::RETRY_AFTER, seconds.into());
    answer
}

fn file(media_type: &'static str, text: &str) -> Response<Body> {
    let mut answer = Response::new(full(text.to_owned().into()));
    let media_type = HeaderValue::from_static(media_type);
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    answer
}

pub(super) fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(full(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}
