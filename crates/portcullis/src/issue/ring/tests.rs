//! Nodes that load files, read and write the store, fall silent and die in any
//! order, and a foreign verifier that remembers key sets.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use proptest::prelude::*;

use super::{
    directory::{Found, FoundFile},
    loaded::LoadedKey,
    record::RingRecord,
    rules::{Report, advance},
    state::{Heard, State},
};
use crate::{
    jose::{Algorithm, SigningKey},
    time::Timestamp,
};

const LEASE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

const TTL: Duration = Duration::from_secs(900);
const SILENCE: Duration = Duration::from_secs(1200);
const MAX_AGE: Duration = Duration::from_secs(300);
const NODES: usize = 3;
const KEYS: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    /// Reads the store and works out what to write.
    Read(usize),
    /// Writes it, however late.
    Write(usize),
    /// Both at once, as most of the time.
    Sync(usize),
    AddFile(usize, usize),
    RemoveFile(usize, usize),
    /// Dies, and comes back with the files that it has.
    Restart(usize),
    /// A foreign verifier asks this node for the key set.
    Fetch(usize),
    Sign(usize),
}

#[derive(Debug, Default)]
struct Node {
    incarnation: usize,
    files: Vec<usize>,
    state: State,
    /// Since when other nodes have counted on it.
    joined: Option<Timestamp>,
    pending: Option<(u64, RingRecord, Timestamp)>,
}

#[derive(Debug)]
struct World {
    now: Timestamp,
    version: u64,
    record: RingRecord,
    nodes: Vec<Node>,
    /// The keys of each set that a verifier remembers, and since when.
    fetched: Vec<(Timestamp, Vec<usize>)>,
    /// When the last token of each key was signed.
    tokens: BTreeMap<usize, Timestamp>,
}

fn id(key: usize) -> String {
    format!("k{key}")
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + secs)
}

fn key(number: usize) -> LoadedKey {
    static ALL: LazyLock<Vec<LoadedKey>> = LazyLock::new(|| {
        let keys = (0..KEYS).map(|number| {
            let secret = [u8::try_from(number).unwrap(); 32];
            let key = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
            LoadedKey::new(key.with_key_id(id(number)), "").unwrap()
        });
        keys.collect()
    });
    ALL[number].clone()
}

impl Node {
    fn with_files(files: Vec<usize>, incarnation: usize) -> Self {
        let mut node = Self {
            incarnation,
            files,
            ..Self::default()
        };
        node.scan();
        node
    }

    fn scan(&mut self) {
        let files = self.files.iter().map(|number| {
            let file = FoundFile {
                digest: [0; 32],
                key: Ok(key(*number)),
            };
            (id(*number), file)
        });
        self.state.take_files(Found {
            files: files.collect(),
            failure: None,
        });
    }

    fn verifies(&self, key: usize) -> bool {
        let places = self.state.decide().verifying;
        self.state
            .keys_at(&places)
            .iter()
            .any(|held| held.id == id(key))
    }

    fn misses(&self, key: usize) -> bool {
        self.state.decide().missing.contains(&id(key))
    }

    fn signing(&self, now: Timestamp) -> Option<usize> {
        self.state
            .heard
            .filter(|heard| heard.is_good(SILENCE, now))?;
        let place = self.state.decide().signing?;
        let name = self.state.held[place].key.id.strip_prefix('k').unwrap();
        Some(name.parse().unwrap())
    }

