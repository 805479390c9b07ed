//! A week of roll-overs, outages, floods, sleep and clocks that are set.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    super::{Event, Moment, Report, rules},
    provider::{GIVEN_UP, HOUR, Kind, MINUTE, Millis, SECOND, WEEK},
    random::Random,
    world::{Decided, Outcome, STALE_LIMIT, World},
};

/// What came of a week, so that it is known to have tried everything.
#[derive(Debug, Default)]
struct Seen {
    accepted: usize,
    accepted_after_waiting: usize,
    refused: usize,
    unavailable: usize,
    stale: usize,
    recovered: usize,
}

/// A time at which a clock was set or the machine slept: who waits then is lost.
type Disturbance = Millis;

fn live(seed: u64) -> Result<Seen, TestCaseError> {
    let mut world = World::new(Random(seed));
    let mut seen = Seen::default();
    let mut disturbances: Vec<Disturbance> = Vec::new();
    let mut next_disturbance = world.random.between(0, 24 * HOUR);
    let mut flood_until = 0;
    if world.random.chance(50) {
        world.step(Event::Wanted);
    }
    while world.now < WEEK {
        let is_flood = world.now < flood_until;
        let slow = world.provider.last_outage(world.now);
        let is_slow = slow.is_some_and(|outage| {
            let end = outage.until.min(outage.from + 5 * MINUTE);
            outage.kind == Kind::Slow && world.now < end
        });
        let pause = match world.random.between(0, 100) {
            _ if is_flood || is_slow => world.random.between(1, 400),
            0..=1 => world.random.between(MINUTE, HOUR),
            2..=50 => world.random.between(1, 500),
            _ => world.random.between(SECOND, 90 * SECOND),
        };
        let end = world.now + pause;
        world.pass(end);
        if !is_flood && world.random.chance(1) && world.random.chance(20) {
            flood_until = world.now + world.random.between(SECOND, 5 * MINUTE);
        }
        if world.now >= next_disturbance {
            disturb(&mut world);
            disturbances.push(world.now);
            // By then the worker has noticed.
            next_disturbance = world.now + world.random.between(MINUTE, 24 * HOUR);
        }
        let key = key_of_a_token(&mut world, is_flood);
        world.request(key);
        let decided: Vec<_> = world.decided.drain(..).collect();
        for decided in decided {
            judge(&world, &disturbances, decided)?;
            count(&mut seen, decided);
        }
    }
    judge_fetches(&world)?;
    let reports = world.reports.iter();
    seen.stale = reports.filter(|it| **it == Report::Stale).count();
    let recovered = |report: &&Report| matches!(report, Report::Recovered { .. });
    seen.recovered = world.reports.iter().filter(recovered).count();
    Ok(seen)
}

fn disturb(world: &mut World) {
    match world.random.between(0, 3) {
        0 => {
            let by = world.random.between(SECOND, 3 * HOUR);
            world.set_wall(-i64::try_from(by).unwrap());
        }
        1 => {
            let by = world.random.between(SECOND, 3 * HOUR);
            world.set_wall(i64::try_from(by).unwrap());
        }
        _ => {
            let lasts = world.random.between(SECOND, 8 * HOUR);
            world.sleep(lasts);
        }
    }
}

fn key_of_a_token(world: &mut World, is_flood: bool) -> usize {
    let newest = world.provider.newest(world.now);
    match world.random.between(0, 100) {
        _ if is_flood && world.random.chance(90) => usize::MAX,
        0..=9 => usize::MAX,
        10..=29 => newest.saturating_sub(world.random.between(0, 3) as usize),
        _ => newest,
    }
}

