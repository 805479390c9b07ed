//! The state machine.

use std::{collections::VecDeque, time::Duration};

use super::{
    event::{Action, Answer, Event, Report, Ticket},
    rules::{AFTER_FAILURE, MOST_WAITING, Moment, PATIENCE, Rules, SETTLED},
};

/// What is known about the keys of one issuer, and who waits for them.
#[derive(Debug)]
pub(crate) struct Schedule {
    rules: Rules,
    held: Option<Held>,
    flight: Option<Flight>,
    trouble: Option<Trouble>,
    /// In the order in which they came.
    waiting: VecDeque<Waiter>,
}

/// The set that the last fetch brought.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// When its fetch began: from then on the issuer may have changed it.
    since: Moment,
    settled_until: Moment,
    refresh_at: Moment,
    /// The stale limit.
    good_until: Moment,
    /// Which of the two deadlines have been told to those who verify.
    told: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    New,
    Settled,
    Stale,
}

/// A fetch that goes on.
#[derive(Clone, Copy, Debug)]
struct Flight {
    began: Moment,
    /// Something changed since: what it brings is old already.
    is_outdated: bool,
}

/// The last fetches failed.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    since: Moment,
    failures: u32,
    /// Before this no attempt is made, whoever wants one.
    not_before: Moment,
    /// When one is made though nobody does.
    next: Moment,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    ticket: Ticket,
    came: Moment,
}

/// What there is to say about a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// When the fetch that brought the keys at hand began.
    pub(crate) loaded: Option<Moment>,
    /// Until when a key that is not among them is taken to be none, unless that is
    /// over: by a clock that is set back it must not begin anew.
    pub(crate) settled_until: Option<Moment>,
    /// The stale limit, likewise.
    pub(crate) good_until: Option<Moment>,
    pub(crate) failures: u32,
    pub(crate) is_fetching: bool,
    pub(crate) next_attempt: Option<Moment>,
}

