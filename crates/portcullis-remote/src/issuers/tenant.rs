//! What the application is asked about.

use std::sync::Arc;

use portcullis::time::SharedClock;

use crate::{HttpClient, Issuer, IssuerBuilder, Worker};

/// An issuer that a token names and that is not known yet. Nothing about the name
/// was checked: it must be looked for among those that are trusted, not be trusted
/// because it is there.
#[derive(Clone, Debug)]
pub struct Tenant {
    issuer: Arc<str>,
    shared: Shared,
}

/// What all issuers have in common.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) worker: Worker,
    pub(super) client: Option<Arc<dyn HttpClient>>,
    pub(super) clock: SharedClock,
}

impl Tenant {
    pub(super) fn new(issuer: &str, shared: &Shared) -> Self {
        Self {
            issuer: issuer.into(),
            shared: shared.clone(),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.issuer
    }

    /// Begins an issuer of this name, which shares thread, HTTP client and clock
    /// with all others. [`build`](IssuerBuilder::build) it: its keys are fetched
    /// once they are needed.
    pub fn issuer(&self) -> IssuerBuilder {
        let Shared {
            worker,
            client,
            clock,
        } = &self.shared;
        let builder = Issuer::builder(self.issuer.clone())
            .worker(worker)
            .clock(clock.clone());
        match client {
            Some(client) => builder.http_client(client.clone()),
            None => builder,
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}
