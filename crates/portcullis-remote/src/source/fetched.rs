//! The seam: a place that keys come from.

use std::{sync::Arc, time::Duration};

use portcullis::jose::KeySet;

use super::left_out::LeftOut;
use crate::{BoxFuture, FetchError, Metadata};

/// A place that the keys of one issuer come from: a URL, a directory, a vault.
///
/// Whoever asks decides when: before the keys go stale, and when a token names a
/// key that is not there. Of a source only one fetch goes on at a time.
///
/// ```
/// use std::time::Duration;
/// use portcullis::jose::KeySet;
/// use portcullis_remote::{BoxFuture, FetchError, Fetched, Source};
///
/// struct Vault;
///
/// impl Source for Vault {
///     fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
///         Box::pin(async {
///             let keys = KeySet::default(); // ask the vault
///             Ok(Fetched::new(keys, Duration::from_secs(300)))
///         })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of keys",
    note = "implement `portcullis_remote::Source` for it"
)]
pub trait Source: Send + Sync + 'static {
    /// The keys as they are now, whether they changed or not.
    ///
    /// The future may be dropped at any point; the next fetch begins anew.
    ///
    /// # Errors
    ///
    /// There are no keys to be had, or none that could be used: those of before
    /// are still the best that is known.
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>>;
}

impl<S: Source + ?Sized> Source for Arc<S> {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        (**self).fetch()
    }
}

/// What a source answered.
#[derive(Clone, Debug)]
pub struct Fetched {
    keys: KeySet,
    fresh_for: Duration,
    left_out: Arc<[LeftOut]>,
    metadata: Option<Arc<Metadata>>,
}

impl Fetched {
    /// Keys that are good for this long, after which it is time to ask again.
    pub fn new(keys: KeySet, fresh_for: Duration) -> Self {
        Self {
            keys,
            fresh_for,
            left_out: Arc::default(),
            metadata: None,
        }
    }

    /// The same keys, good for another time.
    pub(crate) fn lasting(self, fresh_for: Duration) -> Self {
        Self { fresh_for, ..self }
    }

    pub(crate) fn with_left_out(self, left_out: Arc<[LeftOut]>) -> Self {
        Self { left_out, ..self }
    }

    pub(crate) fn with_metadata(self, metadata: Arc<Metadata>) -> Self {
        Self {
            metadata: Some(metadata),
            ..self
        }
    }

    /// The keys, at least one.
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// After which time it is time to ask again.
    pub fn fresh_for(&self) -> Duration {
        self.fresh_for
    }

    /// The keys that cannot be used, and why.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// What the issuer says of itself, if it was asked.
    pub fn metadata(&self) -> Option<&Arc<Metadata>> {
        self.metadata.as_ref()
    }
}
