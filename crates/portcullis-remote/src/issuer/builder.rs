//! Building an [`Issuer`].

use std::{fmt, sync::Arc, time::Duration};

use portcullis::{
    ConfigError,
    jose::{Algorithm, KeySet},
    time::SharedClock,
    verify::LiveKeys,
};

use super::{Issuer, IssuerError, drive::drive, feed::Feed};
use crate::{Source, Worker, schedule::Rules};

/// Builds an [`Issuer`].
#[must_use = "does nothing until built"]
pub struct IssuerBuilder {
    issuer: Arc<str>,
    source: Option<Arc<dyn Source>>,
    seed: Option<Seed>,
    algorithms: Vec<Algorithm>,
    stale_limit: Duration,
    interval: Option<Duration>,
    clock: SharedClock,
    worker: Option<Worker>,
}

enum Seed {
    Keys(KeySet),
    Source(Arc<dyn Source>),
}

impl Issuer {
    /// Begins with the name of the issuer: the `iss` of its tokens.
    pub fn builder(issuer: impl Into<Arc<str>>) -> IssuerBuilder {
        IssuerBuilder {
            issuer: issuer.into(),
            source: None,
            seed: None,
            algorithms: asymmetric().collect(),
            stale_limit: Rules::STALE_LIMIT,
            interval: None,
            clock: SharedClock::default(),
            worker: None,
        }
    }
}

impl IssuerBuilder {
    /// Where the keys come from.
    pub fn source(mut self, source: impl Source) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Builds.
    pub fn build(self) -> Result<Issuer, ConfigError> {
        let rules = Rules::new(self.stale_limit, self.interval)?;
        let source = self.source.ok_or_else(|| ConfigError::new("no source"))?;
        let worker = match self.worker {
            Some(worker) => worker,
            None => Worker::start().map_err(|error| {
                ConfigError::new(format!("no thread to fetch keys on: {error}"))
            })?,
        };
        let keys = LiveKeys::new(&self.algorithms);
        let feed = Arc::new(Feed::new(
            self.issuer,
            keys,
            self.clock,
            rules,
            worker.clone(),
        ));
        let seed = match self.seed {
            Some(Seed::Keys(keys)) => {
                feed.seed(keys);
                None
            }
            Some(Seed::Source(source)) => Some(source),
            None => None,
        };
        worker.run(drive(Arc::downgrade(&feed), feed.waker(), source, seed));
        Ok(Issuer::of(feed))
    }
}

fn asymmetric() -> impl Iterator<Item = Algorithm> {
    let all = Algorithm::ALL.iter().copied();
    all.filter(|algorithm| !algorithm.is_symmetric())
}
