//! Tokens with a bad signature that came lately.

use std::{
    sync::{PoisonError, RwLock, TryLockError},
    time::Duration,
};

use zeroize::Zeroizing;

use super::{presented::Presented, remembered::Validity};
use crate::time::Timestamp;

/// How many are remembered.
const SLOTS: usize = 64;

/// The longest that is: with 64 of them, 128 KiB at most.
const MAX_TOKEN: usize = 2048;

/// How long they are. Not for ever: a library that is out of memory finds good
/// signatures bad.
const REMEMBERED: Duration = Duration::from_secs(10);

/// The last few tokens that no key verified, each in the place that its hash
/// gives it. They are compared as a whole, so that no good token is ever taken
/// for a bad one.
pub(super) struct ForgedTokens([RwLock<Option<Forged>>; SLOTS]);

struct Forged {
    hash: u64,
    // It may be good elsewhere.
    token: Zeroizing<Box<[u8]>>,
    remembered: Validity,
    /// How often the keys had changed.
    changes: u64,
}

impl ForgedTokens {
    pub(super) fn contains(&self, token: Presented<'_>, changes: u64, now: Timestamp) -> bool {
        // Nobody waits here: what is being written is not looked at.
        let slot = match self.slot(token).map(RwLock::try_read) {
            Some(Ok(slot)) => slot,
            Some(Err(TryLockError::Poisoned(slot))) => slot.into_inner(),
            Some(Err(TryLockError::WouldBlock)) | None => return false,
        };
        slot.as_ref().is_some_and(|forged| {
            forged.hash == token.hash
                && **forged.token == *token.token
                && forged.changes == changes
                && forged.remembered.contains(now)
        })
    }

    pub(super) fn insert(&self, token: Presented<'_>, changes: u64, now: Timestamp) {
        if token.token.len() > MAX_TOKEN {
            return;
        }
        let forged = Forged {
            hash: token.hash,
            token: Zeroizing::new(token.token.into()),
            remembered: Validity {
                from: now,
                until: now.saturating_add(REMEMBERED),
            },
            changes,
        };
        match self.slot(token).map(RwLock::try_write) {
            Some(Ok(mut slot)) => *slot = Some(forged),
            Some(Err(TryLockError::Poisoned(slot))) => *slot.into_inner() = Some(forged),
            Some(Err(TryLockError::WouldBlock)) | None => {}
        }
    }

    pub(super) fn clear(&self) {
        for slot in &self.0 {
            *slot.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn slot(&self, token: Presented<'_>) -> Option<&RwLock<Option<Forged>>> {
        let index = usize::try_from(token.hash % SLOTS as u64).ok()?;
        self.0.get(index)
    }
}

impl Default for ForgedTokens {
    fn default() -> Self {
        Self(std::array::from_fn(|_| RwLock::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(token: &[u8], hash: u64) -> Presented<'_> {
        Presented { token, hash }
    }

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    #[test]
    fn only_the_whole_token_is_found_again() {
        let forged = ForgedTokens::default();
        assert!(!forged.contains(presented(b"a.b.c", 1), 0, NOW));
        forged.insert(presented(b"a.b.c", 1), 0, NOW);
        assert!(forged.contains(presented(b"a.b.c", 1), 0, NOW));
        assert!(!forged.contains(presented(b"a.b.d", 1), 0, NOW));
        assert!(!forged.contains(presented(b"", 0), 0, NOW));
    }

    #[test]
    fn the_newest_takes_the_place_and_giants_take_none() {
        let forged = ForgedTokens::default();
        let giant = [b'a'; MAX_TOKEN + 1];
        forged.insert(presented(b"a.b.c", 1), 0, NOW);
        forged.insert(presented(&giant, 1), 0, NOW);
        assert!(forged.contains(presented(b"a.b.c", 1), 0, NOW));
        forged.insert(presented(b"a.b.d", 1 + SLOTS as u64), 0, NOW);
        assert!(!forged.contains(presented(b"a.b.c", 1), 0, NOW));
        assert!(!forged.contains(presented(&giant, 1), 0, NOW));
    }

    #[test]
    fn none_is_remembered_past_a_change_of_the_keys() {
        let forged = ForgedTokens::default();
        forged.insert(presented(b"a.b.c", 1), 7, NOW);
        assert!(forged.contains(presented(b"a.b.c", 1), 7, NOW));
        assert!(!forged.contains(presented(b"a.b.c", 1), 8, NOW));
    }

    #[test]
    fn none_is_remembered_for_long() {
        let forged = ForgedTokens::default();
        forged.insert(presented(b"a.b.c", 1), 0, NOW);
        for (now, expected) in [
            (NOW.saturating_sub(Duration::from_millis(1)), false),
            (NOW.saturating_add(Duration::from_millis(9_999)), true),
            (NOW.saturating_add(REMEMBERED), false),
        ] {
            assert_eq!(forged.contains(presented(b"a.b.c", 1), 0, now), expected);
        }
    }
}
