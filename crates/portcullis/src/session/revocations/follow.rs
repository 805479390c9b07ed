//! Reading the store over and over.

use std::{convert::Infallible, future::Future};

use super::Revocations;

/// After how many readings everything that still matters is read again, not only
/// what is new: a transaction that was hidden for long is found then.
const THOROUGH: u8 = 12;

impl Revocations {
    /// Keeps the snapshot up to date by reading the store, with a `pause` after each
    /// time: what the tasks are made of that the crates of the stores have. It ends
    /// only when it is dropped.
    ///
    /// Everything that still matters is read first, every twelfth time, and after a
    /// reading that failed: a gap may have been longer than the next one looks back.
    ///
    /// ```
    /// use std::{future::Future, time::Duration};
    /// use portcullis::session::Revocations;
    ///
    /// /// `sleep` is that of your runtime.
    /// async fn keep<S: Future<Output = ()>>(revocations: Revocations, sleep: fn(Duration) -> S) {
    ///     match revocations.follow(|| sleep(Duration::from_secs(5))).await {}
    /// }
    /// ```
    pub async fn follow<P>(&self, mut pause: impl FnMut() -> P) -> Infallible
    where
        P: Future<Output = ()>,
    {
        let mut failing = false;
        let mut until_thorough = 0;
        loop {
            let result = match until_thorough {
                0 => self.sync_thoroughly().await,
                _ => self.sync().await,
            };
            match &result {
                Err(error) if !failing => {
                    tracing::warn!(error = error.cause(), "cannot read what was revoked");
                }
                Ok(()) if failing => tracing::info!("can read again what was revoked"),
                _ => {}
            }
            failing = result.is_err();
            until_thorough = match until_thorough {
                _ if failing => 0,
                0 => THOROUGH - 1,
                left => left - 1,
            };
            pause().await;
        }
    }
}
