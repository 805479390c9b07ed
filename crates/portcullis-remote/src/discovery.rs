//! Finding the metadata of an issuer.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use portcullis::time::{Clock, SharedClock, Timestamp};
use url::Url;

use crate::{
    FetchError, FetchErrorKind, Metadata,
    freshness::{SHORTEST, fresh_for},
    http::Fetcher,
    url_rules::{UrlRules, shown},
};

/// The metadata of one issuer, fetched again when it is no longer fresh.
pub(crate) struct Discovery {
    fetcher: Fetcher,
    clock: SharedClock,
    issuer: Box<str>,
    urls: Vec<Url>,
    known: Mutex<Option<Known>>,
}

struct Known {
    metadata: Arc<Metadata>,
    url: Url,
    fresh_until: Timestamp,
}

impl Discovery {
    /// The metadata of an issuer, which is where its identifier says.
    ///
    /// # Errors
    ///
    /// The issuer is no URL that may be fetched.
    pub(crate) fn of_issuer(
        issuer: &str,
        fetcher: Fetcher,
        clock: SharedClock,
    ) -> Result<Self, FetchError> {
        let urls = well_known(issuer, fetcher.rules())?;
        Ok(Self::new(issuer, urls, fetcher, clock))
    }

    /// The metadata at a URL, which must say that it is of this issuer: a name or,
    /// where one document is for many issuers, the pattern that it has.
    ///
    /// # Errors
    ///
    /// The URL is none that may be fetched.
    pub(crate) fn at(
        url: &str,
        issuer: &str,
        fetcher: Fetcher,
        clock: SharedClock,
    ) -> Result<Self, FetchError> {
        let url = fetcher.rules().check("the URL of the metadata", url)?;
        Ok(Self::new(issuer, vec![url], fetcher, clock))
    }

    fn new(issuer: &str, urls: Vec<Url>, fetcher: Fetcher, clock: SharedClock) -> Self {
        Self {
            fetcher,
            clock,
            issuer: issuer.into(),
            urls,
            known: Mutex::default(),
        }
    }

    /// What is known and fresh, else what is fetched; if the issuer cannot be
    /// reached just now, what was known.
    pub(crate) async fn metadata(&self) -> Result<Arc<Metadata>, FetchError> {
        let known = self
            .known()
            .as_ref()
            .map(|known| (Arc::clone(&known.metadata), known.fresh_until));
        let stale = match known {
            Some((metadata, fresh_until)) if self.clock.now() < fresh_until => {
                return Ok(metadata);
            }
            known => known.map(|(metadata, _)| metadata),
        };
        match (self.fetch().await, stale) {
            (Ok(metadata), _) => Ok(metadata),
            (Err(error), Some(stale)) if is_passing(error.kind()) => {
                tracing::warn!(issuer = &*self.issuer, %error, "the metadata of before is used");
                // Not everybody who needs it is to try again, and to wait for that.
                self.believe_until(self.clock.now().saturating_add(SHORTEST));
                Ok(stale)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// What is known may have changed: the next time it is fetched.
    pub(crate) fn doubt(&self) {
        self.believe_until(Timestamp::from_millis(i64::MIN));
    }

    fn believe_until(&self, fresh_until: Timestamp) {
        if let Some(known) = self.known().as_mut() {
            known.fresh_until = fresh_until;
        }
    }

    async fn fetch(&self) -> Result<Arc<Metadata>, FetchError> {
        let mut absent = Vec::new();
        for url in self.in_order() {
            let response = match self.fetcher.get(&url, None).await {
                Ok(response) => response,
                Err(error) if error.kind() == FetchErrorKind::Status(404) => {
                    absent.push(url);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let metadata = Metadata::parse(response.body(), &self.issuer, self.fetcher.rules())
                .map(Arc::new)
                .map_err(|error| error.within(shown(&url)))?;
            let lifetime = fresh_for(response.headers());
            *self.known() = Some(Known {
                metadata: Arc::clone(&metadata),
                url,
                fresh_until: self.clock.now().saturating_add(lifetime),
            });
            return Ok(metadata);
        }
        Err(nowhere(&absent))
    }

    /// The URLs to try, first the one that it was at before.
    fn in_order(&self) -> Vec<Url> {
        let before = self.known().as_ref().map(|known| known.url.clone());
        let others = self.urls.iter().filter(|url| Some(*url) != before.as_ref());
        before.iter().chain(others).cloned().collect()
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the metadata of an issuer may be: OpenID Connect Discovery section 4, then
/// RFC 8414 section 3 with its own name and with that of OpenID. A slash at the end
/// is dropped, here only.
fn well_known(issuer: &str, rules: UrlRules) -> Result<Vec<Url>, FetchError> {
    let base = rules.check_issuer(issuer)?;
    let path = base.path().strip_suffix('/').unwrap_or(base.path());
    let mut urls: Vec<Url> = Vec::new();
    for path in [
        format!("{path}/.well-known/openid-configuration"),
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
    ] {
        let mut url = base.clone();
        url.set_path(&path);
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    Ok(urls)
}

fn is_passing(kind: FetchErrorKind) -> bool {
    use FetchErrorKind::{Status, Timeout, Unreachable, Unreadable};
    matches!(
        kind,
        Unreachable | Timeout | Unreadable | Status(408 | 429 | 500..=599)
    )
}

fn nowhere(urls: &[Url]) -> FetchError {
    let urls: Vec<_> = urls.iter().map(shown).collect();
    FetchError::new(
        FetchErrorKind::Status(404),
        format!(
            "the issuer has no metadata (status 404) at {}: if it is elsewhere, give its URL",
            urls.join(", ")
        ),
    )
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<_> = self.urls.iter().map(shown).collect();
        f.debug_struct("Discovery")
            .field("issuer", &self.issuer)
            .field("urls", &urls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(issuer: &str) -> Vec<String> {
        let urls = well_known(issuer, UrlRules::default()).unwrap();
        urls.into_iter().map(String::from).collect()
    }

    #[test]
    fn an_issuer_with_a_path_has_three_places() {
        let expected = [
            "https://h.example/realms/main/.well-known/openid-configuration",
            "https://h.example/.well-known/oauth-authorization-server/realms/main",
            "https://h.example/.well-known/openid-configuration/realms/main",
        ];
        assert_eq!(urls("https://h.example/realms/main"), expected);
        assert_eq!(urls("https://h.example/realms/main/"), expected);
    }

    #[test]
    fn one_without_a_path_has_two() {
        let expected = [
            "https://h.example:8443/.well-known/openid-configuration",
            "https://h.example:8443/.well-known/oauth-authorization-server",
        ];
        assert_eq!(urls("https://h.example:8443"), expected);
        assert_eq!(urls("https://h.example:8443/"), expected);
    }

    #[test]
    fn what_is_escaped_stays_so() {
        assert_eq!(
            urls("https://h.example/a%2Fb//")[0],
            "https://h.example/a%2Fb//.well-known/openid-configuration"
        );
    }

    #[test]
    fn what_is_no_issuer_is_refused() {
        for issuer in [
            "http://h.example",
            "h.example",
            "https://h.example/?a",
            "https://u@h/",
        ] {
            let error = well_known(issuer, UrlRules::default()).unwrap_err();
            assert_eq!(error.kind(), FetchErrorKind::UrlNotAllowed, "{issuer}");
        }
    }
}
