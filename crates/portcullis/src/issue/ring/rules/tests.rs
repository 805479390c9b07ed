use super::*;

const LEASE: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_secs(360);
const LASTS: Duration = Duration::from_secs(5000);
const SECOND: Duration = Duration::from_secs(1);

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000).saturating_add(Duration::from_secs(secs))
}

/// The ring after `node` has reported these keys.
fn report(ring: &RingRecord, node: &str, keys: &[&str], now: Timestamp) -> RingRecord {
    let checks: Vec<_> = keys.iter().map(|key| format!("check of {key}")).collect();
    let loaded = keys.iter().zip(&checks);
    let loaded: Vec<_> = loaded.map(|(key, check)| (*key, &**check)).collect();
    let report = Report {
        node,
        loaded: &loaded,
        lease: LEASE,
        wait: WAIT,
        lasts: LASTS,
    };
    advance(ring, &report, now)
}

fn signing(ring: &RingRecord) -> Option<&str> {
    ring.signing().map(|at| ring.keys[at].id.as_str())
}

/// Two nodes that sign with `a`.
fn two_nodes() -> RingRecord {
    let ring = report(&RingRecord::default(), "n1", &["a"], at(0));
    report(&ring, "n2", &["a"], at(0))
}

/// Both report these keys every half minute.
fn go_on(mut ring: RingRecord, keys: &[&str], from: u64, to: u64) -> RingRecord {
    for now in (from..=to).step_by(30) {
        ring = report(&ring, "n1", keys, at(now));
        ring = report(&ring, "n2", keys, at(now));
    }
    ring
}

#[test]
fn the_first_key_signs_at_once_and_of_several_the_last() {
    assert_eq!(signing(&RingRecord::default()), None);
    assert_eq!(signing(&two_nodes()), Some("a"));
    let several = report(&RingRecord::default(), "n1", &["a", "b", "c"], at(0));
    assert_eq!(signing(&several), Some("c"));
    // Those before it may have signed elsewhere.
    let decision = decide(&several, &[("a", "check of a"), ("c", "check of c")]);
    assert_eq!(
        (decision.signing, &*decision.verifying),
        (Some(1), &[0, 1][..])
    );
    assert_eq!(decision.missing, ["b"]);
}

#[test]
fn a_key_signs_when_every_node_has_had_it_for_long_enough() {
    let mut ring = report(&two_nodes(), "n1", &["a", "b"], at(10));
    ring = report(&ring, "n2", &["a"], at(20));
    assert_eq!(ring.key("b").unwrap().announced_at, None);
    assert_eq!(ring.lacking("b").collect::<Vec<_>>(), ["n2"]);
    ring = report(&ring, "n2", &["a", "b"], at(30));
    ring = go_on(ring, &["a", "b"], 40, 370);
    ring = report(&ring, "n1", &["a", "b"], at(389));
    assert_eq!(signing(&ring), Some("a"));
    ring = report(&ring, "n2", &["a", "b"], at(390));
    assert_eq!(signing(&ring), Some("b"));
    assert_eq!(ring.key("a").unwrap().ended_at, Some(Time(at(390))));
}

#[test]
fn a_node_that_lacks_the_key_starts_the_waiting_anew() {
    let mut ring = go_on(two_nodes(), &["a", "b"], 0, 330);
    ring = report(&ring, "n3", &["a"], at(340));
    ring = go_on(ring, &["a", "b"], 345, 375);
    assert_eq!(signing(&ring), Some("a"));
    ring = report(&ring, "n3", &["a", "b"], at(380));
    for now in (390..740).step_by(30) {
        ring = go_on(ring, &["a", "b"], now, now);
        ring = report(&ring, "n3", &["a", "b"], at(now));
        assert_eq!(signing(&ring), Some("a"), "{now}");
    }
    ring = report(&ring, "n3", &["a", "b"], at(740));
    assert_eq!(signing(&ring), Some("b"));
}

