//! An issuer over a week: its keys come and go, and so does the issuer.

use super::random::Random;

/// Milliseconds of true time.
pub(super) type Millis = u64;

pub(super) const SECOND: Millis = 1000;
pub(super) const MINUTE: Millis = 60 * SECOND;
pub(super) const HOUR: Millis = 60 * MINUTE;
pub(super) const WEEK: Millis = 7 * 24 * HOUR;

/// How long a fetch may take before it is given up.
pub(super) const GIVEN_UP: Millis = 10 * SECOND;

pub(super) struct Provider {
    /// From when until when each key is served.
    keys: Vec<(Millis, Millis)>,
    /// One after the other.
    pub(super) outages: Vec<Outage>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) from: Millis,
    pub(super) until: Millis,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nobody listens, or the answer is broken, empty or an error.
    Quick,
    Hangs,
    /// Answers well, after seconds.
    Slow,
    /// Answers 429 or 503, and says when to come again.
    RetryAfter(Millis),
    /// Each of the above in turn.
    Flickers,
}

/// How a fetch goes.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) after: Millis,
    pub(super) keys: Result<Vec<usize>, Option<Millis>>,
}

impl Provider {
    pub(super) fn new(random: &mut Random) -> Self {
        let outages = outages(random);
        let mut rolls = Vec::new();
        let mut at = 0;
        while at < WEEK {
            at += match random.chance(30) {
                true => random.between(5 * SECOND, 20 * MINUTE),
                false => random.between(HOUR, 12 * HOUR),
            };
            rolls.push(at);
        }
        // Where answers take seconds, it matters when a key came.
        for slow in outages.iter().filter(|it| it.kind == Kind::Slow) {
            let mut at = slow.from;
            while at < slow.until.min(slow.from + 3 * MINUTE) {
                at += random.between(SECOND, 15 * SECOND);
                rolls.push(at);
            }
        }
        rolls.sort_unstable();
        rolls.dedup();
        let mut keys: Vec<(Millis, Millis)> = vec![(0, Millis::MAX)];
        for at in rolls {
            // Withdrawn at once, or served for a while yet.
            let overlap = match random.chance(40) {
                true => 0,
                false => random.between(SECOND, 3 * HOUR),
            };
            for (_, until) in &mut keys {
                *until = (*until).min(at + overlap);
            }
            keys.push((at, Millis::MAX));
        }
        Self { keys, outages }
    }

    /// The key with which it signs.
    pub(super) fn newest(&self, at: Millis) -> usize {
        self.keys.partition_point(|(from, _)| *from <= at) - 1
    }

    pub(super) fn withdrawn_at(&self, key: usize) -> Millis {
        self.keys.get(key).map_or(0, |(_, until)| *until)
    }

    /// Whether a key was served for the whole of this time.
    pub(super) fn serves(&self, key: usize, from: Millis, until: Millis) -> bool {
        let served = self.keys.get(key);
        served.is_some_and(|(first, last)| *first <= from && until < *last)
    }

    fn set(&self, at: Millis) -> Vec<usize> {
        let all = 0..self.keys.len();
        all.filter(|key| self.serves(*key, at, at)).collect()
    }

    /// The last outage that began before `at`.
    pub(super) fn last_outage(&self, at: Millis) -> Option<Outage> {
        let before = self.outages.partition_point(|outage| outage.from <= at);
        before.checked_sub(1).map(|last| self.outages[last])
    }

    pub(super) fn answer(&self, now: Millis, random: &mut Random) -> Answer {
        let outage = self.last_outage(now).filter(|outage| now < outage.until);
        let good = |after: Millis, random: &mut Random| Answer {
            after,
            keys: Ok(self.set(now + random.between(0, after + 1))),
        };
        let kind = match outage.map(|outage| outage.kind) {
            None => {
                let after = random.between(5, 300);
                return good(after, random);
            }
            Some(Kind::Flickers) => match random.between(0, 4) {
                0 => Kind::Quick,
                1 => Kind::Hangs,
                2 => Kind::Slow,
                _ => Kind::RetryAfter(random.between(0, 90) * SECOND),
            },
            Some(kind) => kind,
        };
        match kind {
            Kind::Slow => {
                let after = random.between(SECOND, GIVEN_UP);
                good(after, random)
            }
            Kind::Hangs => Answer {
                after: GIVEN_UP,
                keys: Err(None),
            },
            Kind::RetryAfter(wait) => Answer {
                after: random.between(5, 300),
                keys: Err(Some(wait)),
            },
            Kind::Quick | Kind::Flickers => Answer {
                after: random.between(1, 300),
                keys: Err(None),
            },
        }
    }
}

fn outages(random: &mut Random) -> Vec<Outage> {
    let mut found = Vec::new();
    // Often it is down to begin with.
    let mut at = random.between(0, 2) * random.between(0, HOUR);
    while at < WEEK {
        let lasts = match random.chance(70) {
            true => random.between(SECOND, 3 * MINUTE),
            false => random.between(10 * MINUTE, 3 * HOUR),
        };
        let kind = match random.between(0, 6) {
            0 => Kind::Quick,
            1 => Kind::Hangs,
            2 => Kind::RetryAfter(random.between(0, 2000) * SECOND),
            3 => Kind::Flickers,
            _ => Kind::Slow,
        };
        found.push(Outage {
            from: at,
            until: at + lasts,
            kind,
        });
        at += lasts;
        if kind == Kind::Slow && random.chance(50) {
            // What came late is the last for longer than it is good.
            let lasts = random.between(HOUR, 2 * HOUR);
            let kind = Kind::Quick;
            found.push(Outage {
                from: at,
                until: at + lasts,
                kind,
            });
            at += lasts;
        }
        at += random.between(MINUTE, 8 * HOUR);
    }
    found
}
