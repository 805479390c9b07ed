//! A key document behind a URL.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AGE, CACHE_CONTROL, DATE, ETAG, EXPIRES},
};
use url::Url;

use super::{
    fetched::{Fetched, Source},
    reader::Reader,
};
use crate::{BoxFuture, FetchError, freshness::fresh_for, http::Fetcher, url_rules::shown};

/// Fetches a JWK Set, and asks only whether it changed where the server can tell.
#[derive(Debug)]
pub(crate) struct KeyDocument {
    fetcher: Fetcher,
    reader: Reader,
    last: Mutex<Option<Last>>,
}

/// A document that was fetched and had keys.
#[derive(Clone, Debug)]
struct Last {
    url: Url,
    etag: HeaderValue,
    /// What says how long it is good.
    headers: HeaderMap,
    fetched: Fetched,
}

impl KeyDocument {
    pub(crate) fn new(fetcher: Fetcher, reader: Reader) -> Self {
        Self {
            fetcher,
            reader,
            last: Mutex::default(),
        }
    }

    pub(crate) async fn fetch(&self, url: &Url) -> Result<Fetched, FetchError> {
        let last = self.last().clone().filter(|last| last.url == *url);
        let etag = last.as_ref().map(|last| &last.etag);
        let response = self.fetcher.get(url, etag).await?;
        let (parts, body) = response.into_parts();
        if let (StatusCode::NOT_MODIFIED, Some(last)) = (parts.status, last) {
            let headers = revalidated(last.headers, &parts.headers);
            let fetched = last.fetched.lasting(fresh_for(&headers));
            let etag = parts.headers.get(ETAG).cloned().unwrap_or(last.etag);
            self.remember(url, Some(etag), headers, &fetched);
            return Ok(fetched);
        }
        let lifetime = fresh_for(&parts.headers);
        let fetched = self.reader.jwks(&shown(url), &body, lifetime)?;
        let headers = revalidated(HeaderMap::new(), &parts.headers);
        self.remember(url, parts.headers.get(ETAG).cloned(), headers, &fetched);
        Ok(fetched)
    }

    fn remember(
        &self,
        url: &Url,
        etag: Option<HeaderValue>,
        headers: HeaderMap,
        fetched: &Fetched,
    ) {
        *self.last() = etag.map(|etag| Last {
            url: url.clone(),
            etag,
            headers,
            fetched: fetched.clone(),
        });
    }

    fn last(&self) -> MutexGuard<'_, Option<Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said of an answer's time once another one confirmed it: the newer word
/// where there is one (RFC 9111 section 4.3.4). `Age` is the newer answer's own.
fn revalidated(mut stored: HeaderMap, newer: &HeaderMap) -> HeaderMap {
    stored.remove(AGE);
    for name in [CACHE_CONTROL, EXPIRES, DATE, AGE] {
        if newer.contains_key(&name) {
            stored.remove(&name);
            for value in newer.get_all(&name) {
                stored.append(&name, value.clone());
            }
        }
    }
    stored
}

/// The key document behind one URL that is known.
#[derive(Debug)]
pub(crate) struct JwksUrl {
    document: KeyDocument,
    url: Url,
}

impl JwksUrl {
    /// # Errors
    ///
    /// The URL is none that may be fetched.
    pub(crate) fn new(url: &str, fetcher: Fetcher, reader: Reader) -> Result<Self, FetchError> {
        let url = fetcher.rules().check("the URL of the keys", url)?;
        Ok(Self {
            document: KeyDocument::new(fetcher, reader),
            url,
        })
    }
}

impl Source for JwksUrl {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        Box::pin(self.document.fetch(&self.url))
    }
}
