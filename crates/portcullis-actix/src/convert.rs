//! Between actix's types, of `http` 0.2, and the core's.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    HttpResponse, ResponseError,
    body::{BodySize, BoxBody, MessageBody},
    dev::RequestHead,
    error::HttpError,
    http::{
        Method, StatusCode,
        header::{CONTENT_LENGTH, HeaderName, HeaderValue},
    },
    web::Bytes,
};
use portcullis::{challenge::Reason, endpoint::RefusalKind};

pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or_else(|error| HttpError::from(error).status_code())
}

/// Adds a header of the core's, which writes none that are not.
pub(crate) fn add_header(response: &mut HttpResponse, name: &[u8], value: &[u8]) {
    add_marked(response, name, value, false);
}

/// The same; one that is sensitive is left out of `Debug` outputs.
fn add_marked(response: &mut HttpResponse, name: &[u8], value: &[u8], is_sensitive: bool) {
    let header = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value));
    if let (Ok(name), Ok(mut value)) = header {
        value.set_sensitive(is_sensitive);
        response.headers_mut().append(name, value);
    }
}

/// The head of a request to the core's `path`; `None` if there is no such
/// request.
pub(crate) fn request(head: &RequestHead, path: &str) -> Option<http::Request<()>> {
    let mut request = http::Request::new(());
    *request.method_mut() = http::Method::from_bytes(head.method.as_str().as_bytes()).ok()?;
    *request.uri_mut() = path.parse().ok()?;
    for (name, value) in head.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        let value = http::HeaderValue::from_bytes(value.as_bytes()).ok()?;
        request.headers_mut().try_append(name, value).ok()?;
    }
    Some(request)
}

/// The core's answer to a request of this method.
pub(crate) fn response(answer: http::Response<Bytes>, method: &Method) -> HttpResponse {
    let (parts, body) = answer.into_parts();
    let body = if method == Method::HEAD {
        BoxBody::new(NoBody {
            length: body_length(&parts.headers).unwrap_or(body.len() as u64),
        })
    } else {
        BoxBody::new(body)
    };
    let mut response = HttpResponse::with_body(status(parts.status.as_u16()), body);
    for (name, value) in &parts.headers {
        let name = name.as_str().as_bytes();
        add_marked(&mut response, name, value.as_bytes(), value.is_sensitive());
    }
    if let Some(kind) = parts.extensions.get::<RefusalKind>() {
        response.extensions_mut().insert(*kind);
    }
    if let Some(reason) = parts.extensions.get::<Reason>() {
        response.extensions_mut().insert(reason.clone());
    }
    response
}

fn body_length(headers: &http::HeaderMap) -> Option<u64> {
    let value = headers.get(CONTENT_LENGTH.as_str())?;
    value.to_str().ok()?.parse().ok()
}

/// The body of an answer to HEAD: none, whose length is told. actix takes the
/// length from the body, and not from the header.
struct NoBody {
    length: u64,
}

impl MessageBody for NoBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length)
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}
