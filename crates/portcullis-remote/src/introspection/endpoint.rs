//! Where an issuer is asked.

use portcullis::time::SharedClock;
use url::Url;

use crate::{FetchError, FetchErrorKind, discovery::Discovery, http::Fetcher, url_rules::shown};

/// The introspection endpoint: given, or as the issuer's metadata say.
pub(super) enum Endpoint {
    Given(Url),
    Discovered {
        discovery: Box<Discovery>,
        issuer: Url,
    },
}

impl Endpoint {
    pub(super) fn given(url: &str, fetcher: &Fetcher) -> Result<Self, FetchError> {
        let url = fetcher.rules().check("the introspection endpoint", url)?;
        Ok(Self::Given(url))
    }

    pub(super) fn of_issuer(
        issuer: &str,
        fetcher: &Fetcher,
        clock: SharedClock,
    ) -> Result<Self, FetchError> {
        Ok(Self::Discovered {
            discovery: Box::new(Discovery::of_issuer(issuer, fetcher.clone(), clock)?),
            issuer: fetcher.rules().check_issuer(issuer)?,
        })
    }

    /// The URL, which is https, and on a host that was configured.
    pub(super) async fn url(&self, fetcher: &Fetcher) -> Result<Url, FetchError> {
        let (discovery, issuer) = match self {
            Self::Given(url) => return Ok(url.clone()),
            Self::Discovered { discovery, issuer } => (discovery, issuer),
        };
        let metadata = discovery.metadata().await?;
        let endpoint = metadata.introspection_endpoint()?.ok_or_else(|| {
            FetchError::new(
                FetchErrorKind::Malformed,
                format!(
                    "{} has no `introspection_endpoint` in its metadata: its tokens cannot be \
                     asked about there; if there is one nevertheless, give it with \
                     `Introspector::at`",
                    shown(issuer)
                ),
            )
        })?;
        let endpoint = fetcher
            .rules()
            .check("`introspection_endpoint`", endpoint)?;
        if endpoint.origin() != issuer.origin() {
            return Err(FetchError::new(
                FetchErrorKind::UrlNotAllowed,
                format!(
                    "the metadata of {} name {} as its introspection endpoint, which is another \
                     host or port, and tokens go to none that is not configured: if it is meant, \
                     give it with `Introspector::at`",
                    shown(issuer),
                    shown(&endpoint)
                ),
            ));
        }
        Ok(endpoint)
    }

    /// The issuer may have moved it.
    pub(super) fn doubt(&self) {
        if let Self::Discovered { discovery, .. } = self {
            discovery.doubt();
        }
    }
}