fn judge(
    world: &World,
    disturbances: &[Disturbance],
    decided: Decided,
) -> Result<(), TestCaseError> {
    let Decided {
        key,
        came,
        outcome,
        waited,
        at,
        seen_at,
    } = decided;
    let provider = &world.provider;
    let is_disturbed = |from: Millis| {
        let after = disturbances.partition_point(|disturbance| *disturbance < from);
        disturbances.get(after).is_some_and(|first| *first <= at)
    };
    if waited && !is_disturbed(came) {
        prop_assert!(at - came <= 2 * SECOND, "waited too long: {decided:?}");
    }
    match outcome {
        Outcome::Accepted => {
            let withdrawn = provider.withdrawn_at(key);
            prop_assert!(
                withdrawn.saturating_add(STALE_LIMIT) > at,
                "withdrawn at {withdrawn}: {decided:?}"
            );
        }
        Outcome::Refused => {
            let from = came.min(at.saturating_sub(5 * SECOND));
            prop_assert!(!provider.serves(key, from, at), "served: {decided:?}");
        }
        Outcome::Unavailable => {
            // Until when an outage still explains it. One that asked us to stay away for
            // long may do so beyond the end of the next.
            let outages = provider.outages.iter().filter(|outage| outage.from <= at);
            let explained = outages.map(|outage| {
                let obeyed = match outage.kind {
                    Kind::RetryAfter(wait) => wait.min(10 * MINUTE),
                    Kind::Flickers => 90 * SECOND,
                    _ => SECOND,
                };
                outage.until + GIVEN_UP + obeyed
            });
            let explained = explained.max();
            prop_assert!(
                explained.is_some_and(|until| came <= until)
                    || is_disturbed(came.saturating_sub(GIVEN_UP)),
                "the issuer is well since {explained:?}: {decided:?}"
            );
            // The keys at hand were good for as long as nothing pushed the clocks.
            if let Some(seen) = seen_at
                && !is_disturbed(seen)
            {
                prop_assert!(at >= seen + STALE_LIMIT, "was at hand: {decided:?}");
            }
        }
    }
    Ok(())
}

fn judge_fetches(world: &World) -> Result<(), TestCaseError> {
    for pair in world.fetches.windows(2) {
        let [first, second] = pair else { continue };
        let Some((ended, result)) = first.ended else {
            continue;
        };
        let earliest: Moment = match result {
            Ok(()) => first.began + rules::SETTLED,
            Err(retry_after) => {
                let obeyed = Duration::from_millis(retry_after.min(10 * MINUTE));
                ended + obeyed.max(rules::AFTER_FAILURE)
            }
        };
        prop_assert!(second.began >= earliest, "{first:?}, then {second:?}");
    }
    Ok(())
}

fn count(seen: &mut Seen, decided: Decided) {
    match decided.outcome {
        Outcome::Accepted => {
            seen.accepted += 1;
            seen.accepted_after_waiting += usize::from(decided.waited);
        }
        Outcome::Refused => seen.refused += 1,
        Outcome::Unavailable => seen.unavailable += 1,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_refused_for_a_wrong_reason_in_a_week(seed: u64) {
        live(seed)?;
    }
}

/// The weeks above are not empty ones.
#[test]
fn a_week_has_everything_in_it() {
    let seen: Vec<_> = (0..4).map(|seed| live(seed).unwrap()).collect();
    let total = |of: fn(&Seen) -> usize| seen.iter().map(of).sum::<usize>();
    assert!(total(|seen| seen.accepted) > 10_000, "{seen:?}");
    assert!(total(|seen| seen.accepted_after_waiting) > 50, "{seen:?}");
    assert!(total(|seen| seen.refused) > 1_000, "{seen:?}");
    assert!(total(|seen| seen.unavailable) > 100, "{seen:?}");
    assert!(total(|seen| seen.stale) > 3, "{seen:?}");
    assert!(total(|seen| seen.recovered) > 10, "{seen:?}");
}
/// An outage that asks to stay away for ten minutes, and right after it a short one.
#[test]
fn an_outage_may_be_explained_by_the_one_before() {
    live(15_896_999_330_939_399_260).unwrap();
}
