//! Keys that are written down in code.

use std::future;

use portcullis::jose::KeySet;

use super::fetched::{Fetched, Source};
use crate::{BoxFuture, FetchError, FetchErrorKind, freshness::LONGEST};

/// A set in code never changes: to begin with while an issuer is down, or for good.
impl Source for KeySet {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        let fetched = match self.is_empty() {
            false => Ok(Fetched::new(self.clone(), LONGEST)),
            true => Err(FetchError::new(
                FetchErrorKind::EmptySet,
                "the key set in code is empty",
            )),
        };
        Box::pin(future::ready(fetched))
    }
}
