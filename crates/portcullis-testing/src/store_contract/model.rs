//! Random histories, in the store and in the pure rules side by side.

use std::time::Duration;

use portcullis::{
    session::{
        AttemptId, ReplayPolicy, RotationAttempt, RotationMode, RotationRules, SecretDigest,
        SessionRecord, rules,
    },
    subject::Subject,
    time::Timestamp,
};

use super::bench::{Bench, attempt, device};

const HISTORIES: u64 = 60;
const STEPS: usize = 25;

/// The store says and keeps exactly what [`rules::decide`] does.
pub async fn random_histories_follow_the_rules(bench: &Bench) {
    for seed in 1..=HISTORIES {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut model = bench.open().await;
        for step in 0..STEPS {
            let attempt = dice.attempt(&model);
            let now = dice.moment(&model);
            bench.clock.set(now);
            let (outcome, change) = rules::decide(&model, &attempt, now);
            model = change.unwrap_or(model);
            let context = format!("history {seed}, step {step}: {attempt:?}");
            assert_eq!(bench.rotate(&attempt).await, outcome, "{context}");
            assert_eq!(bench.row(&model).await, model, "{context}");
        }
        bench.clock.set(model.created_at);
    }
}

/// Numbers that are the same at every run (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

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
}
