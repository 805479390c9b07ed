//! Remembering tokens that were verified, and some that were forged.

mod forged;
mod presented;
mod remembered;
mod settings;
mod told_size;

pub(super) use remembered::{Remembered, Validity};
pub use settings::TokenCache;

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use self::{forged::ForgedTokens, presented::Presented, remembered::VerifiedTokens};
use crate::time::{Clock, SharedClock};

/// What a verifier remembers: good verdicts until their key goes, bad ones until
/// any key comes or goes.
pub(super) struct Cache {
    hasher: RandomState,
    clock: SharedClock,
    verified: VerifiedTokens,
    forged: ForgedTokens,
    /// Whether nothing is remembered any more.
    is_closed: AtomicBool,
}

impl Cache {
    pub(super) fn new(max_bytes: usize, clock: SharedClock) -> Option<Self> {
        Some(Self {
            hasher: RandomState::new(),
            clock,
            verified: VerifiedTokens::new(max_bytes)?,
            forged: ForgedTokens::default(),
            is_closed: AtomicBool::new(false),
        })
    }

    pub(super) fn look_up<'t>(&self, token: &'t [u8]) -> Presented<'t> {
        // The end of a good signature is as random as any hash; that of a bad one
        // only decides where the token is not found. Keyed, so that nobody can
        // tell from it where that is.
        let tail = token.len().saturating_sub(TAIL);
        let mut hasher = self.hasher.build_hasher();
        hasher.write(token.get(tail..).unwrap_or_default());
        Presented {
            token,
            hash: hasher.finish(),
        }
    }

    pub(super) fn verified(&self, token: Presented<'_>) -> Option<Arc<Remembered>> {
        self.verified.get(token)
    }

    pub(super) fn remember(&self, token: Presented<'_>, verified: Arc<Remembered>) {
        self.verified.insert(token, verified, self.clock.now());
        self.forget_if_closed();
    }

    /// Forgets a token whose time is over.
    pub(super) fn forget(&self, token: Presented<'_>) {
        self.verified.remove(token);
    }

    /// Whether no key verified the token, and the keys have not changed since.
    pub(super) fn is_forged(&self, token: Presented<'_>, changes: u64) -> bool {
        self.forged.contains(token, changes, self.clock.now())
    }

    /// Remembers that none of the keys, after so many changes, verifies a token;
    /// for a while.
    pub(super) fn remember_forged(&self, token: Presented<'_>, changes: u64) {
        self.forged.insert(token, changes, self.clock.now());
        self.forget_if_closed();
    }

    /// Forgets everything, and remembers nothing from now on.
    pub(super) fn close(&self) {
        self.is_closed.store(true, SeqCst);
        self.forget_if_closed();
    }

    /// Whoever puts something there looks afterwards: one of the two sees the other.
    fn forget_if_closed(&self) {
        if self.is_closed.load(SeqCst) {
            self.verified.clear();
            self.forged.clear();
        }
    }

    #[cfg(test)]
    pub(super) fn len_and_bytes(&self) -> (usize, u64) {
        self.verified.len_and_bytes()
    }
}

/// In characters of base64url: 96 bits of the signature.
const TAIL: usize = 16;

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
