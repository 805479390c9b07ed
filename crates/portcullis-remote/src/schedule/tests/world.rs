//! A service between its clocks, its clients and its issuer. Nothing in it waits.

use std::{collections::BTreeMap, time::Duration};

use portcullis::time::Timestamp;

use super::{
    super::{Action, Event, Moment, Report, Rules, Schedule, Ticket, Timeline, event},
    provider::{Millis, Provider},
    random::Random,
};

pub(super) const STALE_LIMIT: Millis = 3_600_000;

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    Refused,
    Unavailable,
}

/// A request that was decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    pub(super) key: usize,
    pub(super) came: Millis,
    pub(super) at: Millis,
    pub(super) waited: bool,
    pub(super) outcome: Outcome,
    /// When the fetch began that last brought its key, if that is at hand.
    pub(super) seen_at: Option<Millis>,
}

pub(super) struct World {
    /// True time; the monotonic clock lacks what the machine slept.
    pub(super) now: Millis,
    slept: Millis,
    /// What the wall clock shows beyond true time.
    wall_offset: i64,
    pub(super) random: Random,
    pub(super) provider: Provider,
    pub(super) schedule: Schedule,
    timeline: Timeline,
    table: Option<Table>,
    flight: Option<Flight>,
    waiting: BTreeMap<Ticket, Waiting>,
    tickets: u64,
    /// When the worker wakes, by the monotonic clock.
    wakes_at: Millis,
    pub(super) decided: Vec<Decided>,
    /// When fetches began, in the schedule's time, and what they came to when.
    pub(super) fetches: Vec<Fetch>,
    pub(super) reports: Vec<Report>,
}

/// What those who verify see.
#[derive(Clone)]
struct Table {
    /// When its fetch began, in true time.
    since: Millis,
    keys: Vec<usize>,
    settled_until: Timestamp,
    good_until: Timestamp,
}

struct Flight {
    began: Millis,
    lands_at: Millis,
    keys: Result<Vec<usize>, Option<Millis>>,
}

struct Waiting {
    key: usize,
    came: Millis,
    /// When the client goes away, if it does.
    leaves_at: Option<Millis>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Fetch {
    pub(super) began: Moment,
    pub(super) ended: Option<(Moment, Result<(), Millis>)>,
}

impl World {
    pub(super) fn new(mut random: Random) -> Self {
        let provider = Provider::new(&mut random);
        let rules = Rules::new(Duration::from_millis(STALE_LIMIT), None);
        let wall_offset = 1_700_000_000_000;
        Self {
            now: 0,
            slept: 0,
            wall_offset,
            random,
            provider,
            schedule: Schedule::new(rules.unwrap()),
            timeline: Timeline::new(Duration::ZERO, Timestamp::from_millis(wall_offset)),
            table: None,
            flight: None,
            waiting: BTreeMap::new(),
            tickets: 0,
            wakes_at: Millis::MAX,
            decided: Vec::new(),
            fetches: Vec::new(),
            reports: Vec::new(),
        }
    }

    fn wall(&self) -> Timestamp {
        let now = i64::try_from(self.now).unwrap();
        Timestamp::from_millis(now + self.wall_offset)
    }

    /// The schedule's time, and all that follows from `event`.
    pub(super) fn step(&mut self, event: Event) -> Moment {
        let monotonic = Duration::from_millis(self.now - self.slept);
        let (now, was_set) = self.timeline.advance(monotonic, self.wall());
        let mut actions = Vec::new();
        self.schedule.handle(now, event, &mut actions);
        if was_set {
            self.announce();
        }
        for action in actions {
            match action {
                Action::Fetch => self.fetch(now),
                Action::Announce => self.announce(),
                Action::Answer(ticket, answer) => self.answer(ticket, answer),
                Action::Report(report) => self.reports.push(report),
            }
        }
        // The worker looks at the clocks now and then, whatever is due.
        let due = self.schedule.wake_at().unwrap_or(Moment::MAX);
        let sleeps = due.saturating_sub(now).min(Duration::from_secs(30));
        let sleeps = Millis::try_from(sleeps.as_millis()).unwrap().max(1);
        self.wakes_at = self.now - self.slept + sleeps;
        now
    }

    fn fetch(&mut self, now: Moment) {
        assert!(self.flight.is_none(), "two fetches at once");
        let answer = self.provider.answer(self.now, &mut self.random);
        self.flight = Some(Flight {
            began: self.now,
            lands_at: self.now + answer.after.max(1),
            keys: answer.keys,
        });
        self.fetches.push(Fetch {
            began: now,
            ended: None,
        });
    }

