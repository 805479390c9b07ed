//! Answers that are good for a while.

use std::{hash::RandomState, time::Duration};

use portcullis::time::Timestamp;
use quick_cache::{
    Weighter,
    sync::{Cache, DefaultLifecycle},
};

use super::{answer::Answer, token::Token};

/// What was answered lately, in a bounded table for each kind of answer: whoever
/// sends many tokens that are none pushes no good one out.
pub(super) struct Memory {
    active: Table,
    inactive: Table,
    max_age: Duration,
    inactive_age: Duration,
}

type Table = Cache<Token, Remembered, Weight, RandomState>;

#[derive(Clone)]
struct Remembered {
    answer: Answer,
    from: Timestamp,
    until: Timestamp,
}

#[derive(Clone)]
struct Weight;

/// The tables' own, for an entry.
const OVERHEAD: usize = 160;

/// What an entry is taken to weigh where the number must be known.
const USUAL_WEIGHT: usize = 1024;

/// Inactive ones get this part of the room.
const INACTIVE_PART: usize = 8;

impl Weighter<Token, Remembered> for Weight {
    fn weight(&self, token: &Token, remembered: &Remembered) -> u64 {
        let claims = match &remembered.answer {
            Answer::Active { claims, .. } => claims.len(),
            Answer::Inactive => 0,
        };
        u64::try_from(OVERHEAD + token.as_str().len() + claims).unwrap_or(u64::MAX)
    }
}

impl Memory {
    pub(super) fn new(max_bytes: usize, max_age: Duration, inactive_age: Duration) -> Self {
        let inactive = max_bytes / INACTIVE_PART;
        Self {
            active: table(max_bytes - inactive),
            inactive: table(inactive),
            max_age,
            inactive_age,
        }
    }

    pub(super) fn get(&self, token: &str, now: Timestamp) -> Option<Answer> {
        [&self.active, &self.inactive]
            .into_iter()
            .find_map(|table| {
                let remembered = table.get(token)?;
                // A clock that was turned back makes nothing younger.
                if remembered.from <= now && now < remembered.until {
                    return Some(remembered.answer);
                }
                table.remove(token);
                None
            })
    }

    /// Remembers what was answered to a question that was asked at `asked_at`: no
    /// longer than the token lives.
    pub(super) fn insert(&self, token: Token, answer: Answer, asked_at: Timestamp) {
        let (table, other, until) = match &answer {
            Answer::Active { expires_at, .. } => {
                let until = asked_at.saturating_add(self.max_age);
                let until = expires_at.map_or(until, |end| end.min(until));
                (&self.active, &self.inactive, until)
            }
            Answer::Inactive => {
                let until = asked_at.saturating_add(self.inactive_age);
                (&self.inactive, &self.active, until)
            }
        };
        other.remove(token.as_str());
        if until > asked_at {
            let remembered = Remembered {
                answer,
                from: asked_at,
                until,
            };
            table.insert(token, remembered);
        }
    }

    /// In bytes.
    #[cfg(test)]
    fn weight(&self) -> u64 {
        self.active.weight() + self.inactive.weight()
    }
}

fn table(max_bytes: usize) -> Table {
    Cache::with(
        max_bytes / USUAL_WEIGHT,
        u64::try_from(max_bytes).unwrap_or(u64::MAX),
        Weight,
        RandomState::new(),
        DefaultLifecycle::default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn active(expires_at: Option<i64>) -> Answer {
        Answer::Active {
            claims: "{}".into(),
            expires_at: expires_at.map(at),
        }
    }

    #[test]
    fn an_answer_is_good_for_a_while_and_no_longer_than_its_token() {
        let memory = Memory::new(1 << 20, MINUTE, MINUTE / 12);
        for (answer, end) in [
            (active(None), 160),
            (active(Some(1000)), 160),
            (active(Some(107)), 107),
            (Answer::Inactive, 105),
        ] {
            memory.insert("t".into(), answer.clone(), at(100));
            for good in [100, end - 1] {
                assert_eq!(memory.get("t", at(good)), Some(answer.clone()), "{good}");
            }
            assert_eq!(memory.get("t", at(end)), None, "{end}");
            memory.insert("t".into(), answer.clone(), at(100));
            assert_eq!(memory.get("t", at(99)), None);
        }
        memory.insert("t".into(), active(Some(100)), at(100));
        assert_eq!(memory.get("t", at(100)), None);
        let none = Memory::new(1 << 20, Duration::ZERO, Duration::ZERO);
        none.insert("t".into(), Answer::Inactive, at(100));
        none.insert("t".into(), active(None), at(100));
        assert_eq!(none.get("t", at(100)), None);
    }

    #[test]
    fn the_last_answer_counts() {
        let memory = Memory::new(1 << 20, MINUTE, MINUTE);
        memory.insert("t".into(), active(None), at(100));
        memory.insert("t".into(), Answer::Inactive, at(101));
        assert_eq!(memory.get("t", at(101)), Some(Answer::Inactive));
        memory.insert("t".into(), active(None), at(102));
        assert_eq!(memory.get("t", at(102)), Some(active(None)));
        assert_eq!(memory.get("T", at(102)), None);
    }

    #[test]
    fn tokens_that_are_none_push_no_good_one_out() {
        let memory = Memory::new(64 * 1024, MINUTE, MINUTE);
        memory.insert("good".into(), active(None), at(100));
        for number in 0..10_000 {
            let token = format!("{number}");
            memory.insert(token.as_str().into(), Answer::Inactive, at(100));
        }
        assert_eq!(memory.get("good", at(100)), Some(active(None)));
        assert!(memory.weight() <= 64 * 1024, "{}", memory.weight());
        for number in 0..10_000 {
            let token = format!("{number}");
            memory.insert(token.as_str().into(), active(None), at(100));
        }
        assert!(memory.weight() <= 64 * 1024, "{}", memory.weight());
    }
}
