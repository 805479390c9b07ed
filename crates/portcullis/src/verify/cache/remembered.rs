//! Tokens whose signature and claims were found good.

use std::{
    any::Any,
    cell::RefCell,
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use quick_cache::{Equivalent, Lifecycle, OptionsBuilder, Weighter, sync::Cache};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{presented::Presented, told_size::ToldSize};
use crate::{
    metrics,
    subject::Subject,
    time::Timestamp,
    verify::{ClaimsError, lease::SharedLease, token::Token},
};

/// A bounded table from whole tokens to what was read from them.
///
/// It is quick_cache's: sharded, weighed, and good at keeping what comes often
/// when somebody sends many tokens once.
pub(super) struct VerifiedTokens {
    tokens: Cache<Key, Arc<Remembered>, Weight, BuildHasherDefault<Hashed>, LetGo>,
    /// When to look for tokens that have expired, in milliseconds.
    sweep_at: AtomicI64,
    told: ToldSize,
}

/// How often is looked for tokens that have expired, in milliseconds.
const SWEEP_EVERY: i64 = 60_000;

/// What a token is taken to weigh where the number of tokens must be known: it
/// only decides among how many shards they are spread.
const USUAL_WEIGHT: usize = 2048;

impl VerifiedTokens {
    pub(super) fn new(max_bytes: usize) -> Option<Self> {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(max_bytes / USUAL_WEIGHT)
            .weight_capacity(u64::try_from(max_bytes).unwrap_or(u64::MAX))
            .build()
            .ok()?;
        Some(Self {
            tokens: Cache::with_options(options, Weight, BuildHasherDefault::default(), LetGo),
            sweep_at: AtomicI64::new(i64::MIN),
            told: ToldSize::default(),
        })
    }

    pub(super) fn get(&self, token: Presented<'_>) -> Option<Arc<Remembered>> {
        self.tokens.get(&token)
    }

    pub(super) fn insert(&self, token: Presented<'_>, verified: Arc<Remembered>, now: Timestamp) {
        self.sweep(now);
        let key = Key {
            hash: token.hash,
            token: Zeroizing::new(token.token.into()),
        };
        if metrics::ARE_ON {
            return self.insert_and_tell(key, verified);
        }
        self.tokens.insert(key, verified);
    }

    fn insert_and_tell(&self, key: Key, verified: Arc<Remembered>) {
        let (own, mut let_go) = (key.hash, Vec::new());
        self.tokens
            .insert_with_lifecycle(key, verified, &mut let_go);
        // The same token, which another thread was quicker to remember, is not gone.
        for _ in let_go.iter().filter(|(hash, _)| *hash != own) {
            metrics::CACHE_EVICTIONS.count([]);
        }
        self.told.tell(|| (self.tokens.len(), self.tokens.weight()));
    }

    pub(super) fn remove(&self, token: Presented<'_>) {
        self.tokens.remove(&token);
    }

    /// Lets go of everything; outside of the locks.
    pub(super) fn clear(&self) {
        self.let_go_of(|_| true);
    }

    fn let_go_of(&self, is_over: impl Fn(&Remembered) -> bool) {
        let over = RefCell::new(Vec::new());
        self.tokens.retain(|_, token| {
            let is_over = is_over(token);
            if is_over {
                over.borrow_mut().push(token.clone());
            }
            !is_over
        });
    }

    /// Lets go of what has expired, now and then; outside of the locks.
    fn sweep(&self, now: Timestamp) {
        let due = self.sweep_at.load(Relaxed);
        let next = now.as_millis().saturating_add(SWEEP_EVERY);
        // One thread does it; so it does if the clock was turned back.
        if (now.as_millis() >= due || next < due)
            && self
                .sweep_at
                .compare_exchange(due, next, Relaxed, Relaxed)
                .is_ok()
        {
            self.let_go_of(|token| {
                let lease = token.lease.as_ref();
                now >= token.validity.until || lease.is_some_and(|lease| !lease.holds(now))
            });
        }
    }

    #[cfg(test)]
    pub(super) fn len_and_bytes(&self) -> (usize, u64) {
        (self.tokens.len(), self.tokens.weight())
    }
}

/// A token that was verified once, as all its requests share it.
pub(in super::super) struct Remembered {
    pub(in super::super) token: Token,
    /// Which of the verifier's profiles it is of.
    pub(in super::super) profile: usize,
    validity: Validity,
    /// That of its key, where keys change.
    lease: Option<SharedLease>,
    subject: OnceLock<Option<Subject>>,
    claims: BuiltClaims,
}

impl Remembered {
    pub(in super::super) fn new(
        token: Token,
        profile: usize,
        validity: Validity,
        lease: Option<SharedLease>,
    ) -> Self {
        Self {
            token,
            profile,
            validity,
            lease,
            subject: OnceLock::new(),
            claims: BuiltClaims::default(),
        }
    }

    /// Whether it is good as it is.
    pub(in super::super) fn holds(&self, now: Timestamp) -> bool {
        let lease = self.lease.as_ref();
        self.validity.contains(now) && lease.is_none_or(|lease| lease.holds(now))
    }

    /// The claims as `T`, built once.
    pub(in super::super) fn claims<T>(&self) -> Result<T, ClaimsError>
    where
        T: DeserializeOwned + Clone + Send + Sync + 'static,
    {
        self.claims.get_or_build(|| self.token.claims())
    }

    pub(in super::super) fn subject(&self) -> Option<Subject> {
        self.subject.get_or_init(|| self.token.subject()).clone()
    }

    #[cfg(test)]
    pub(super) fn types_built(&self) -> usize {
        self.claims.0.iter().map_while(OnceLock::get).count()
    }

    fn weight(&self) -> usize {
        // The claims are counted again for what handlers build from them.
        size_of::<Self>() + self.token.size() + self.token.claims_json().len()
    }
}

/// When a token is good, as far as time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Validity {
    pub(in super::super) from: Timestamp,
    /// From here on it no longer is.
    pub(in super::super) until: Timestamp,
}