    fn announce(&mut self) {
        let status = self.schedule.status();
        if let Some(table) = &mut self.table {
            let wall_at = |moment| self.timeline.wall_at(moment);
            let long_ago = Timestamp::from_millis(i64::MIN);
            table.settled_until = status.settled_until.map_or(long_ago, wall_at);
            table.good_until = status.good_until.map_or(long_ago, wall_at);
        }
    }

    fn land(&mut self) {
        let flight = self.flight.take().unwrap();
        let jitter = u32::try_from(self.random.between(0, 1001)).unwrap();
        let ended = match &flight.keys {
            Ok(_) => Ok(()),
            Err(retry_after) => Err(retry_after.unwrap_or(0)),
        };
        let event = match flight.keys {
            Ok(keys) => {
                self.table = Some(Table {
                    since: flight.began,
                    keys,
                    settled_until: Timestamp::from_secs(0),
                    good_until: Timestamp::from_secs(0),
                });
                Event::Fetched {
                    fresh_for: Duration::from_secs(600),
                    jitter,
                }
            }
            Err(retry_after) => Event::Failed {
                retry_after: retry_after.map(Duration::from_millis),
                jitter,
            },
        };
        let fetch = self.fetches.len() - 1;
        let now = self.step(event);
        self.fetches[fetch].ended = Some((now, ended));
    }

    /// As the core does it: in the set at hand, or asks.
    fn look(&self, key: usize) -> Option<Outcome> {
        let table = self.table.as_ref()?;
        let now = self.wall();
        if now >= table.good_until {
            return None;
        }
        if table.keys.contains(&key) {
            return Some(Outcome::Accepted);
        }
        (now < table.settled_until).then_some(Outcome::Refused)
    }

    pub(super) fn request(&mut self, key: usize) {
        let came = self.now;
        if let Some(outcome) = self.look(key) {
            self.decide(key, came, outcome);
            return;
        }
        let leaves = self.random.chance(10);
        let leaves_at = leaves.then(|| came + self.random.between(1, 1500));
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let waiting = Waiting {
            key,
            came,
            leaves_at,
        };
        self.waiting.insert(ticket, waiting);
        self.step(Event::Asked(ticket));
    }

    fn answer(&mut self, ticket: Ticket, answer: event::Answer) {
        let Some(waiting) = self.waiting.remove(&ticket) else {
            panic!("answered somebody who had left");
        };
        let looked = self.look(waiting.key);
        let outcome = match answer {
            event::Answer::Look if looked.is_none() => {
                let table = self.table.as_ref();
                match table.is_some_and(|table| self.wall() < table.good_until) {
                    true => Outcome::Refused,
                    false => Outcome::Unavailable,
                }
            }
            event::Answer::Look => looked.unwrap(),
            event::Answer::Unavailable { retry_after } => {
                assert!(retry_after >= Duration::from_secs(1));
                // It may have come with a set that was on its way for too long.
                let is_there = looked == Some(Outcome::Accepted);
                match is_there {
                    true => Outcome::Accepted,
                    false => Outcome::Unavailable,
                }
            }
        };
        self.decide(waiting.key, waiting.came, outcome);
    }

    fn decide(&mut self, key: usize, came: Millis, outcome: Outcome) {
        let table = self.table.as_ref();
        let seen_at = table.filter(|table| table.keys.contains(&key));
        self.decided.push(Decided {
            key,
            came,
            at: self.now,
            waited: self.now > came,
            outcome,
            seen_at: seen_at.map(|table| table.since),
        });
    }

    /// Lets time pass until something happens of itself, but not beyond `end`.
    pub(super) fn pass(&mut self, end: Millis) {
        while self.now < end {
            let lands = self.flight.as_ref().map_or(Millis::MAX, |it| it.lands_at);
            let wakes = self.wakes_at.saturating_add(self.slept);
            let leaving = self.waiting.iter();
            let leaving = leaving
                .filter_map(|(ticket, it)| Some((it.leaves_at?, *ticket)))
                .min();
            let leaves = leaving.map_or(Millis::MAX, |(at, _)| at);
            let next = lands.min(wakes).min(leaves).min(end);
            self.now = self.now.max(next);
            if lands <= self.now {
                self.land();
            } else if let Some((at, ticket)) = leaving
                && at <= self.now
            {
                self.waiting.remove(&ticket);
                self.step(Event::Left(ticket));
            } else if wakes <= self.now {
                self.step(Event::Tick);
            }
        }
    }

    pub(super) fn set_wall(&mut self, by: i64) {
        self.wall_offset += by;
    }

    /// The machine sleeps: nothing happens, and one clock stands still.
    pub(super) fn sleep(&mut self, lasts: Millis) {
        self.now += lasts;
        self.slept += lasts;
    }
}
