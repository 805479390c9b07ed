//! Setting up a ring.

use std::{path::PathBuf, time::Duration};

use super::key_ring::{KeyRing, Settings};
use crate::{ConfigError, jose::Algorithm, random::random_uuid, time::SharedClock};

/// Builds a [`KeyRing`].
#[derive(Debug)]
#[must_use = "does nothing until built"]
pub struct KeyRingBuilder {
    name: String,
    node: String,
    directory: PathBuf,
    algorithms: Vec<Algorithm>,
    max_age: Duration,
    lease: Duration,
    silence: Duration,
    never_retires: bool,
    clock: SharedClock,
}

impl KeyRing {
    /// A ring of keys that sign access tokens, from the files in `directory`:
    /// private keys in PEM or as JWKs.
    ///
    /// For a [`TokenIssuer`](crate::issue::TokenIssuer).
    pub fn of_access_keys(directory: impl Into<PathBuf>) -> KeyRingBuilder {
        KeyRingBuilder {
            name: "access".to_owned(),
            node: "node".to_owned(),
            directory: directory.into(),
            algorithms: Algorithm::ALL.to_vec(),
            max_age: Duration::from_secs(300),
            lease: Duration::from_secs(60),
            silence: Duration::from_secs(3600),
            never_retires: false,
            clock: SharedClock::default(),
        }
    }

    /// A ring of keys that make refresh tokens, from the files in `directory`:
    /// random secrets for HS256 as JWKs. Not the directory of any other ring.
    ///
    /// For [`SessionsBuilder::refresh_ring`](crate::session::SessionsBuilder::refresh_ring).
    pub fn of_refresh_keys(directory: impl Into<PathBuf>) -> KeyRingBuilder {
        KeyRingBuilder {
            name: "refresh".to_owned(),
            algorithms: vec![Algorithm::HS256],
            // Nobody else verifies them.
            max_age: Duration::ZERO,
            ..Self::of_access_keys(directory)
        }
    }
}

impl KeyRingBuilder {
    /// What the store knows the ring by: `access` or `refresh` unless set. Rings
    /// of several issuers that share a store need different names. At most 64
    /// letters, digits, `.`, `_` and `-`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What the node is called in [health](crate::issue::RingHealth) and logs, such as
    /// the name of its host; `node` unless set. Something random is added.
    pub fn node(mut self, node: impl Into<String>) -> Self {
        self.node = node.into();
        self
    }

    /// Which algorithms the keys may be for; all unless set. A key that does not
    /// say gets the first of these that fits it.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// How long verifiers may remember a published key set; 5 minutes unless
    /// set. A key is announced for this long and a minute before it signs.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// How long a node that has gone silent is waited for; a minute unless set.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long a node signs and verifies without reading the store; an hour
    /// unless set, and no less than a lease. Old keys verify for as much longer.
    pub fn max_silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// Retires no key, so that tokens which never expire stay good:
    /// [`TokenIssuer::application`](crate::issue::TokenIssuer::application)
    /// fails with a ring without this. Keys can still be
    /// [withdrawn](KeyRing::withdraw).
    pub fn never_retire(mut self) -> Self {
        self.never_retires = true;
        self
    }

    /// The clock; the system's unless set.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the ring, which is empty until it is
    /// [scanned](KeyRing::scan) and [synced](KeyRing::sync).
    ///
    /// # Errors
    ///
    /// When the name is empty, too long or has other characters, no algorithm is
    /// allowed, the lease is shorter than 6 seconds or longer than the silence;
    /// when the operating system has no random numbers.
    pub fn build(self) -> Result<KeyRing, ConfigError> {
        self.clock.validate()?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(is_plain) {
            return Err(ConfigError::new(
                "a key ring's name has 1 to 64 letters, digits, `.`, `_` and `-`",
            ));
        }
        if self.algorithms.is_empty() {
            return Err(ConfigError::new(
                "a key ring must allow an algorithm: name at least one",
            ));
        }
        if self.lease < Duration::from_secs(6) || self.silence < self.lease {
            return Err(ConfigError::new(
                "a key ring's lease is 6 seconds at least, and its silence no less than the lease",
            ));
        }
        let random = random_uuid()
            .map_err(|_| ConfigError::new("the operating system has no random numbers"))?;
        Ok(KeyRing::new(Settings {
            name: self.name,
            node: format!("{}-{}", self.node, random.simple()),
            directory: self.directory,
            algorithms: self.algorithms,
            max_age: self.max_age,
            lease: self.lease,
            silence: self.silence,
            never_retires: self.never_retires,
            clock: self.clock,
        }))
    }
}