impl Schedule {
    /// With no keys, and nobody who wants any.
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            held: None,
            flight: None,
            trouble: None,
            waiting: VecDeque::new(),
        }
    }

    /// Takes in what happened at `now`, which never goes back. What is to be done
    /// is added to `actions`.
    pub(crate) fn handle(&mut self, now: Moment, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Asked(ticket) => self.ask(now, ticket, actions),
            Event::Left(ticket) => self.leave(ticket),
            Event::Wanted => {
                if self.can_fetch(now) && !self.is_settled(now) {
                    self.fetch(now, actions);
                }
            }
            Event::Changed => self.change(now, actions),
            Event::Seeded => self.seed(now, actions),
            Event::Fetched { fresh_for, jitter } => self.land(now, fresh_for, jitter, actions),
            Event::Failed {
                retry_after,
                jitter,
            } => self.fail(now, retry_after, jitter, actions),
            Event::Tick => {}
        }
        self.keep_time(now, actions);
    }

    /// When [`Event::Tick`] is due.
    pub(crate) fn wake_at(&self) -> Option<Moment> {
        let attempt = match self.flight {
            Some(_) => None,
            None => self.next_attempt(),
        };
        let patience = self.waiting.front().map(Waiter::goes_at);
        let told = self.held.and_then(|held| held.to_tell());
        [attempt, patience, told].into_iter().flatten().min()
    }

    pub(crate) fn status(&self) -> Status {
        let held = self.held;
        Status {
            loaded: held.map(|held| held.since),
            settled_until: held
                .filter(|held| held.told < Told::Settled)
                .map(|held| held.settled_until),
            good_until: held
                .filter(|held| held.told < Told::Stale)
                .map(|held| held.good_until),
            failures: self.trouble.map_or(0, |trouble| trouble.failures),
            is_fetching: self.flight.is_some(),
            next_attempt: self.next_attempt(),
        }
    }

    fn ask(&mut self, now: Moment, ticket: Ticket, actions: &mut Vec<Action>) {
        let answer = if self.is_settled(now) {
            // The set arrived after the request had looked into the one before.
            Answer::Look
        } else if self.waiting.len() >= MOST_WAITING
            || (self.flight.is_none() && !self.can_fetch(now))
        {
            self.unavailable(now)
        } else {
            self.waiting.push_back(Waiter { ticket, came: now });
            if self.flight.is_none() {
                self.fetch(now, actions);
            }
            return;
        };
        actions.push(Action::Answer(ticket, answer));
    }

    fn leave(&mut self, ticket: Ticket) {
        let place = self
            .waiting
            .binary_search_by_key(&ticket, |waiter| waiter.ticket);
        if let Ok(place) = place {
            self.waiting.remove(place);
        }
    }

    fn change(&mut self, now: Moment, actions: &mut Vec<Action>) {
        if let Some(flight) = &mut self.flight {
            flight.is_outdated = true;
        } else if let Some(trouble) = &mut self.trouble {
            trouble.next = trouble.not_before.max(now);
        } else if let Some(held) = &mut self.held {
            // Whatever says so may say so without end.
            held.refresh_at = (held.since + AFTER_FAILURE).max(now);
            held.settled_until = held.settled_until.min(now);
            held.told = held.told.max(Told::Settled);
            actions.push(Action::Announce);
        } else {
            self.fetch(now, actions);
        }
    }

    fn seed(&mut self, now: Moment, actions: &mut Vec<Action>) {
        if self.held.is_some() {
            return;
        }
        self.held = Some(Held {
            since: now,
            settled_until: now,
            refresh_at: now,
            good_until: now + self.rules.stale_limit(),
            told: Told::Settled,
        });
        actions.push(Action::Announce);
    }

    fn land(&mut self, now: Moment, fresh_for: Duration, jitter: u32, actions: &mut Vec<Action>) {
        let Some(flight) = self.flight.take() else {
            return;
        };
        let began = flight.began;
        let (settled, refresh_after) = match flight.is_outdated {
            true => (Duration::ZERO, AFTER_FAILURE),
            false => (SETTLED, self.rules.refresh_after(fresh_for, jitter)),
        };
        self.held = Some(Held {
            since: began,
            settled_until: began + settled,
            refresh_at: began + refresh_after,
            good_until: began + self.rules.stale_limit(),
            told: Told::New,
        });
        actions.push(Action::Announce);
        if let Some(trouble) = self.trouble.take() {
            actions.push(Action::Report(Report::Recovered {
                failures: trouble.failures,
                lasted: now.saturating_sub(trouble.since),
            }));
        }
        let is_settled = self.is_settled(now);
        self.waiting.retain(|waiter| {
            let is_content = is_settled || waiter.came <= began;
            if is_content {
                actions.push(Action::Answer(waiter.ticket, Answer::Look));
            }
            !is_content
        });
        // They came while this one was on its way, and it was long on its way.
        self.give_up(now, actions);
        if !self.waiting.is_empty() {
            self.fetch(now, actions);
        }
    }

    fn fail(
        &mut self,
        now: Moment,
        retry_after: Option<Duration>,
        jitter: u32,
        actions: &mut Vec<Action>,
    ) {
        if self.flight.take().is_none() {
            return;
        }
        let (since, before) = match self.trouble {
            Some(trouble) => (trouble.since, trouble.failures),
            None => (now, 0),
        };
        let failures = before.saturating_add(1);
        let obeyed = now + self.rules.obeyed(retry_after);
        self.trouble = Some(Trouble {
            since,
            failures,
            not_before: obeyed.max(now + AFTER_FAILURE),
            next: obeyed.max(now + self.rules.back_off(failures, jitter)),
        });
        if failures == 1 {
            actions.push(Action::Report(Report::Failing));
        }
        let answer = self.unavailable(now);
        let waiting = self.waiting.drain(..);
        actions.extend(waiting.map(|waiter| Action::Answer(waiter.ticket, answer)));
    }

    /// What is due at `now`, whatever happened.
    fn keep_time(&mut self, now: Moment, actions: &mut Vec<Action>) {
        self.give_up(now, actions);
        while let Some(held) = &mut self.held
            && held.to_tell().is_some_and(|at| at <= now)
        {
            actions.push(Action::Announce);
            held.told = match held.told {
                Told::New => Told::Settled,
                Told::Settled | Told::Stale => {
                    // Otherwise they are only late: the machine slept.
                    if self.trouble.is_some() {
                        actions.push(Action::Report(Report::Stale));
                    }
                    Told::Stale
                }
            };
        }
        if self.flight.is_none() && self.next_attempt().is_some_and(|at| at <= now) {
            self.fetch(now, actions);
        }
    }

    /// Sends those away who have waited long enough.
    fn give_up(&mut self, now: Moment, actions: &mut Vec<Action>) {
        while let Some(waiter) = self.waiting.front()
            && waiter.goes_at() <= now
        {
            let answer = Action::Answer(waiter.ticket, self.unavailable(now));
            actions.push(answer);
            self.waiting.pop_front();
        }
    }

    fn fetch(&mut self, now: Moment, actions: &mut Vec<Action>) {
        self.flight = Some(Flight {
            began: now,
            is_outdated: false,
        });
        actions.push(Action::Fetch);
    }

    /// The next attempt that is made though nobody wants one.
    fn next_attempt(&self) -> Option<Moment> {
        match (self.trouble, self.held) {
            (Some(trouble), _) => Some(trouble.next),
            (None, Some(held)) => Some(held.refresh_at),
            // Nobody has wanted any yet.
            (None, None) => None,
        }
    }

    fn is_settled(&self, now: Moment) -> bool {
        self.held.is_some_and(|held| now < held.settled_until)
    }

    fn can_fetch(&self, now: Moment) -> bool {
        let is_kept_away = self.trouble.is_some_and(|trouble| now < trouble.not_before);
        self.flight.is_none() && !is_kept_away
    }

    fn unavailable(&self, now: Moment) -> Answer {
        let attempt = self.trouble.map_or(now, |trouble| trouble.not_before);
        Answer::Unavailable {
            retry_after: attempt.saturating_sub(now).max(AFTER_FAILURE),
        }
    }
}

impl Held {
    /// The next deadline to tell of: a clock that was set back would have them
    /// wait for it.
    fn to_tell(self) -> Option<Moment> {
        match self.told {
            Told::New => Some(self.settled_until),
            Told::Settled => Some(self.good_until),
            Told::Stale => None,
        }
    }
}

impl Waiter {
    fn goes_at(&self) -> Moment {
        self.came + PATIENCE
    }
}
