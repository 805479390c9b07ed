//! What may be used once is used once.

use std::{collections::HashSet, time::Duration};

use portcullis::session::{AttemptId, OneUse, SecretDigest, SessionStore};

use super::bench::{Bench, MILLISECOND, at_once};

const HOUR: Duration = Duration::from_secs(3600);
const TASKS: usize = 64;
const ROUNDS: usize = 12;

fn value(name: &str) -> SecretDigest {
    SecretDigest::of(name.as_bytes())
}

fn attempt() -> AttemptId {
    AttemptId::random().expect("randomness")
}

async fn use_once(bench: &Bench, name: &str, attempt: AttemptId, keep: Duration) -> OneUse {
    let used = bench.store.use_once(&value(name), attempt, keep).await;
    used.expect("the store answers")
}

/// The first attempt is told from all others, which learn who was first and how
/// long ago.
pub async fn the_first_use_is_told_from_others(bench: &Bench) {
    let [one, two] = [attempt(), attempt()];
    assert_eq!(use_once(bench, "a", one, HOUR).await, OneUse::First);
    bench.pass(Duration::from_millis(1234));
    let repeated = OneUse::Repeated {
        first: one,
        elapsed: Duration::from_millis(1234),
    };
    assert_eq!(use_once(bench, "a", two, HOUR).await, repeated);
    // Asked again, as after a lost answer.
    assert_eq!(use_once(bench, "a", one, HOUR).await, OneUse::First);
    assert_eq!(use_once(bench, "a", two, HOUR).await, repeated);
    // Other values are none of its business.
    assert_eq!(use_once(bench, "b", two, HOUR).await, OneUse::First);
    assert_eq!(use_once(bench, "A", two, HOUR).await, OneUse::First);
    assert_eq!(use_once(bench, "", two, HOUR).await, OneUse::First);
}

/// A use is remembered until its time is over, to the millisecond. Repeating it
/// makes it no longer, whatever time the others ask for.
pub async fn a_use_is_remembered_until_it_expires(bench: &Bench) {
    let [one, two, three] = [attempt(), attempt(), attempt()];
    assert_eq!(use_once(bench, "a", one, HOUR).await, OneUse::First);
    bench.pass(HOUR - MILLISECOND);
    let repeated = OneUse::Repeated {
        first: one,
        elapsed: HOUR - MILLISECOND,
    };
    assert_eq!(use_once(bench, "a", two, 5 * HOUR).await, repeated);
    assert_eq!(use_once(bench, "a", one, 5 * HOUR).await, OneUse::First);
    bench.pass(MILLISECOND);
    assert_eq!(use_once(bench, "a", two, HOUR).await, OneUse::First);
    bench.pass(MILLISECOND);
    let repeated = OneUse::Repeated {
        first: two,
        elapsed: MILLISECOND,
    };
    assert_eq!(use_once(bench, "a", three, HOUR).await, repeated);
    assert_eq!(use_once(bench, "a", one, HOUR).await, repeated);
}

/// However long and however short a use is to be remembered.
pub async fn a_use_may_be_remembered_for_any_time(bench: &Bench) {
    let [one, two] = [attempt(), attempt()];
    let longest = Duration::MAX;
    assert_eq!(use_once(bench, "long", one, longest).await, OneUse::First);
    bench.pass(1000 * 86_400 * Duration::from_secs(1));
    let used = use_once(bench, "long", two, longest).await;
    assert!(matches!(used, OneUse::Repeated { first, .. } if first == one));
    let nothing = Duration::ZERO;
    assert_eq!(use_once(bench, "short", one, nothing).await, OneUse::First);
    assert_eq!(use_once(bench, "short", two, nothing).await, OneUse::First);
}

/// A clock that goes back makes no second use a first one.
pub async fn a_use_survives_a_clock_that_goes_back(bench: &Bench) {
    let [one, two] = [attempt(), attempt()];
    assert_eq!(use_once(bench, "a", one, HOUR).await, OneUse::First);
    bench.clock.set(portcullis::time::Timestamp::from_millis(
        bench.now().as_millis() - 5000,
    ));
    let repeated = OneUse::Repeated {
        first: one,
        elapsed: Duration::ZERO,
    };
    assert_eq!(use_once(bench, "a", two, HOUR).await, repeated);
}

/// Of many at once exactly one is first, and all others learn its name.
pub async fn of_many_at_once_one_is_first(bench: &Bench) {
    for round in 0..ROUNDS {
        let name = format!("round {round}");
        let outcomes = at_once((0..TASKS).map(|_| {
            let (store, value, attempt) = (bench.store.clone(), value(&name), attempt());
            async move {
                let used = store.use_once(&value, attempt, HOUR).await;
                (attempt, used.expect("the store answers"))
            }
        }))
        .await;
        let firsts = outcomes.iter().filter(|(_, used)| *used == OneUse::First);
        let firsts: Vec<_> = firsts.map(|(attempt, _)| *attempt).collect();
        assert_eq!(firsts.len(), 1);
        let named = outcomes.iter().map(|(attempt, used)| match used {
            OneUse::First => *attempt,
            OneUse::Repeated { first, .. } => *first,
        });
        assert_eq!(HashSet::from([firsts[0]]), named.collect::<HashSet<_>>());
    }
}

/// The same where an expired use is to be replaced.
pub async fn of_many_at_once_one_takes_an_expired_place(bench: &Bench) {
    let mut last = attempt();
    assert_eq!(use_once(bench, "a", last, HOUR).await, OneUse::First);
    for _ in 0..ROUNDS {
        bench.pass(HOUR);
        let outcomes = at_once((0..TASKS).map(|_| {
            let (store, attempt) = (bench.store.clone(), attempt());
            async move {
                let used = store.use_once(&value("a"), attempt, HOUR).await;
                (attempt, used.expect("the store answers"))
            }
        }))
        .await;
        let firsts = outcomes.iter().filter(|(_, used)| *used == OneUse::First);
        let firsts: Vec<_> = firsts.map(|(attempt, _)| *attempt).collect();
        assert_eq!(firsts.len(), 1);
        assert_ne!(firsts[0], last);
        last = firsts[0];
    }
}

/// A purge leaves alone what has not expired.
pub async fn a_purge_forgets_no_use_too_early(bench: &Bench) {
    let [one, two] = [attempt(), attempt()];
    assert_eq!(use_once(bench, "a", one, HOUR).await, OneUse::First);
    bench.pass(HOUR - MILLISECOND);
    bench.store.purge(Duration::ZERO).await.expect("purges");
    let used = use_once(bench, "a", two, HOUR).await;
    assert!(matches!(used, OneUse::Repeated { first, .. } if first == one));
    bench.pass(MILLISECOND);
    bench.store.purge(Duration::ZERO).await.expect("purges");
    assert_eq!(use_once(bench, "a", two, HOUR).await, OneUse::First);
}

/// Expired uses go with a purge, whatever it keeps of other things.
pub async fn purging_forgets_expired_uses(bench: &Bench) {
    for (name, keep) in [("a", HOUR), ("b", HOUR), ("c", 2 * HOUR)] {
        assert_eq!(use_once(bench, name, attempt(), keep).await, OneUse::First);
    }
    bench.pass(HOUR - MILLISECOND);
    assert_eq!(bench.store.purge(24 * HOUR).await.expect("purges"), 0);
    bench.pass(MILLISECOND);
    assert_eq!(bench.store.purge(24 * HOUR).await.expect("purges"), 2);
    assert_eq!(bench.store.purge(24 * HOUR).await.expect("purges"), 0);
}
