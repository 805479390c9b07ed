//! Where the keys of refresh tokens come from: they stay, or roll over.

use std::{fmt, ops::Deref, sync::Arc};

use arc_swap::{ArcSwap, Guard};

use super::{RefreshErrorKind, RefreshKeys};
use crate::{
    issue::{KeyRing, Snapshot, TokenIssuer},
    time::Clock,
};

/// Keys that stay, or those of a ring. Cheap to clone.
#[derive(Clone)]
pub(super) enum RefreshSource {
    Fixed(RefreshKeys),
    Ring(Arc<RingKeys>),
}

/// The keys of a ring, prepared for refresh tokens whenever they change.
pub(super) struct RingKeys {
    ring: KeyRing,
    /// Its keys are never those of refresh tokens.
    issuer: TokenIssuer,
    view: ArcSwap<View>,
}

/// What was made of one state of the ring.
pub(super) struct View {
    of: Option<Arc<Snapshot>>,
    keys: RefreshKeys,
}

/// Keys to look one up in.
pub(super) enum Loaded<'a> {
    Fixed(&'a RefreshKeys),
    Ring(Guard<Arc<View>>),
}

impl Deref for Loaded<'_> {
    type Target = RefreshKeys;

    fn deref(&self) -> &RefreshKeys {
        match self {
            Self::Fixed(keys) => keys,
            Self::Ring(view) => &view.keys,
        }
    }
}

impl RefreshSource {
    pub(super) fn of_ring(ring: KeyRing, issuer: TokenIssuer) -> Self {
        Self::Ring(Arc::new(RingKeys {
            ring,
            issuer,
            view: ArcSwap::from_pointee(View {
                of: None,
                keys: RefreshKeys::none(),
            }),
        }))
    }

    /// The keys of now.
    pub(super) fn load(&self) -> Loaded<'_> {
        match self {
            Self::Fixed(keys) => Loaded::Fixed(keys),
            Self::Ring(ring) => Loaded::Ring(ring.view()),
        }
    }

    /// The id of the key that new tokens are made with.
    pub(super) fn current_id(&self) -> Result<Arc<str>, RefreshErrorKind> {
        match self {
            Self::Fixed(keys) => Ok(Arc::clone(keys.current_id())),
            Self::Ring(keys) => {
                let now = keys.ring.current();
                let key = now.signing(keys.ring.clock().now());
                let id = key.and_then(|key| key.key.key_id());
                // Before the store is told to use it: one that is an access key,
                // too, makes no tokens.
                id.filter(|id| keys.view().keys.named(id).is_some())
                    .map(Arc::from)
                    .ok_or(RefreshErrorKind::KeysUnavailable)
            }
        }
    }

    /// Whether the keys may be gone by.
    pub(super) fn check(&self) -> Result<(), RefreshErrorKind> {
        match self {
            Self::Ring(keys) if !keys.ring.current().is_good(keys.ring.clock().now()) => {
                Err(RefreshErrorKind::KeysUnavailable)
            }
            _ => Ok(()),
        }
    }

    /// What a token is whose key is not among them.
    pub(super) fn unknown(&self) -> RefreshErrorKind {
        match self {
            Self::Ring(keys) if !keys.ring.current().is_settled(keys.ring.clock().now()) => {
                RefreshErrorKind::KeysUnavailable
            }
            _ => RefreshErrorKind::UnknownKey,
        }
    }
}

impl RingKeys {
    fn view(&self) -> Guard<Arc<View>> {
        let now = self.ring.current();
        let view = self.view.load();
        if view.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, &now)) {
            return view;
        }
        let access = self.issuer.keys();
        let keys = now.verifying().iter().map(|loaded| loaded.key.clone());
        let (keys, shared) = RefreshKeys::of_ring(keys, &access);
        for id in shared {
            tracing::error!(
                event = "ring_problem",
                ring = self.ring.name(),
                key = &*id,
                "a refresh key is also an access key, and is not used: refresh keys must be independent"
            );
        }
        let view = Arc::new(View {
            of: Some(Arc::clone(&now)),
            keys,
        });
        self.view.store(Arc::clone(&view));
        // Not what is there now: that may be what somebody else made of an older
        // state, with a key that has been withdrawn.
        Guard::from_inner(view)
    }
}

impl fmt::Debug for RefreshSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(keys) => keys.fmt(f),
            Self::Ring(keys) => keys.ring.fmt(f),
        }
    }
}
