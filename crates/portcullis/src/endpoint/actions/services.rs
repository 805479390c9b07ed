//! What the actions work with.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use http::HeaderName;

use crate::{
    challenge::{Realm, RefusalFormat},
    cookies::MountedCookies,
    endpoint::erased::DynAccounts,
    session::Sessions,
    verify::Verifier,
};

/// What the actions work with.
pub(in crate::endpoint) struct Services {
    pub(in crate::endpoint) accounts: DynAccounts,
    /// Of the access tokens of all APIs, if there are any.
    pub(in crate::endpoint) verifier: Option<Verifier>,
    /// Of all APIs; one store is behind them.
    pub(in crate::endpoint) sessions: Vec<Sessions>,
    /// The headers in which refresh tokens come.
    pub(in crate::endpoint) refresh_headers: Vec<HeaderName>,
    /// Those of the cookie API, if there is one.
    pub(in crate::endpoint) cookies: Option<Arc<MountedCookies>>,
    pub(in crate::endpoint) no_address: NoAddress,
    /// What refusals look like.
    pub(in crate::endpoint) format: RefusalFormat,
    /// The realm of what belongs to no route.
    pub(in crate::endpoint) realm: Realm,
}

/// Whether it was said that nobody tells where requests come from.
#[derive(Default)]
pub(in crate::endpoint) struct NoAddress(AtomicBool);

impl NoAddress {
    /// Says so, once.
    pub(super) fn warn(&self, path: &str) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                http.route = path,
                "credentials come from an unknown address, so that throttling treats all clients \
                 as one: put a `ClientAddress` into the extensions of requests"
            );
        }
    }
}