#[test]
fn a_node_that_died_is_waited_for_until_its_lease_is_over() {
    let mut ring = two_nodes();
    for now in (10..60).step_by(10) {
        ring = report(&ring, "n1", &["a", "b"], at(now));
        assert_eq!(ring.key("b").unwrap().announced_at, None);
    }
    // From when on the dead one cannot have answered with an older key set.
    ring = report(&ring, "n1", &["a", "b"], at(60));
    assert_eq!(ring.key("b").unwrap().announced_at, Some(Time(at(60))));
    // One that leaves is not waited for.
    let left = leave(&two_nodes(), "n2");
    let left = report(&left, "n1", &["a", "b"], at(5));
    assert_eq!(left.key("b").unwrap().announced_at, Some(Time(at(5))));
}

#[test]
fn of_two_new_keys_the_newest_signs_that_every_node_has() {
    let both = go_on(two_nodes(), &["a", "b", "c"], 0, 390);
    assert_eq!(signing(&both), Some("c"));
    assert!(both.key("b").unwrap().ended_at.is_some());
    let mut ring = two_nodes();
    for now in (0..=390).step_by(30) {
        ring = report(&ring, "n1", &["a", "b", "c"], at(now));
        ring = report(&ring, "n2", &["a", "b"], at(now));
    }
    assert_eq!(signing(&ring), Some("b"));
    let ring = go_on(ring, &["a", "b", "c"], 420, 810);
    assert_eq!(signing(&ring), Some("c"));
}

#[test]
fn a_roll_over_is_called_off_by_removing_the_file() {
    let ring = go_on(two_nodes(), &["a", "b"], 0, 60);
    let ring = go_on(ring, &["a"], 90, 90);
    assert_eq!(ring.key("b"), None);
    assert_eq!(signing(&go_on(ring, &["a"], 120, 900)), Some("a"));
}

#[test]
fn an_old_key_verifies_until_its_last_token_has_expired() {
    let ring = go_on(two_nodes(), &["a", "b"], 0, 390);
    let end = ring.key("a").unwrap().ended_at.unwrap().0;
    let last = end.saturating_add(LASTS);
    let keys = [("a", "check of a"), ("b", "check of b")];
    let before = report(&ring, "n1", &["a", "b"], last.saturating_sub(SECOND));
    assert_eq!(decide(&before, &keys).verifying, [0, 1]);
    let after = report(&ring, "n1", &["a", "b"], last);
    assert_eq!(decide(&after, &keys).verifying, [1]);
    // Its file may lie about for ever.
    let later = report(&after, "n1", &["a", "b"], last.saturating_add(LASTS));
    assert_eq!(signing(&later), Some("b"));
    assert_eq!(later.keys.len(), 2);
}

#[test]
fn the_longest_lifetime_that_any_node_knows_counts() {
    let ring = go_on(two_nodes(), &["a", "b"], 0, 390);
    let long = Report {
        node: "n3",
        loaded: &[("a", "check of a"), ("b", "check of b")],
        lease: LEASE,
        wait: WAIT,
        lasts: Duration::MAX,
    };
    let ring = advance(&ring, &long, at(400));
    let ring = report(&ring, "n1", &["a", "b"], at(4_000_000_000));
    assert_eq!(ring.key("a").unwrap().retired_at, None);
}

#[test]
fn a_key_that_was_withdrawn_verifies_nothing_and_another_takes_over() {
    let ring = go_on(two_nodes(), &["a", "b"], 0, 30);
    let ring = withdraw(&ring, "a", at(31)).unwrap();
    assert_eq!(withdraw(&ring, "unknown", at(31)), None);
    let decision = decide(&ring, &[("a", "check of a"), ("b", "check of b")]);
    assert_eq!((decision.signing, &*decision.verifying), (None, &[1][..]));
    let ring = report(&ring, "n1", &["a", "b"], at(32));
    assert_eq!(signing(&ring), Some("b"));
    // Without another one, nothing signs until there is.
    let ring = withdraw(&ring, "b", at(33)).unwrap();
    let ring = go_on(ring, &["a", "b"], 60, 900);
    assert_eq!(signing(&ring), None);
    let ring = report(&ring, "n1", &["a", "b", "c"], at(901));
    assert_eq!(signing(&ring), None);
    let ring = report(&ring, "n2", &["a", "b", "c"], at(902));
    assert_eq!(signing(&ring), Some("c"));
}

