//! Random histories, in the store and in the pure rules side by side.

use std::time::Duration;

use portcullis::{
    session::{
        AttemptId, ReplayPolicy, RotationAttempt, RotationMode, RotationOutcome, RotationRules,
        SecretDigest, SessionRecord, rules,
    },
    subject::Subject,
    time::Timestamp,
};

use super::bench::{Bench, Dice, attempt, device};

const HISTORIES: u64 = 60;
const STEPS: usize = 25;

/// The store says and keeps exactly what [`rules::decide`] does.
///
/// # Panics
///
/// When it does not, or no history has one of the outcomes in it.
pub async fn random_histories_follow_the_rules(bench: &Bench) {
    let mut seen = [0_usize; 8];
    for seed in 1..=HISTORIES {
        let mut dice = Dice::new(seed);
        let mut model = bench.open().await;
        for step in 0..STEPS {
            let mut attempt = dice.attempt(&model);
            let now = dice.moment(&model);
            attempt.deadline = dice.deadline(now);
            bench.clock.set(now);
            let (outcome, change) = rules::decide(&model, &attempt, now);
            model = change.unwrap_or(model);
            seen[kind(&outcome)] += 1;
            let context = format!("history {seed}, step {step}: {attempt:?}");
            assert_eq!(bench.rotate(&attempt).await, outcome, "{context}");
            assert_eq!(bench.row(&model).await, model, "{context}");
        }
        bench.clock.set(model.created_at);
    }
    assert!(!seen.contains(&0), "{seen:?}");
}

fn kind(outcome: &RotationOutcome) -> usize {
    match outcome {
        RotationOutcome::Rotated(_) => 0,
        RotationOutcome::RolledBack(_) => 1,
        RotationOutcome::Rested { .. } => 2,
        RotationOutcome::Replayed { .. } => 3,
        RotationOutcome::Valid { .. } => 4,
        RotationOutcome::Reused { .. } => 5,
        RotationOutcome::Refused(_) => 6,
        _ => 7,
    }
}

impl Dice {
    fn seldom(&mut self) -> bool {
        self.roll(16) == 0
    }

    fn attempt(&mut self, session: &SessionRecord) -> RotationAttempt {
        // Mostly the current token, often the one before, now and then others.
        let generation = match self.roll(8) {
            0..4 => session.generation,
            4..6 => session.generation.saturating_sub(1),
            6 => self.roll(session.generation + 1),
            _ if self.seldom() => session.generation + 1 + self.roll(3),
            _ => session.generation,
        };
        let mut attempt = attempt(session, generation);
        // Few names, so that attempts are repeated.
        attempt.id = AttemptId::from_bytes([u8::try_from(self.roll(6)).unwrap_or(0); 16]);
        attempt.rules = RotationRules::with_grace(Duration::from_millis(self.roll(3) * 1500));
        attempt.rules.until_used = self.roll(2) == 0;
        if self.roll(4) == 0 {
            attempt.rules.replay = ReplayPolicy::SameDevice;
        }
        if self.roll(3) == 0 {
            attempt.device = device("another");
        }
        attempt.idle_ttl = Duration::from_secs(1 + self.roll(9));
        attempt.scope_allowed = !self.seldom();
        attempt.client = match self.roll(16) {
            0 => Some("another".to_owned()),
            1 => None,
            _ => session.client.clone(),
        };
        if self.seldom() {
            attempt.mode = RotationMode::Keep;
        }
        if self.seldom() {
            attempt.secret_digest = SecretDigest::of(b"a guess");
        }
        if self.seldom() {
            attempt.subject = Subject::new("users", "bob");
        }
        attempt
    }

    /// Around the last rotation, before it too.
    fn moment(&mut self, session: &SessionRecord) -> Timestamp {
        let around = session.rotated_at.as_millis();
        let by = i64::try_from(self.roll(4000)).unwrap_or(0);
        Timestamp::from_millis(around + by - 500)
    }

    /// Mostly to come; now and then at this very moment, or over.
    fn deadline(&mut self, now: Timestamp) -> Timestamp {
        match self.roll(12) {
            0 => now,
            1 => Timestamp::from_millis(now.as_millis() - 1 - i64::from(self.seldom()) * 5000),
            2 => Timestamp::from_millis(now.as_millis() + 1),
            3..6 => Timestamp::from_millis(
                now.as_millis() + i64::try_from(self.roll(4000)).unwrap_or(0),
            ),
            _ => Timestamp::from_millis(i64::MAX),
        }
    }
}
