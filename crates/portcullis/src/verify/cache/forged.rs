//! Tokens with a bad signature that came lately.

use std::sync::{Mutex, TryLockError};

use zeroize::Zeroizing;

use super::Presented;

/// How many are remembered.
const SLOTS: usize = 64;

/// The longest that is: with 64 of them, 128 KiB at most.
const MAX_TOKEN: usize = 2048;

/// The last few tokens that no key verified, each in the place that its hash
/// gives it. They are compared as a whole, so that no good token is ever taken
/// for a bad one.
pub(super) struct ForgedTokens([Mutex<Slot>; SLOTS]);

#[derive(Default)]
struct Slot {
    hash: u64,
    // It may be good elsewhere.
    token: Zeroizing<Vec<u8>>,
}

impl ForgedTokens {
    pub(super) fn contains(&self, token: Presented<'_>) -> bool {
        self.with_slot(token, |slot| {
            slot.hash == token.hash && **slot.token == *token.token
        })
        .unwrap_or_default()
    }

    pub(super) fn insert(&self, token: Presented<'_>) {
        if token.token.len() > MAX_TOKEN {
            return;
        }
        self.with_slot(token, |slot| {
            slot.hash = token.hash;
            slot.token.clear();
            slot.token.extend_from_slice(token.token);
        });
    }

    /// Nobody waits here: what is in use by somebody else is left alone.
    fn with_slot<T>(&self, token: Presented<'_>, act: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        let index = usize::try_from(token.hash % SLOTS as u64).unwrap_or_default();
        let mut slot = match self.0.get(index)?.try_lock() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(slot)) => slot.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(act(&mut slot))
    }
}

impl Default for ForgedTokens {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(token: &[u8], hash: u64) -> Presented<'_> {
        Presented { token, hash }
    }

    #[test]
    fn only_the_whole_token_is_found_again() {
        let forged = ForgedTokens::default();
        assert!(!forged.contains(presented(b"a.b.c", 1)));
        forged.insert(presented(b"a.b.c", 1));
        assert!(forged.contains(presented(b"a.b.c", 1)));
        assert!(!forged.contains(presented(b"a.b.d", 1)));
    }

    #[test]
    fn the_newest_takes_the_place_and_giants_take_none() {
        let forged = ForgedTokens::default();
        let giant = [b'a'; MAX_TOKEN + 1];
        forged.insert(presented(b"a.b.c", 1));
        forged.insert(presented(&giant, 1));
        assert!(forged.contains(presented(b"a.b.c", 1)));
        forged.insert(presented(b"a.b.d", 1 + SLOTS as u64));
        assert!(!forged.contains(presented(b"a.b.c", 1)));
        assert!(!forged.contains(presented(&giant, 1)));
    }
}