#[test]
fn another_key_under_the_same_id_does_not_count() {
    let other = Report {
        node: "n2",
        loaded: &[("a", "check of a"), ("b", "another")],
        lease: LEASE,
        wait: WAIT,
        lasts: LASTS,
    };
    let mut ring = report(&two_nodes(), "n1", &["a", "b"], at(0));
    for now in (0..900).step_by(30) {
        ring = report(&ring, "n1", &["a", "b"], at(now));
        ring = advance(&ring, &other, at(now));
    }
    assert_eq!(signing(&ring), Some("a"));
    let decision = decide(&ring, &[("a", "check of a"), ("b", "another")]);
    assert_eq!(decision.verifying, [0]);
    // On a node that has another key than the one that signs.
    let decision = decide(&ring, &[("a", "another")]);
    assert_eq!(
        (decision.signing, &*decision.missing),
        (None, &["a".to_owned()][..])
    );
}

#[test]
fn most_readings_change_nothing() {
    let ring = two_nodes();
    for now in 0..30 {
        assert_eq!(report(&ring, "n1", &["a"], at(now)), ring, "{now}");
    }
    assert_ne!(report(&ring, "n1", &["a"], at(30)), ring);
    // A store whose clock went back does not prolong a lease for ever.
    let back = at(0).saturating_sub(Duration::from_secs(3600));
    let ring = report(&ring, "n1", &["a"], back);
    let until = ring.nodes.iter().find(|node| node.name == "n1").unwrap();
    assert_eq!(until.until.0, back.saturating_add(LEASE));
}

#[test]
fn what_is_remembered_has_a_bound() {
    let mut ring = RingRecord::default();
    let mut now = 0;
    for number in 0..200 {
        let id = format!("key-{number}");
        for _ in 0..30 {
            now += 30;
            ring = report(&ring, "n1", &[&id], at(now));
        }
        now += LASTS.as_secs();
    }
    assert!(ring.keys.len() <= REMEMBERED + 3, "{}", ring.keys.len());
    assert_eq!(signing(&ring), Some("key-199"));
}

#[test]
fn a_key_that_was_withdrawn_is_known_again_under_another_id() {
    let ring = withdraw(&two_nodes(), "a", at(1)).unwrap();
    let loaded = [("b", "check of b"), ("again", "check of a")];
    // Not before it is reported, either.
    assert_eq!(decide(&ring, &loaded).verifying, [0]);
    let again = Report {
        node: "n1",
        loaded: &loaded,
        lease: LEASE,
        wait: WAIT,
        lasts: LASTS,
    };
    // The other node has gone.
    let ring = advance(&ring, &again, at(100));
    assert_eq!(signing(&ring), Some("b"));
    assert_eq!(ring.key("again").unwrap().withdrawn_at, Some(Time(at(1))));
    // It was there under both before.
    let both = [("a", "check of a"), ("twin", "check of a")];
    let report = Report {
        loaded: &both,
        ..again
    };
    let ring = advance(&RingRecord::default(), &report, at(0));
    let ring = withdraw(&ring, "a", at(1)).unwrap();
    assert_eq!(decide(&ring, &both).verifying, [0; 0]);
}

#[test]
fn a_key_that_was_withdrawn_is_remembered_longer_than_those_that_were_retired() {
    let mut ring = withdraw(&two_nodes(), "a", at(1)).unwrap();
    let mut now = 0;
    for number in 0..200 {
        let id = format!("key-{number}");
        for _ in 0..30 {
            now += 30;
            ring = report(&ring, "n1", &[&id], at(now));
        }
        now += LASTS.as_secs();
    }
    assert!(ring.keys.len() <= REMEMBERED + 4, "{}", ring.keys.len());
    let ring = report(&ring, "n1", &["key-199", "a"], at(now));
    let decision = decide(
        &ring,
        &[("key-199", "check of key-199"), ("a", "check of a")],
    );
    assert_eq!(decision.verifying, [0]);
}

#[test]
fn what_a_node_knows_to_be_withdrawn_stays_so() {
    let known = withdraw(&two_nodes(), "a", at(1)).unwrap();
    for older in [two_nodes(), RingRecord::default()] {
        let mut ring = older.clone();
        keep_withdrawn(&mut ring, &known);
        assert!(ring.key("a").unwrap().is_over());
        keep_withdrawn(&mut ring, &older);
        assert!(ring.key("a").unwrap().is_over());
    }
}
