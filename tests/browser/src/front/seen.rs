//! What a browser sent and what it was answered.

use http::{HeaderMap, HeaderName, Request, StatusCode, header};

/// A request of the browser and the status of its answer.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The host without its port.
    pub host: String,
    /// Its method.
    pub method: String,
    /// Its path, without a query.
    pub path: String,
    /// What it carried.
    pub headers: HeaderMap,
    /// What the browser was answered.
    pub status: StatusCode,
    /// The body of an answer that is no success.
    pub refusal: Option<String>,
}

impl Seen {
    pub(super) fn of<B>(host: &str, request: &Request<B>) -> Self {
        Self {
            host: host.to_owned(),
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            headers: request.headers().clone(),
            status: StatusCode::OK,
            refusal: None,
        }
    }

    /// A header, if it was sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = HeaderName::try_from(name).unwrap();
        self.headers.get(name)?.to_str().ok()
    }

    /// The names of the cookies that came along, in their order.
    pub fn cookies(&self) -> Vec<&str> {
        let fields = self.headers.get_all(header::COOKIE).iter();
        fields
            .flat_map(|field| field.to_str().unwrap().split("; "))
            .map(|pair| pair.split('=').next().unwrap())
            .collect()
    }

    /// `POST /auth/jwt/refresh 200`.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.method, self.path, self.status.as_u16())
    }
}

/// What was seen since somebody looked.
#[derive(Debug, Default)]
pub(super) struct Log(Vec<Seen>);

impl Log {
    pub(super) fn add(&mut self, seen: Seen) {
        self.0.push(seen);
    }

    pub(super) fn take_one(&mut self, path: &str) -> Option<Seen> {
        let at = self.0.iter().position(|seen| seen.path == path)?;
        Some(self.0.remove(at))
    }

    pub(super) fn take(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.0)
    }
}
