//! The rules one by one.

use std::time::Duration;

use super::super::{
    Action::{self, Announce, Fetch},
    Answer, Event, Moment, Report, Rules, Schedule, Ticket,
    rules::MOST_WAITING,
};

const FETCHED: Event = Event::Fetched {
    fresh_for: Duration::from_secs(600),
    jitter: 500,
};
const FAILED: Event = Event::Failed {
    retry_after: None,
    jitter: 0,
};

fn schedule() -> Schedule {
    Schedule::new(Rules::new(Rules::STALE_LIMIT, None).unwrap())
}

fn at(secs: f64) -> Moment {
    Duration::from_secs_f64(secs)
}

fn step(schedule: &mut Schedule, secs: f64, event: Event) -> Vec<Action> {
    let mut actions = Vec::new();
    schedule.handle(at(secs), event, &mut actions);
    actions
}

fn ask(schedule: &mut Schedule, secs: f64, ticket: u64) -> Vec<Action> {
    step(schedule, secs, Event::Asked(Ticket(ticket)))
}

fn look(ticket: u64) -> Action {
    Action::Answer(Ticket(ticket), Answer::Look)
}

fn unavailable(ticket: u64, retry_after: f64) -> Action {
    let retry_after = at(retry_after);
    Action::Answer(Ticket(ticket), Answer::Unavailable { retry_after })
}

/// One that fetched at the beginning, within a tenth of a second.
fn loaded() -> Schedule {
    let mut schedule = schedule();
    assert_eq!(step(&mut schedule, 0.0, Event::Wanted), [Fetch]);
    assert_eq!(step(&mut schedule, 0.1, FETCHED), [Announce]);
    schedule
}

#[test]
fn nothing_is_fetched_before_somebody_wants_it() {
    let mut schedule = schedule();
    assert_eq!(schedule.wake_at(), None);
    assert_eq!(step(&mut schedule, 1e6, Event::Tick), []);
    assert_eq!(ask(&mut schedule, 1e6, 1), [Fetch]);
}

#[test]
fn a_thousand_share_one_fetch() {
    let mut schedule = schedule();
    assert_eq!(ask(&mut schedule, 0.0, 1), [Fetch]);
    for ticket in 2..=1000 {
        assert_eq!(ask(&mut schedule, 0.5, ticket), []);
    }
    let actions = step(&mut schedule, 1.0, FETCHED);
    assert_eq!(actions[0], Announce);
    assert_eq!(actions[1..], (1..=1000).map(look).collect::<Vec<_>>());
}

#[test]
fn nobody_waits_for_longer_than_two_seconds() {
    let mut schedule = schedule();
    ask(&mut schedule, 0.0, 1);
    ask(&mut schedule, 0.5, 2);
    assert_eq!(schedule.wake_at(), Some(at(2.0)));
    assert_eq!(step(&mut schedule, 1.9, Event::Tick), []);
    let actions = step(&mut schedule, 2.0, Event::Tick);
    assert_eq!(actions, [unavailable(1, 1.0)]);
    assert_eq!(schedule.wake_at(), Some(at(2.5)));
}

#[test]
fn the_queue_is_bounded_and_those_who_leave_make_room() {
    let mut schedule = schedule();
    let most = MOST_WAITING as u64;
    for ticket in 1..=most {
        ask(&mut schedule, 0.0, ticket);
    }
    let refused = ask(&mut schedule, 0.0, most + 1);
    assert_eq!(refused, [unavailable(most + 1, 1.0)]);
    assert_eq!(step(&mut schedule, 0.0, Event::Left(Ticket(7))), []);
    assert_eq!(ask(&mut schedule, 0.0, most + 2), []);
    let answered = step(&mut schedule, 0.1, FETCHED);
    assert!(!answered.contains(&look(7)) && answered.contains(&look(most + 2)));
}

#[test]
fn a_fetch_goes_on_when_all_have_left() {
    let mut schedule = schedule();
    assert_eq!(ask(&mut schedule, 0.0, 1), [Fetch]);
    step(&mut schedule, 0.1, Event::Left(Ticket(1)));
    assert_eq!(ask(&mut schedule, 0.2, 2), []);
    assert_eq!(step(&mut schedule, 0.3, FETCHED), [Announce, look(2)]);
}

