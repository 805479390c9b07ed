//! Keys that roll over.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    problems::{ConfigProblems, Found},
    values::{OneOrMany, TimeSpan},
};
use crate::{
    issue::{KeyRing, KeyRingBuilder},
    jose::Algorithm,
    time::SharedClock,
};

/// A [`KeyRing`] as data: keys of one's own that roll over.
///
/// ```
/// use portcullis::{config::{IssuerConfig, KeyRingConfig}, time::SharedClock};
///
/// // [key_ring]
/// let ring: KeyRingConfig = serde_json::from_str(r#"{"directory": "/etc/service/keys"}"#)?;
/// // [issuer]
/// let issuer: IssuerConfig = serde_json::from_str(
///     r#"{"issuer": "https://api.example", "audience": "https://api.example"}"#,
/// )?;
/// let clock = SharedClock::default();
/// let ring = ring.build_access_keys(clock.clone())?;
/// let issuer = issuer.build_signing_with(ring.clone(), clock)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schema",
    schemars(description = "Keys of one's own that roll over.")
)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct KeyRingConfig {
    /// The directory with the files of the keys. Mandatory.
    pub directory: Option<PathBuf>,
    /// What the store knows the ring by; `access` or `refresh` unless set.
    pub name: Option<String>,
    /// What the node is called in health and logs; `node` unless set.
    pub node: Option<String>,
    /// Which algorithms the keys may be for; all unless set.
    pub algorithms: OneOrMany<Algorithm>,
    /// How long verifiers may remember a published key set; 5 minutes unless set.
    pub max_age: Option<TimeSpan>,
    /// How long a node that has gone silent is waited for; a minute unless set.
    pub lease: Option<TimeSpan>,
    /// How long a node signs and verifies without reading the store; an hour unless set.
    pub max_silence: Option<TimeSpan>,
    /// Whether no key is retired, so that tokens which never expire stay good.
    pub never_retire: bool,
}

impl KeyRingConfig {
    /// The ring for a [`TokenIssuer`](crate::issue::TokenIssuer). It is empty until it is
    /// [scanned](KeyRing::scan) and [synced](KeyRing::sync).
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn build_access_keys(&self, clock: SharedClock) -> Result<KeyRing, ConfigProblems> {
        self.build(KeyRing::of_access_keys, clock)
    }

    /// The ring for [`Sessions`](crate::session::Sessions), whose keys make refresh tokens.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn build_refresh_keys(&self, clock: SharedClock) -> Result<KeyRing, ConfigProblems> {
        self.build(KeyRing::of_refresh_keys, clock)
    }

    fn build(
        &self,
        of: impl FnOnce(PathBuf) -> KeyRingBuilder,
        clock: SharedClock,
    ) -> Result<KeyRing, ConfigProblems> {
        let mut found = Found::default();
        let directory = self.directory.clone().unwrap_or_default();
        if directory.as_os_str().is_empty() {
            found.add(
                "directory",
                "there is no directory: name the one with the keys",
            );
        }
        let mut builder = of(directory).clock(clock);
        if let Some(name) = &self.name {
            builder = builder.name(name);
        }
        if let Some(node) = &self.node {
            builder = builder.node(node);
        }
        if !self.algorithms.is_empty() {
            builder = builder.algorithms(self.algorithms.iter().copied());
        }
        if let Some(age) = self.max_age {
            builder = builder.max_age(age.into());
        }
        if let Some(lease) = self.lease {
            builder = builder.lease(lease.into());
        }
        if let Some(silence) = self.max_silence {
            builder = builder.max_silence(silence.into());
        }
        if self.never_retire {
            builder = builder.never_retire();
        }
        let ring = found.value("", builder.build());
        found.result(ring)
    }
}
