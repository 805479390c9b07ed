//! What becomes of the keys of a source.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use portcullis::jose::{Algorithm, KeySet};

use super::{fetched::Fetched, left_out::LeftOut};
use crate::{FetchError, FetchErrorKind};

/// Reads the key documents of one source, and logs of each key that is left out
/// once, rather than at every refresh.
#[derive(Debug)]
pub(crate) struct Reader {
    algorithms: Option<Box<[Algorithm]>>,
    /// What the last document had that could not be used.
    reported: Mutex<Arc<[LeftOut]>>,
}

impl Reader {
    /// Reads keys for these algorithms; without any, for whatever public-key
    /// algorithm a key says that it is for.
    pub(crate) fn new(algorithms: Option<&[Algorithm]>) -> Self {
        Self {
            algorithms: algorithms.map(Box::from),
            reported: Mutex::default(),
        }
    }

    pub(crate) fn algorithms(&self) -> Option<&[Algorithm]> {
        self.algorithms.as_deref()
    }

    /// The keys of a JWK Set from this place, which are good for so long.
    pub(crate) fn jwks(
        &self,
        place: &str,
        json: &[u8],
        fresh_for: Duration,
    ) -> Result<Fetched, FetchError> {
        let (keys, skipped) =
            KeySet::from_public_jwks(json, self.algorithms()).map_err(|error| {
                FetchError::new(FetchErrorKind::Malformed, format!("{place}: {error}"))
            })?;
        let odd = skipped.into_iter().map(|key| LeftOut::of_set(place, key));
        self.admit(place, keys, odd.collect(), fresh_for)
    }

    /// These keys, if there are any.
    pub(crate) fn admit(
        &self,
        place: &str,
        keys: KeySet,
        left_out: Vec<LeftOut>,
        fresh_for: Duration,
    ) -> Result<Fetched, FetchError> {
        let left_out = Arc::from(left_out);
        self.report(Arc::clone(&left_out));
        if keys.is_empty() {
            return Err(empty(place, &left_out));
        }
        Ok(Fetched::new(keys, fresh_for).with_left_out(left_out))
    }

    fn report(&self, left_out: Arc<[LeftOut]>) {
        let before = {
            let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
            mem::replace(&mut *reported, Arc::clone(&left_out))
        };
        for key in left_out.iter().filter(|key| !before.contains(key)) {
            if key.is_for_others() {
                tracing::info!("a key is left out: {key}");
            } else {
                tracing::warn!("a key is left out: {key}");
            }
        }
    }
}

fn empty(place: &str, left_out: &[LeftOut]) -> FetchError {
    let message = match left_out {
        [] => format!("{place}: there are no keys"),
        [only] => format!("none of the keys can be used: {only}"),
        [first, others @ ..] => format!(
            "none of the keys can be used: {first}; and {} more",
            others.len()
        ),
    };
    FetchError::new(FetchErrorKind::EmptySet, message)
}
