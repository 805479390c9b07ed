//! When a key is announced, signs and is retired: pure functions of what the
//! store has, what a node reports, and the store's time.
//!
//! What holds, whatever the order in which nodes come, report and die:
//!
//! * No key begins to sign before every node that lives has reported it loaded,
//!   and has gone on doing so for as long as verifiers may remember a key set
//!   from before. A node that dies is waited for until its lease is over.
//! * A key begins to sign once, and never after a newer one has.
//! * A key that was withdrawn never verifies again, under whatever id.
//! * A key goes on verifying for as long as any token lives that a node may have
//!   signed with it, nodes included that have not heard of its successor.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::record::{KeyRecord, NodeRecord, RingRecord, Time};
use crate::time::Timestamp;

/// How many keys that are retired and whose files are gone are remembered, so that
/// a file which comes back from a backup is not taken for a new key. Those that
/// were withdrawn are remembered for ever.
const REMEMBERED: usize = 64;

/// What a node says when it looks into the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report<'a> {
    pub(super) node: &'a str,
    /// The ids and check values of the keys that it has, the newest last.
    pub(super) loaded: &'a [(&'a str, &'a str)],
    /// For how long it is taken to live.
    pub(super) lease: Duration,
    /// For how long a key must have been announced.
    pub(super) wait: Duration,
    /// For how long after a key's end tokens may be about that it signed.
    pub(super) lasts: Duration,
}

/// The ring after a node's report at `now`. The same as before if it changes
/// nothing and the node's lease is not half over.
pub(super) fn advance(record: &RingRecord, report: &Report<'_>, now: Timestamp) -> RingRecord {
    let mut ring = record.clone();
    ring.nodes.retain(|node| node.until.0 > now);
    add_keys(&mut ring, report);
    withdraw_twins(&mut ring);
    report_in(&mut ring, report, now);
    announce(&mut ring, now);
    roll(&mut ring, now);
    retire(&mut ring, report, now);
    ring
}

/// The ring without a node that stops.
pub(super) fn leave(record: &RingRecord, node: &str) -> RingRecord {
    let mut ring = record.clone();
    ring.nodes.retain(|other| other.name != node);
    ring
}

/// The ring without a key that is to verify nothing any more. `None` if there is
/// none of this id.
pub(super) fn withdraw(record: &RingRecord, id: &str, now: Timestamp) -> Option<RingRecord> {
    let mut ring = record.clone();
    let key = ring.keys.iter_mut().find(|key| key.id == id)?;
    key.withdrawn_at.get_or_insert(Time(now));
    withdraw_twins(&mut ring);
    Some(ring)
}

/// Goes on refusing what was withdrawn by what this node knows. What it reads may
/// be older than that: the store was restored from a backup, or the answer to a
/// question from before comes late.
pub(super) fn keep_withdrawn(ring: &mut RingRecord, known: &RingRecord) {
    for key in known.keys.iter().filter(|key| key.withdrawn_at.is_some()) {
        match ring.keys.iter_mut().find(|other| other.id == key.id) {
            None => ring.keys.insert(0, key.clone()),
            Some(other) if other.check == key.check => {
                other.withdrawn_at = other.withdrawn_at.or(key.withdrawn_at);
            }
            Some(_) => {}
        }
    }
    withdraw_twins(ring);
}

/// Withdraws the keys that have been withdrawn under another id.
fn withdraw_twins(ring: &mut RingRecord) {
    let withdrawn: Vec<_> = ring
        .keys
        .iter()
        .filter_map(|key| Some((key.check.clone(), key.withdrawn_at?)))
        .collect();
    for key in &mut ring.keys {
        let twin = withdrawn.iter().find(|(check, _)| *check == key.check);
        key.withdrawn_at = key.withdrawn_at.or(twin.map(|(_, at)| *at));
    }
}

/// What a node does with the keys that it has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// The place of the key to sign with among those loaded.
    pub(super) signing: Option<usize>,
    /// The places of those that verify and are published.
    pub(super) verifying: Vec<usize>,
    /// The ids of keys that may have signed and are not loaded here.
    pub(super) missing: Vec<String>,
}

/// What a node does that has these keys, by id and check value.
pub(super) fn decide(record: &RingRecord, loaded: &[(&str, &str)]) -> Decision {
    let is_known = |key: &KeyRecord| loaded.contains(&(key.id.as_str(), key.check.as_str()));
    let signing = record.signing().and_then(|at| record.keys.get(at));
    Decision {
        signing: signing.and_then(|key| {
            let names = (key.id.as_str(), key.check.as_str());
            loaded.iter().position(|loaded| *loaded == names)
        }),
        verifying: (0..loaded.len())
            .filter(|at| match record.key(loaded[*at].0) {
                // Not in the store yet: published before it is reported.
                None => !record.has_withdrawn(loaded[*at].1),
                Some(key) => !key.is_over() && is_known(key),
            })
            .collect(),
        missing: record
            .keys
            .iter()
            .filter(|key| !key.is_over() && !key.is_new() && !is_known(key))
            .map(|key| key.id.clone())
            .collect(),
    }
}

