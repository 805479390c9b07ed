//! One request and its answer, with the rules that hold for every client.

use std::{fmt, io::Read, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, IF_NONE_MATCH, LOCATION},
};
use portcullis::time::{Clock, SharedClock};
use tokio::{task, time};
use url::Url;

use super::client::HttpClient;
use crate::{
    FetchError, FetchErrorKind,
    freshness::retry_after,
    url_rules::{UrlRules, shown},
};

/// Sends requests by somebody's client: to allowed URLs, within a time, with
/// answers of a bounded length.
#[derive(Clone)]
pub(crate) struct Fetcher {
    client: Arc<dyn HttpClient>,
    rules: UrlRules,
    timeout: Duration,
    max_body: usize,
    bearer_file: Option<Arc<Path>>,
    clock: SharedClock,
}

/// More than a hundred keys with their certificates, and metadata of any provider.
const MAX_BODY: usize = 512 * 1024;

/// More than the client of this crate takes unless it is told otherwise: its own
/// word on what took so long comes first.
const TIMEOUT: Duration = Duration::from_secs(10);

/// More than any token.
const MAX_BEARER: u64 = 16 * 1024;

impl Fetcher {
    pub(crate) fn new(client: impl HttpClient) -> Self {
        Self {
            client: Arc::new(client),
            rules: UrlRules::default(),
            timeout: TIMEOUT,
            max_body: MAX_BODY,
            bearer_file: None,
            clock: SharedClock::default(),
        }
    }

    /// Which URLs are fetched.
    pub(crate) fn with_rules(self, rules: UrlRules) -> Self {
        Self { rules, ..self }
    }

    /// After which time a request is given up, whatever the client does.
    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// What time it is, for dates in answers.
    pub(crate) fn with_clock(self, clock: SharedClock) -> Self {
        Self { clock, ..self }
    }

    /// Sends the token in this file with every `get`, read anew each time: it is
    /// replaced from time to time.
    pub(crate) fn with_bearer_file(self, path: impl Into<Arc<Path>>) -> Self {
        Self {
            bearer_file: Some(path.into()),
            ..self
        }
    }

    pub(crate) fn rules(&self) -> UrlRules {
        self.rules
    }

    /// Asks for a JSON document: 200, or 304 where an entity tag is given. All
    /// else is an error.
    pub(crate) async fn get(
        &self,
        url: &Url,
        etag: Option<&HeaderValue>,
    ) -> Result<Response<Bytes>, FetchError> {
        let mut request = Request::new(Bytes::new());
        let headers = request.headers_mut();
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, */*;q=0.5"),
        );
        if let Some(etag) = etag {
            headers.insert(IF_NONE_MATCH, etag.clone());
        }
        if let Some(path) = &self.bearer_file {
            headers.insert(AUTHORIZATION, bearer(Arc::clone(path)).await?);
        }
        let response = self.send(url, request).await?;
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::NOT_MODIFIED if etag.is_some() => Ok(response),
            status => Err(self.refused(url, status, response.headers())),
        }
    }

    /// Sends a request to a URL, whatever the answer. The URL is not taken from
    /// the request, so that nobody sends to one that was not checked.
    pub(crate) async fn send(
        &self,
        url: &Url,
        mut request: Request<Bytes>,
    ) -> Result<Response<Bytes>, FetchError> {
        *request.uri_mut() = url.as_str().parse().map_err(|_| {
            FetchError::new(
                FetchErrorKind::UrlNotAllowed,
                format!("{} has characters that no URL has", shown(url)),
            )
        })?;
        let answer = time::timeout(self.timeout, self.client.send(request, self.max_body));
        let response = match answer.await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(error.within(shown(url))),
            Err(_) => {
                return Err(FetchError::new(
                    FetchErrorKind::Timeout,
                    format!("{}: no answer within {:?}", shown(url), self.timeout),
                ));
            }
        };
        if response.body().len() > self.max_body {
            return Err(FetchError::new(
                FetchErrorKind::TooLarge,
                format!(
                    "{}: the answer is longer than {} bytes",
                    shown(url),
                    self.max_body
                ),
            ));
        }
        Ok(response)
    }

    /// The error of an answer that is not the one asked for.
    pub(crate) fn refused(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> FetchError {
        let mut message = format!("{} answered with status {}", shown(url), status.as_u16());
        if status.is_redirection() {
            message.push_str(", and redirects are not followed");
            let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
            if let Some(target) = location.and_then(|location| url.join(location).ok()) {
                message += &format!(": if {} is meant, configure that", shown(&target));
            }
        }
        FetchError::new(FetchErrorKind::Status(status.as_u16()), message)
            .with_retry_after(retry_after(headers, self.clock.now()))
    }
}

async fn bearer(path: Arc<Path>) -> Result<HeaderValue, FetchError> {
    // Files may be slow, and this may be a request's thread.
    task::spawn_blocking(move || read_bearer(&path))
        .await
        .unwrap_or_else(|_| {
            Err(FetchError::new(
                FetchErrorKind::Unreadable,
                "reading the file of the bearer token was given up",
            ))
        })
}

fn read_bearer(path: &Path) -> Result<HeaderValue, FetchError> {
    let unreadable = |reason: &dyn fmt::Display| {
        FetchError::new(
            FetchErrorKind::Unreadable,
            format!("the bearer token in {}: {reason}", path.display()),
        )
    };
    let file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
    let mut text = String::from("Bearer ");
    file.take(MAX_BEARER)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(&error))?;
    let mut value = HeaderValue::from_str(text.trim_end())
        .map_err(|_| unreadable(&"it is not one line of a token"))?;
    if value.as_bytes() == b"Bearer" {
        return Err(unreadable(&"the file is empty"));
    }
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher")
            .field("rules", &self.rules)
            .field("timeout", &self.timeout)
            .field("bearer_file", &self.bearer_file)
            .finish_non_exhaustive()
    }
}