#[test]
fn a_key_that_is_missing_is_fetched_once_the_set_is_not_new_any_more() {
    let mut schedule = loaded();
    assert_eq!(schedule.status().settled_until, Some(at(5.0)));
    assert_eq!(ask(&mut schedule, 4.9, 1), [look(1)]);
    assert_eq!(ask(&mut schedule, 5.0, 2), [Fetch, Announce]);
}

/// It may lack a key that came after it began.
#[test]
fn a_fetch_that_was_long_on_its_way_does_not_content_those_who_came_later() {
    let mut schedule = schedule();
    ask(&mut schedule, 0.0, 1);
    step(&mut schedule, 2.0, Event::Tick);
    ask(&mut schedule, 4.0, 2);
    ask(&mut schedule, 5.0, 3);
    let actions = step(&mut schedule, 5.5, FETCHED);
    assert_eq!(actions, [Announce, Fetch, Announce]);
    assert_eq!(
        step(&mut schedule, 5.8, FETCHED),
        [Announce, look(2), look(3)]
    );
}

#[test]
fn who_came_while_it_was_on_its_way_is_content_with_a_quick_one() {
    let mut schedule = schedule();
    ask(&mut schedule, 0.0, 1);
    ask(&mut schedule, 1.0, 2);
    let actions = step(&mut schedule, 1.5, FETCHED);
    assert_eq!(actions, [Announce, look(1), look(2)]);
}

#[test]
fn after_a_failure_nobody_waits_until_the_next_attempt() {
    let mut schedule = schedule();
    ask(&mut schedule, 0.0, 1);
    ask(&mut schedule, 0.1, 2);
    let failing = Action::Report(Report::Failing);
    assert_eq!(
        step(&mut schedule, 0.2, FAILED),
        [failing, unavailable(1, 1.0), unavailable(2, 1.0)]
    );
    assert_eq!(ask(&mut schedule, 0.3, 3), [unavailable(3, 1.0)]);
    // The first attempt that nobody asked for.
    assert_eq!(schedule.wake_at(), Some(at(1.2)));
    assert_eq!(step(&mut schedule, 1.2, Event::Tick), [Fetch]);
    assert_eq!(
        step(&mut schedule, 1.3, FETCHED),
        [
            Announce,
            Action::Report(Report::Recovered {
                failures: 1,
                lasted: at(1.3) - at(0.2)
            })
        ]
    );
}

/// Attempts become rarer, unless somebody needs a key.
#[test]
fn need_makes_an_attempt_a_second_after_the_last() {
    let mut schedule = schedule();
    let mut now = 0.0;
    ask(&mut schedule, now, 1);
    for _ in 0..6 {
        step(&mut schedule, now, FAILED);
        now = schedule.wake_at().unwrap().as_secs_f64();
        assert_eq!(step(&mut schedule, now, Event::Tick), [Fetch]);
    }
    step(&mut schedule, now, FAILED);
    assert_eq!(schedule.wake_at(), Some(at(now + 60.0)));
    assert_eq!(ask(&mut schedule, now + 0.9, 2), [unavailable(2, 1.0)]);
    assert_eq!(ask(&mut schedule, now + 1.0, 3), [Fetch]);
}

#[test]
fn retry_after_is_obeyed_whoever_needs_a_key() {
    let mut schedule = schedule();
    ask(&mut schedule, 0.0, 1);
    let retry_after = Some(at(120.0));
    let failed = Event::Failed {
        retry_after,
        jitter: 0,
    };
    let actions = step(&mut schedule, 0.0, failed);
    assert_eq!(actions[1], unavailable(1, 120.0));
    assert_eq!(ask(&mut schedule, 100.0, 2), [unavailable(2, 20.0)]);
    assert_eq!(step(&mut schedule, 100.0, Event::Wanted), []);
    assert_eq!(schedule.wake_at(), Some(at(120.0)));
}

#[test]
fn nobody_keeps_us_away_for_a_day() {
    let mut schedule = schedule();
    ask(&mut schedule, 0.0, 1);
    let retry_after = Some(at(86_400.0));
    let failed = Event::Failed {
        retry_after,
        jitter: 0,
    };
    step(&mut schedule, 0.0, failed);
    assert_eq!(schedule.wake_at(), Some(at(600.0)));
}

