//! Other issuers, whose tokens are taken beside the demo's own.

use std::collections::BTreeMap;

use portcullis::{ConfigError, jose::Algorithm, time::SharedClock, verify::Verifier};
use portcullis_remote::{Client, Issuer, Worker};

use crate::cli::TrustedIssuer;

/// A verifier for each issuer. Nothing is fetched before its first token comes.
///
/// # Errors
///
/// If one cannot be used.
pub(crate) fn verifiers(
    trusted: &[TrustedIssuer],
    clock: &SharedClock,
) -> Result<Vec<Verifier>, ConfigError> {
    // One that is trusted for several audiences is asked for its keys once.
    let mut issuers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for trusted in trusted {
        let key = (trusted.issuer.as_str(), trusted.is_on_this_machine());
        issuers
            .entry(key)
            .or_default()
            .push(trusted.audience.as_str());
    }
    if issuers.is_empty() {
        return Ok(Vec::new());
    }
    let worker = Worker::start()
        .map_err(|error| ConfigError::new(format!("there is no thread to fetch on: {error}")))?;
    let verifier = |((name, on_this_machine), audiences): ((&str, bool), Vec<&str>)| {
        // Some issuers publish RSA keys without `alg` and do not sign with RS256.
        let algorithms = Algorithm::ALL.iter().filter(|one| !one.is_symmetric());
        let mut issuer = Issuer::builder(name)
            .algorithms(algorithms.copied())
            .clock(clock.clone())
            .worker(&worker);
        if on_this_machine {
            issuer = issuer
                .allow_loopback_http()
                .http_client(Client::builder().no_proxy().build()?);
        }
        issuer.build()?.verifier().audiences(audiences).build()
    };
    issuers.into_iter().map(verifier).collect()
}
