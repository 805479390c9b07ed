//! The store in memory, into which nothing can be put by hand: each row is made by what a
//! service does. Some of the domain no service can make, and is left out.

use std::time::Duration;

use model::domain::{Case, NOW, cases, new_session};
use portcullis::{
    session::{
        AttemptId, Created, MemoryStore, NewSession, RotationAttempt, RotationRules, SessionRecord,
        SessionStore,
    },
    time::Timestamp,
};
use portcullis_testing::clock::FakeClock;

use crate::differs;

/// How many cases no service can make: rows that nobody rotated though they have a
/// generation, that were rotated and forgiven by the same attempt, or after they had ended.
const UNREACHABLE: usize = 22_577;

struct Memory {
    store: MemoryStore,
    clock: FakeClock,
}

impl Memory {
    /// A row like that of the case, and the case with it; none if it came out otherwise.
    async fn made(&self, case: &Case) -> Option<Case> {
        let row = &case.row;
        let lasts = |until: Timestamp| until.saturating_duration_since(row.rotated_at);
        self.clock.set(row.rotated_at);
        let session = NewSession {
            id: row.id.clone(),
            client: row.client.clone(),
            idle_ttl: lasts(row.idle_deadline),
            absolute_ttl: lasts(row.absolute_deadline),
            ..new_session()
        };
        let ticket = self.store.login_ticket().await.unwrap();
        let created = self.store.create(session, ticket).await.unwrap();
        let Created::Session { session: made, .. } = created else {
            panic!("{created:?}");
        };
        let step = Step {
            store: &self.store,
            row,
        };
        if row.rotated_from > 0 {
            step.present(row.rotated_from - 1, FILLER, false).await;
        }
        if let (Some(by), Some(below)) = (row.rotated_by, row.generation.checked_sub(1)) {
            step.present(below, by, false).await;
            if let Some(late) = row.late_retry_by {
                step.present(below, late, true).await;
            }
            if let Some((at, by)) = row.revoked.and_then(|r| Some((r.at, r.by?))) {
                self.clock.set(at);
                step.present(below.checked_sub(1)?, by, false).await;
            }
        }
        let row = SessionRecord {
            created_at: made.created_at,
            ..row.clone()
        };
        let attempt = case.attempt.clone();
        (self.row(&row).await == row).then_some(Case { row, attempt })
    }

    async fn row(&self, row: &SessionRecord) -> SessionRecord {
        let found = self.store.session(&row.subject, &row.id).await;
        found.unwrap().unwrap()
    }
}

const FILLER: AttemptId = AttemptId::from_bytes([9; 16]);

struct Step<'a> {
    store: &'a MemoryStore,
    row: &'a SessionRecord,
}

impl Step<'_> {
    /// Presents a token in time, without a window.
    async fn present(&self, generation: u64, id: AttemptId, until_used: bool) {
        let row = self.row;
        let mut rules = RotationRules::with_grace(Duration::ZERO);
        rules.until_used = until_used;
        let attempt = RotationAttempt {
            id,
            deadline: Timestamp::from_millis(i64::MAX),
            session: row.id.clone(),
            subject: row.subject.clone(),
            generation,
            secret_digest: row.secret_digest,
            client: row.client.clone(),
            scope_allowed: true,
            mode: Default::default(),
            idle_ttl: row.idle_deadline.saturating_duration_since(row.rotated_at),
            refresh_key: row.refresh_key.clone(),
            device: row.device.clone(),
            rules,
        };
        self.store.rotate(&attempt).await.unwrap();
    }
}

#[tokio::test]
async fn memory_follows_the_rules() {
    let clock = FakeClock::new();
    let memory = Memory {
        store: MemoryStore::new(clock.shared()),
        clock,
    };
    let cases = cases();
    let mut unreachable = 0;
    for case in &cases {
        let Some(case) = memory.made(case).await else {
            unreachable += 1;
            continue;
        };
        memory.clock.set(NOW);
        let outcome = memory.store.rotate(&case.attempt).await;
        let outcome = outcome.map_err(|error| error.to_string());
        let (expected, next) = case.decided();
        assert_eq!(differs(&case, outcome, expected), None);
        assert_eq!(memory.row(&case.row).await, next, "{case:?}");
    }
    assert_eq!(unreachable, UNREACHABLE, "of {}", cases.len());
}
