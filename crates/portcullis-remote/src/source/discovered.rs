//! Keys that an issuer's metadata leads to.

use super::{
    document::KeyDocument,
    fetched::{Fetched, Source},
    reader::Reader,
};
use crate::{BoxFuture, FetchError, FetchErrorKind, discovery::Discovery, http::Fetcher};

/// The key document that `jwks_uri` in an issuer's metadata names.
#[derive(Debug)]
pub(crate) struct Discovered {
    discovery: Discovery,
    document: KeyDocument,
}

impl Discovered {
    pub(crate) fn new(discovery: Discovery, fetcher: Fetcher, reader: Reader) -> Self {
        Self {
            discovery,
            document: KeyDocument::new(fetcher, reader),
        }
    }

    async fn keys(&self) -> Result<Fetched, FetchError> {
        let metadata = self.discovery.metadata().await?;
        let error = match self.document.fetch(metadata.jwks_url()?).await {
            Ok(fetched) => return Ok(fetched.with_metadata(metadata)),
            Err(error) => error,
        };
        // The keys may have moved.
        self.discovery.doubt();
        if !says_elsewhere(error.kind()) {
            return Err(error);
        }
        match self.discovery.metadata().await {
            Ok(newer) if newer.jwks_uri() != metadata.jwks_uri() => {
                let fetched = self.document.fetch(newer.jwks_url()?).await?;
                Ok(fetched.with_metadata(newer))
            }
            _ => Err(error),
        }
    }
}

/// Whether the server answered that it is not there: worth a second look at once.
fn says_elsewhere(kind: FetchErrorKind) -> bool {
    matches!(kind, FetchErrorKind::Status(300..=399 | 404 | 410))
}

impl Source for Discovered {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        Box::pin(self.keys())
    }
}
