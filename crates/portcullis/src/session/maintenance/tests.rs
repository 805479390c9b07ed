use std::{
    future::pending,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    task::{Context, Waker},
};

use super::*;
use crate::{
    session::{
        ApplicationToken, Created, LoginTicket, NewSession, RevocationPage, RevocationQuery,
        RevokedAll, RotationAttempt, RotationOutcome, SessionCursor, SessionId, SessionPage,
        SessionRecord, TokenAdded,
    },
    subject::Subject,
};

const INTERVAL: i64 = 60_000;

/// A store with nothing but rows to forget, whose clock goes on with each look at it. Two of
/// a kind share who has used what.
#[derive(Clone, Default)]
struct Heap {
    rows: Arc<AtomicU64>,
    now: Arc<AtomicI64>,
    used: Option<Arc<Mutex<Vec<[u8; 32]>>>>,
    is_down: Arc<AtomicBool>,
}

impl SessionStore for Heap {
    async fn current_time(&self) -> Result<Timestamp, StoreError> {
        let now = self.now.fetch_add(10, Ordering::Relaxed);
        Ok(Timestamp::from_millis(now))
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        _: Duration,
    ) -> Result<OneUse, StoreError> {
        let Some(used) = &self.used else {
            return Err(StoreError::unsupported(
                "from before there was such a thing",
            ));
        };
        let mut used = used.lock().unwrap();
        if used.contains(value.as_bytes()) {
            let first = AttemptId::from_bytes([0; 16]);
            return Ok(OneUse::of(attempt, first, Duration::ZERO));
        }
        used.push(*value.as_bytes());
        Ok(OneUse::First)
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("down"));
        }
        let rows = self.rows.load(Ordering::Relaxed);
        let gone = rows.min(u64::from(rules.limit));
        self.rows.store(rows - gone, Ordering::Relaxed);
        Ok(gone)
    }

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        unreachable!("nobody asks")
    }

    async fn create(&self, _: NewSession, _: LoginTicket) -> Result<Created, StoreError> {
        unreachable!("nobody asks")
    }

    async fn rotate(&self, _: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        unreachable!("nobody asks")
    }

    async fn session(
        &self,
        _: &Subject,
        _: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        unreachable!("nobody asks")
    }

    async fn session_page(
        &self,
        _: &Subject,
        _: Option<&SessionCursor>,
        _: u32,
    ) -> Result<SessionPage, StoreError> {
        unreachable!("nobody asks")
    }

    async fn session_count(&self, _: &Subject) -> Result<u64, StoreError> {
        unreachable!("nobody asks")
    }

    async fn revoke(&self, _: &Subject, _: &SessionId) -> Result<bool, StoreError> {
        unreachable!("nobody asks")
    }

    async fn revoke_all(&self, _: &Subject) -> Result<RevokedAll, StoreError> {
        unreachable!("nobody asks")
    }

    async fn add_application_token(
        &self,
        _: ApplicationToken,
        _: u32,
        _: LoginTicket,
    ) -> Result<TokenAdded, StoreError> {
        unreachable!("nobody asks")
    }

    async fn application_token_is_live(&self, _: &Subject, _: &str) -> Result<bool, StoreError> {
        unreachable!("nobody asks")
    }

    async fn application_tokens(&self, _: &Subject) -> Result<Vec<ApplicationToken>, StoreError> {
        unreachable!("nobody asks")
    }

    async fn remove_application_token(&self, _: &Subject, _: &str) -> Result<bool, StoreError> {
        unreachable!("nobody asks")
    }

    async fn revoke_token(&self, _: &Subject, _: &str, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("nobody asks")
    }

    async fn revocation_page(&self, _: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        unreachable!("nobody asks")
    }
}

fn maintenance(heap: &Heap) -> Maintenance {
    Maintenance::new(DynSessionStore::new(heap.clone()), Duration::ZERO)
        .with_batch(NonZeroU32::new(10).unwrap())
}

/// Runs until it has paused so often; for how long each time.
fn pauses(maintenance: &Maintenance, count: usize) -> Vec<Duration> {
    let told = Mutex::new(Vec::new());
    let mut run = pin!(maintenance.run(|duration| {
        let mut told = told.lock().unwrap();
        told.push(duration);
        let is_last = told.len() == count;
        async move {
            if is_last {
                pending::<()>().await;
            }
        }
    }));
    let polled = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    let told = told.lock().unwrap();
    told.clone()
}

#[test]
fn the_store_is_left_alone_between_batches() {
    let heap = Heap::default();
    heap.rows.store(25, Ordering::Relaxed);
    let told = pauses(&maintenance(&heap), 4);
    assert_eq!(heap.rows.load(Ordering::Relaxed), 0);
    let rest = Duration::from_millis(40);
    assert_eq!(told[1..3], [rest, rest], "ten rows, ten rows, five rows");
    for until_next in [told[0], told[3]] {
        let interval = Maintenance::DEFAULT_INTERVAL;
        assert!(
            (interval / 2..=interval).contains(&until_next),
            "{until_next:?}"
        );
    }
}

#[test]
fn one_node_does_the_work_of_an_interval() {
    let heap = Heap {
        used: Some(Arc::default()),
        ..Heap::default()
    };
    let nodes = [maintenance(&heap), maintenance(&heap)];
    for (interval, node) in [(0, 0), (1, 1), (2, 0)] {
        heap.now.store(interval * INTERVAL, Ordering::Relaxed);
        heap.rows.store(5, Ordering::Relaxed);
        pauses(&nodes[node], 2);
        assert_eq!(heap.rows.load(Ordering::Relaxed), 0);
        heap.rows.store(5, Ordering::Relaxed);
        pauses(&nodes[1 - node], 2);
        assert_eq!(heap.rows.load(Ordering::Relaxed), 5, "it is not its turn");
    }
}

/// Work of one interval that lasts until the next one is given up if another node has begun
/// with that.
#[test]
fn work_that_lasts_meets_nobody_elses() {
    let heap = Heap {
        used: Some(Arc::default()),
        ..Heap::default()
    };
    let (one, two) = (maintenance(&heap), maintenance(&heap));
    heap.rows.store(100, Ordering::Relaxed);
    let mut paused = 0;
    let mut run = pin!(one.run(|_| {
        paused += 1;
        if paused == 3 {
            heap.now.store(INTERVAL, Ordering::Relaxed);
            let left = heap.rows.swap(5, Ordering::Relaxed);
            assert_eq!(left, 80);
            pauses(&two, 2);
            heap.rows.store(left, Ordering::Relaxed);
        }
        let is_last = paused == 4;
        async move {
            if is_last {
                pending::<()>().await;
            }
        }
    }));
    let polled = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    assert_eq!(heap.rows.load(Ordering::Relaxed), 80);
}

#[test]
fn a_store_that_fails_is_tried_again() {
    let heap = Heap {
        is_down: Arc::new(AtomicBool::new(true)),
        ..Heap::default()
    };
    heap.rows.store(5, Ordering::Relaxed);
    let maintenance = maintenance(&heap);
    pauses(&maintenance, 3);
    assert_eq!(heap.rows.load(Ordering::Relaxed), 5);
    heap.is_down.store(false, Ordering::Relaxed);
    pauses(&maintenance, 2);
    assert_eq!(heap.rows.load(Ordering::Relaxed), 0);
}
