//! What an endpoint answers when it is told to.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::gate::{Barrier, Gate};

/// How an endpoint answers instead of as usual, or the usual answer with
/// changes.
///
/// ```
/// use portcullis_testing::issuer::{Answer, Endpoint, FakeIssuer};
///
/// let issuer = FakeIssuer::start();
/// // An outage, twice, and then as before.
/// issuer.answer_once(Endpoint::Keys, Answer::error(500));
/// issuer.answer_once(Endpoint::Keys, Answer::error(429).header("retry-after", "7"));
/// // From now on.
/// issuer.answer(Endpoint::Keys, Answer::normal().header("cache-control", "max-age=60").etag());
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "an answer is given to an endpoint"]
pub struct Answer {
    pub(super) status: Option<StatusCode>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<Bytes>,
    pub(super) has_etag: bool,
    pub(super) is_zipped: bool,
    pub(super) delivery: Delivery,
}

/// How a body comes.
#[derive(Clone, Debug, Default)]
pub(super) enum Delivery {
    #[default]
    Whole,
    /// So many bytes, then the connection is closed.
    Truncated(usize),
    /// So many bytes; the rest when the gate is open.
    Held(usize, Arc<Barrier>),
    /// A byte at a time.
    Dripping(Duration),
    /// The body, then blanks for ever.
    Endless,
    /// Nothing, not even a status.
    Closed,
}

impl Answer {
    /// What the endpoint answers anyway, to be changed.
    pub fn normal() -> Self {
        Self::default()
    }

    /// This status, with a line of text.
    ///
    /// # Panics
    ///
    /// If it is no HTTP status.
    pub fn error(status: u16) -> Self {
        Self::text("the fake issuer was told to fail\n").status(status)
    }

    /// A JSON document.
    pub fn json(document: impl Into<Value>) -> Self {
        let text = document.into().to_string();
        Self::text(text).header("content-type", "application/json")
    }

    /// A text, as `text/plain`: JSON that is none, for instance.
    pub fn text(body: impl Into<Bytes>) -> Self {
        let answer = Self::normal().status(200).body(body);
        answer.header("content-type", "text/plain; charset=utf-8")
    }

    /// 302, to another place.
    pub fn redirect(to: &str) -> Self {
        Self::text("").status(302).header("location", to)
    }

    /// The connection is closed where an answer should come.
    pub fn close() -> Self {
        Self {
            delivery: Delivery::Closed,
            ..Self::default()
        }
    }

    /// Another status.
    ///
    /// # Panics
    ///
    /// If it is no HTTP status.
    pub fn status(mut self, status: u16) -> Self {
        let status = StatusCode::from_u16(status);
        self.status = Some(status.expect("a status has three digits"));
        self
    }

    /// A header field, in place of any of the same name.
    ///
    /// # Panics
    ///
    /// If name or value cannot stand in an HTTP header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let field = field(name, value);
        self.headers.retain(|(other, _)| *other != field.0);
        self.headers.push(field);
        self
    }

    /// A header field beside those of the same name.
    ///
    /// # Panics
    ///
    /// As [`header`](Self::header).
    pub fn another_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(field(name, value));
        self
    }

    /// Another body, of the same content type.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// With an `ETag` made from the body. Who names it in `If-None-Match` gets
    /// 304; an `etag` that was set as a [header](Self::header) does the same.
    pub fn etag(mut self) -> Self {
        self.has_etag = true;
        self
    }

    /// With `Content-Encoding: gzip`, whether it was asked for or not.
    pub fn gzip(mut self) -> Self {
        self.is_zipped = true;
        self
    }

    /// Only so many bytes of the body, less than its `Content-Length`; then
    /// the connection is closed.
    pub fn truncated_to(self, bytes: usize) -> Self {
        self.delivery(Delivery::Truncated(bytes))
    }

    /// So many bytes of the body, which is the one of when the request came;
    /// the rest when the gate opens.
    pub fn held_after(self, bytes: usize, gate: &Gate) -> Self {
        self.delivery(Delivery::Held(bytes, gate.barrier()))
    }

    /// The body a byte at a time, with a pause before each.
    pub fn dripping(self, pause: Duration) -> Self {
        self.delivery(Delivery::Dripping(pause))
    }

    /// The body and then blanks without end, as fast as they are read.
    pub fn endless(self) -> Self {
        self.delivery(Delivery::Endless)
    }

    fn delivery(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }
}

fn field(name: &str, value: &str) -> (HeaderName, HeaderValue) {
    let name = HeaderName::from_bytes(name.as_bytes());
    let value = HeaderValue::from_str(value);
    (
        name.expect("the name of a field"),
        value.expect("the value of a field"),
    )
}

/// Whether `If-None-Match` names this tag (RFC 9110 section 13.1.2).
pub(super) fn matches_etag(headers: &http::HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(etag) = etag.to_str().map(opaque) else {
        return false;
    };
    let fields = headers.get_all(header::IF_NONE_MATCH).into_iter();
    fields
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == etag)
}