    fn is_in_lease(&self, now: Timestamp) -> bool {
        self.state.heard.is_some_and(|heard| now < heard.lease)
    }
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: at(0),
            version: 0,
            record: RingRecord::default(),
            nodes: (0..NODES).map(|_| Node::with_files(vec![0], 0)).collect(),
            fetched: Vec::new(),
            tokens: BTreeMap::new(),
        };
        for node in 0..NODES {
            world.read(node);
            world.write(node);
        }
        world
    }

    fn read(&mut self, at: usize) {
        let (now, version) = (self.now, self.version);
        let node = &mut self.nodes[at];
        node.scan();
        let name = format!("n{at}.{}", node.incarnation);
        let report = Report {
            node: &name,
            loaded: &node.state.reported(),
            lease: LEASE,
            wait: MAX_AGE + Duration::from_secs(60),
            lasts: TTL + SILENCE + SECOND,
        };
        let next = advance(&self.record, &report, now);
        node.pending = Some((version, next, now));
    }

    fn write(&mut self, at: usize) {
        let Some((version, next, asked_at)) = self.nodes[at].pending.take() else {
            return;
        };
        if version != self.version {
            return;
        }
        if next != self.record {
            self.version += 1;
            self.record = next.clone();
        }
        let node = &mut self.nodes[at];
        let name = format!("n{at}.{}", node.incarnation);
        let own = next.nodes.iter().find(|node| node.name == name).unwrap();
        // One that was given up for dead comes anew.
        if !node.is_in_lease(self.now) {
            node.joined = Some(self.now);
        }
        let heard = Heard {
            at: asked_at,
            lease: own.until.0,
        };
        node.state.adopt(next.clone(), &name, heard);
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Pass(secs) => self.now = self.now.saturating_add(Duration::from_secs(secs)),
            Step::Read(at) => self.read(at),
            Step::Write(at) => self.write(at),
            Step::Sync(at) => {
                self.read(at);
                self.write(at);
            }
            Step::AddFile(at, key) => {
                let files = &mut self.nodes[at].files;
                if !files.contains(&key) {
                    files.push(key);
                    files.sort();
                }
                self.nodes[at].scan();
            }
            Step::RemoveFile(at, key) => {
                self.nodes[at].files.retain(|file| *file != key);
                self.nodes[at].scan();
            }
            Step::Restart(at) => {
                let Node {
                    files, incarnation, ..
                } = &self.nodes[at];
                self.nodes[at] = Node::with_files(files.clone(), incarnation + 1);
            }
            Step::Fetch(at) => {
                let node = &self.nodes[at];
                // One that lacks what signs says so to its readiness probe.
                if node.is_in_lease(self.now) && node.state.decide().missing.is_empty() {
                    let keys = (0..KEYS).filter(|key| node.verifies(*key)).collect();
                    self.fetched.push((self.now, keys));
                }
            }
            Step::Sign(at) => self.sign(at),
        }
    }

    fn sign(&mut self, at: usize) {
        let node = &self.nodes[at];
        let Some(key) = node.signing(self.now) else {
            return;
        };
        for (since, keys) in &self.fetched {
            let is_remembered = self.now < since.saturating_add(MAX_AGE);
            assert!(
                !is_remembered || keys.contains(&key),
                "a verifier that remembers {keys:?} gets a token of {key}: {self:#?}"
            );
        }
        self.tokens.insert(key, self.now);
    }

    /// No token is refused for want of a key on a node that other nodes count on.
    fn check(&self) {
        for (key, signed) in &self.tokens {
            if signed.saturating_add(TTL) <= self.now {
                continue;
            }
            for node in self.nodes.iter().filter(|node| node.is_in_lease(self.now)) {
                let began = self.record.key(&id(*key)).and_then(|key| key.signs_from);
                let was_there = node.joined < began.map(|began| began.0);
                let is_good = match was_there {
                    true => node.verifies(*key),
                    // It started without the file, and knows.
                    false => node.verifies(*key) || node.misses(*key),
                };
                assert!(is_good, "a token of {key} is refused: {self:#?}");
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let node = || 0..NODES;
    prop_oneof![
        4 => prop_oneof![Just(5_u64), Just(20), Just(50), Just(200)].prop_map(Step::Pass),
        1 => node().prop_map(Step::Read),
        1 => node().prop_map(Step::Write),
        8 => node().prop_map(Step::Sync),
        3 => (node(), 0..KEYS).prop_map(|(node, key)| Step::AddFile(node, key)),
        1 => (node(), 0..KEYS).prop_map(|(node, key)| Step::RemoveFile(node, key)),
        1 => node().prop_map(Step::Restart),
        3 => node().prop_map(Step::Fetch),
        5 => node().prop_map(Step::Sign),
    ]
}

/// Rounds in which nothing happens but that nodes look and sign, and one that
/// cannot read the store meanwhile.
type Calm = (u64, Option<usize>);

/// Steps, and after some of them a while of calm: otherwise no roll-over would
/// ever come to its end.
fn history() -> impl Strategy<Value = Vec<(Step, Calm)>> {
    let rounds = prop_oneof![9 => Just(0), 1 => 0_u64..60];
    let away = prop::option::of(0..NODES);
    prop::collection::vec((step(), (rounds, away)), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_token_is_refused_for_want_of_a_key(history in history()) {
        let mut world = World::new();
        for (step, (rounds, away)) in history {
            world.run(&step);
            world.check();
            for round in 0..rounds {
                world.run(&Step::Pass(20));
                for node in 0..NODES {
                    if Some(node) != away {
                        world.run(&Step::Sync(node));
                    }
                    world.run(&Step::Sign(node));
                }
                world.run(&Step::Fetch(round as usize % NODES));
                world.check();
            }
            let now = world.now;
            world.fetched.retain(|(since, _)| now < since.saturating_add(MAX_AGE));
        }
        // Once all have the same files and no one stays away, the newest signs.
        for node in 0..NODES {
            for key in 0..KEYS {
                world.run(&Step::AddFile(node, key));
            }
        }
        world.now = world.now.saturating_add(LEASE);
        for _ in 0..30 {
            for node in 0..NODES {
                world.run(&Step::Sync(node));
            }
            world.now = world.now.saturating_add(Duration::from_secs(20));
        }
        let newest = world.record.keys.last().unwrap();
        prop_assert!(newest.signs(), "{world:#?}");
        for node in &world.nodes {
            prop_assert!(node.signing(world.now).is_some());
        }
    }
}
