//! Argon2id, off the async workers and never on too many cores at once.

use std::{num::NonZero, sync::Arc, thread};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use portcullis::secret::SecretString;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task,
};

/// The OWASP recommendation: 19 MiB, two passes, one lane.
pub(crate) const RECOMMENDED_MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many checks may wait for a core.
const QUEUE: usize = 32;

/// A password that was hashed, as a PHC string.
#[derive(Clone)]
pub(crate) struct PasswordDigest(Arc<PasswordHash>);

/// Hashes `password` in so much memory. Takes some ten milliseconds with what is
/// recommended: not on an async worker.
pub(crate) fn hash(password: &SecretString, memory_kib: u32) -> Result<PasswordDigest, HashError> {
    let params = Params::new(memory_kib, PASSES, LANES, None).map_err(|_| HashError)?;
    let hash = argon2(params)
        .hash_password(password.expose().as_bytes())
        .map_err(|_| HashError)?;
    Ok(PasswordDigest(Arc::new(hash)))
}

fn argon2(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// A password could not be hashed: the system gives no random numbers, or no
/// memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HashError;

/// Checks passwords on at most half the cores, with a short queue.
#[derive(Clone, Debug)]
pub(crate) struct PasswordChecks {
    cores: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// The queue is full: the same for all names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueFull;

impl PasswordChecks {
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self::with_cores((cores / 2).max(1))
    }

    fn with_cores(cores: usize) -> Self {
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            places: Arc::new(Semaphore::new(cores + QUEUE)),
        }
    }

    /// Waits for a core.
    ///
    /// # Errors
    ///
    /// If too many wait already.
    pub(crate) async fn turn(&self) -> Result<Turn, QueueFull> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| QueueFull)?;
        // Nobody closes the semaphore.
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|_| QueueFull)?;
        Ok(Turn {
            _place: place,
            _core: core,
        })
    }
}

/// The right to keep one core busy.
#[derive(Debug)]
pub(crate) struct Turn {
    _place: OwnedSemaphorePermit,
    _core: OwnedSemaphorePermit,
}

impl Turn {
    /// Whether `password` is the one of `digest`.
    ///
    /// The turn ends with the work, not with the request: one that was given up
    /// does not make room for another while it is still being worked on.
    pub(crate) async fn verify(
        self,
        password: SecretString,
        digest: PasswordDigest,
    ) -> Result<bool, HashError> {
        let work = task::spawn_blocking(move || {
            // What it cost is in the digest.
            let argon2 = argon2(Params::DEFAULT);
            let result = argon2.verify_password(password.expose().as_bytes(), &*digest.0);
            drop(self);
            result.is_ok()
        });
        work.await.map_err(|_| HashError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[tokio::test]
    async fn passwords_are_argon2id_with_the_recommended_costs() {
        let digest = hash(&secret("wonderland"), RECOMMENDED_MEMORY_KIB).unwrap();
        let phc = digest.0.to_string();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let checks = PasswordChecks::new();
        for (password, right) in [("wonderland", true), ("Wonderland", false), ("", false)] {
            let turn = checks.turn().await.unwrap();
            assert_eq!(
                turn.verify(secret(password), digest.clone()).await,
                Ok(right)
            );
        }
    }

    #[tokio::test]
    async fn a_digest_says_what_it_costs() {
        let digest = hash(&secret("wonderland"), 8).unwrap();
        let phc = digest.0.to_string();
        assert!(phc.starts_with("$argon2id$v=19$m=8,t=2,p=1$"), "{phc}");
        for (password, right) in [("wonderland", true), ("Wonderland", false)] {
            let turn = PasswordChecks::new().turn().await.unwrap();
            let verified = turn.verify(secret(password), digest.clone()).await;
            assert_eq!(verified, Ok(right));
        }
    }

    #[tokio::test]
    async fn the_queue_is_short() {
        let checks = PasswordChecks::with_cores(1);
        let first = checks.turn().await.unwrap();
        let waiting: Vec<_> = (0..QUEUE)
            .map(|_| {
                let checks = checks.clone();
                tokio::spawn(async move { checks.turn().await.is_ok() })
            })
            .collect();
        task::yield_now().await;
        assert_eq!(checks.turn().await.unwrap_err(), QueueFull);
        drop(first);
        for turn in waiting {
            assert!(turn.await.unwrap());
        }
        assert!(checks.turn().await.is_ok());
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_leaves_the_queue() {
        let checks = PasswordChecks::with_cores(1);
        let first = checks.turn().await.unwrap();
        let waiting = tokio::spawn({
            let checks = checks.clone();
            async move { checks.turn().await.is_ok() }
        });
        task::yield_now().await;
        assert_eq!(checks.places.available_permits(), QUEUE - 1);
        waiting.abort();
        assert!(waiting.await.is_err());
        assert_eq!(checks.places.available_permits(), QUEUE);
        drop(first);
    }
}
