//! How much is remembered, as it was last told.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::metrics;

/// What this cache has added to the gauges, which are those of all caches. It is taken
/// away again with the cache.
#[derive(Default)]
pub(super) struct ToldSize {
    tokens: AtomicI64,
    bytes: AtomicI64,
}

impl ToldSize {
    /// Tells it anew; `size` is asked for only if somebody wants to know.
    pub(super) fn tell(&self, size: impl FnOnce() -> (usize, u64)) {
        if !metrics::ARE_ON {
            return;
        }
        let (tokens, bytes) = size();
        let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let tokens = tokens.saturating_sub(self.tokens.swap(tokens, Relaxed));
        let bytes = bytes.saturating_sub(self.bytes.swap(bytes, Relaxed));
        metrics::CACHE_TOKENS.add(tokens as f64, []);
        metrics::CACHE_BYTES.add(bytes as f64, []);
    }
}

impl Drop for ToldSize {
    fn drop(&mut self) {
        self.tell(|| (0, 0));
    }
}