impl Validity {
    pub(in super::super) fn contains(self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

/// What handlers asked for, by type. Few services ask for more than one.
#[derive(Default)]
struct BuiltClaims([OnceLock<Box<dyn Any + Send + Sync>>; 4]);

impl BuiltClaims {
    fn get_or_build<T: Clone + Send + Sync + 'static>(
        &self,
        build: impl FnOnce() -> Result<T, ClaimsError>,
    ) -> Result<T, ClaimsError> {
        let found = self
            .0
            .iter()
            .map_while(OnceLock::get)
            .find_map(|built| built.downcast_ref::<T>());
        if let Some(claims) = found {
            return Ok(claims.clone());
        }
        let claims = build()?;
        let mut built: Box<dyn Any + Send + Sync> = Box::new(claims.clone());
        // Where none is free, it is built again the next time.
        for slot in &self.0 {
            match slot.set(built) {
                Ok(()) => break,
                Err(back) => built = back,
            }
            // Another thread may have been quicker with the same type.
            if slot.get().is_some_and(|own| own.is::<T>()) {
                break;
            }
        }
        Ok(claims)
    }
}

struct Key {
    /// Compared first, so that how long a comparison takes says nothing about
    /// other people's tokens.
    hash: u64,
    token: Zeroizing<Box<[u8]>>,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.token == other.token
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for Presented<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Key> for Presented<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.hash == key.hash && *self.token == **key.token
    }
}

/// Keys bring their hash along.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Keeps what is evicted until no lock is held: with it goes what handlers
/// asked for, whose `Drop` may do anything.
#[derive(Clone)]
struct LetGo;

impl Lifecycle<Key, Arc<Remembered>> for LetGo {
    type RequestState = Vec<(u64, Arc<Remembered>)>;

    fn on_evict(&self, state: &mut Self::RequestState, key: Key, token: Arc<Remembered>) {
        state.push((key.hash, token));
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Remembered>> for Weight {
    fn weight(&self, key: &Key, token: &Arc<Remembered>) -> u64 {
        u64::try_from(key.token.len() + token.weight()).unwrap_or(u64::MAX)
    }
}