#[test]
fn keys_are_fetched_ahead_of_expiry_and_go_on_while_that_fails() {
    let mut schedule = loaded();
    assert_eq!(step(&mut schedule, 5.0, Event::Tick), [Announce]);
    assert_eq!(schedule.wake_at(), Some(at(480.0)));
    assert_eq!(step(&mut schedule, 480.0, Event::Tick), [Fetch]);
    step(&mut schedule, 490.0, FAILED);
    let status = schedule.status();
    assert_eq!(status.good_until, Some(at(3600.0)));
    assert_eq!((status.loaded, status.failures), (Some(at(0.0)), 1));
}

/// From the beginning of the fetch: when the answer was written is not known.
#[test]
fn the_stale_limit_counts_from_when_the_fetch_began() {
    let mut schedule = schedule();
    step(&mut schedule, 0.0, Event::Wanted);
    step(&mut schedule, 9.0, FETCHED);
    assert_eq!(schedule.status().good_until, Some(at(3600.0)));
}

#[test]
fn stale_keys_are_reported_and_come_back() {
    let mut schedule = loaded();
    step(&mut schedule, 480.0, Event::Tick);
    step(&mut schedule, 480.1, FAILED);
    step(&mut schedule, 3599.0, Event::Tick);
    // A fetch that hangs is the last.
    let actions = step(&mut schedule, 3600.0, Event::Tick);
    assert_eq!(actions, [Announce, Action::Report(Report::Stale)]);
    assert_eq!(schedule.status().good_until, None);
    assert_eq!(ask(&mut schedule, 3600.0, 1), []);
    let actions = step(&mut schedule, 3600.5, FETCHED);
    assert!(actions.contains(&Announce) && actions.contains(&look(1)));
    assert_eq!(schedule.status().good_until, Some(at(3599.0 + 3600.0)));
}

#[test]
fn a_machine_that_slept_fetches_at_the_first_need_and_complains_of_nothing() {
    let mut schedule = loaded();
    let actions = ask(&mut schedule, 30_000.0, 1);
    assert_eq!(actions, [Fetch, Announce, Announce]);
    let actions = step(&mut schedule, 30_000.2, FETCHED);
    assert_eq!(actions, [Announce, look(1)]);
}

#[test]
fn a_quiet_week_costs_a_fetch_every_eight_minutes() {
    let mut schedule = loaded();
    let mut fetches = 0;
    while let Some(now) = schedule.wake_at()
        && now < at(604_800.0)
    {
        let actions = step(&mut schedule, now.as_secs_f64(), Event::Tick);
        if actions.contains(&Fetch) {
            fetches += 1;
            step(&mut schedule, now.as_secs_f64(), FETCHED);
        }
    }
    assert_eq!(fetches, 604_800 / 480 - 1);
}

#[test]
fn a_seed_goes_on_without_the_issuer_until_it_is_stale() {
    let mut schedule = schedule();
    assert_eq!(step(&mut schedule, 0.0, Event::Seeded), [Announce, Fetch]);
    let status = schedule.status();
    assert_eq!(status.settled_until, None);
    assert_eq!(status.good_until, Some(at(3600.0)));
    // What is not among them may be with the issuer.
    assert_eq!(ask(&mut schedule, 0.1, 1), []);
    let actions = step(&mut schedule, 0.2, FAILED);
    assert_eq!(actions[1], unavailable(1, 1.0));
}

#[test]
fn a_source_that_changed_is_read_again() {
    let mut schedule = loaded();
    step(&mut schedule, 3.0, Event::Changed);
    assert_eq!(schedule.status().settled_until, None);
    assert!(schedule.status().is_fetching);
    // It changes while it is read: once more, but not without end.
    step(&mut schedule, 3.1, Event::Changed);
    step(&mut schedule, 3.2, FETCHED);
    assert_eq!(schedule.status().settled_until, None);
    assert_eq!(schedule.wake_at(), Some(at(4.0)));
    assert_eq!(ask(&mut schedule, 3.3, 1), [Fetch]);
}