/// Takes in keys that nobody has reported before.
fn add_keys(ring: &mut RingRecord, report: &Report<'_>) {
    for (id, check) in report.loaded {
        if ring.key(id).is_none() {
            ring.keys.push(KeyRecord::new(id, check));
        }
    }
}

fn report_in(ring: &mut RingRecord, report: &Report<'_>, now: Timestamp) {
    let same = |(id, check): &&(&str, &str)| ring.key(id).is_some_and(|key| key.check == *check);
    let loaded: Vec<_> = report.loaded.iter().filter(same).collect();
    let mut loaded: Vec<String> = loaded.iter().map(|(id, _)| (*id).to_owned()).collect();
    loaded.sort();
    let fresh = NodeRecord {
        name: report.node.to_owned(),
        until: Time(now.saturating_add(report.lease)),
        wait: millis(report.wait),
        loaded,
    };
    match ring.nodes.iter_mut().find(|node| node.name == report.node) {
        None => ring.nodes.push(fresh),
        Some(node) => {
            let left = node.until.0.saturating_duration_since(now);
            // Most readings need no writing.
            let until = match left > report.lease / 2 && left <= report.lease {
                true => node.until,
                false => fresh.until,
            };
            *node = NodeRecord { until, ..fresh };
        }
    }
}

/// Notes since when every node has had the keys that are to sign, and drops
/// those that nobody has any more.
fn announce(ring: &mut RingRecord, now: Timestamp) {
    let RingRecord { keys, nodes, .. } = ring;
    let has = |node: &NodeRecord, id: &String| node.loaded.contains(id);
    keys.retain(|key| !key.is_new() || nodes.iter().any(|node| has(node, &key.id)));
    for key in keys.iter_mut().filter(|key| key.is_new()) {
        key.announced_at = match nodes.iter().all(|node| has(node, &key.id)) {
            true => key.announced_at.or(Some(Time(now))),
            false => None,
        };
    }
}

/// Lets the newest key sign that may.
fn roll(ring: &mut RingRecord, now: Timestamp) {
    let signing = ring.signing();
    let wait = ring.nodes.iter().map(|node| node.wait).max();
    let wait = Duration::from_millis(wait.unwrap_or_default());
    let may_sign = |at: usize, key: &KeyRecord| match (signing, key.announced_at) {
        (_, None) => false,
        // Nobody waits for tokens of another key: the first one, or after the
        // key that signed was withdrawn.
        (None, Some(_)) => key.is_new(),
        (Some(older), Some(since)) => {
            at > older && key.is_new() && since.0.saturating_add(wait) <= now
        }
    };
    let mut places = (0..ring.keys.len()).rev();
    let Some(next) = places.find(|at| may_sign(*at, &ring.keys[*at])) else {
        return;
    };
    for older in &mut ring.keys[..next] {
        // Those that never signed here may have done so before there was a ring.
        older.ended_at.get_or_insert(Time(now));
    }
    ring.keys[next].signs_from = Some(Time(now));
}

/// Keeps what has signed for as long as its tokens last, and no longer.
fn retire(ring: &mut RingRecord, report: &Report<'_>, now: Timestamp) {
    for key in ring.keys.iter_mut().filter(|key| !key.is_over()) {
        if !key.is_new() {
            key.lasts = key.lasts.max(millis(report.lasts));
        }
        let lasts = Duration::from_millis(key.lasts);
        if key
            .ended_at
            .is_some_and(|end| end.0.saturating_add(lasts) <= now)
        {
            key.retired_at = Some(Time(now));
        }
    }
    let is_gone = |ring: &RingRecord, key: &KeyRecord| {
        key.retired_at.is_some() && key.withdrawn_at.is_none() && {
            let nodes = &mut ring.nodes.iter();
            !nodes.any(|node| node.loaded.contains(&key.id))
        }
    };
    let gone = ring.keys.iter().filter(|key| is_gone(ring, key)).count();
    let mut surplus = gone.saturating_sub(REMEMBERED);
    let kept = ring.keys.iter().filter(|key| {
        let drop = surplus > 0 && is_gone(ring, key);
        surplus -= usize::from(drop);
        !drop
    });
    ring.keys = kept.cloned().collect();
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
