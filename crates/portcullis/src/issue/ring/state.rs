//! What one node knows of a ring.

use std::{sync::Arc, time::Duration};

use super::{
    directory::Found,
    health::{RingHealth, RingKey, RingProblem, RingStage},
    loaded::LoadedKey,
    record::RingRecord,
    rules::{self, Decision},
};
use crate::time::Timestamp;

/// What one node knows: its files, and what the store said last.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) found: Arc<Found>,
    /// The newest last.
    pub(super) held: Vec<Held>,
    pub(super) record: RingRecord,
    pub(super) heard: Option<Heard>,
    /// What was logged last.
    pub(super) shown: Vec<RingProblem>,
}

/// A key in memory.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) key: LoadedKey,
    /// Whether there is still a file with it.
    pub(super) in_file: bool,
}

/// When the store was read last, by this node's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) at: Timestamp,
    /// Until when other nodes wait for this one.
    pub(super) lease: Timestamp,
}

impl State {
    /// Takes in what the directory holds now.
    ///
    /// A key whose file is gone is kept while tokens may be about that it
    /// signed: a mistake with files must not refuse them. One that has yet to
    /// sign is let go, which is how to call a roll-over off, but not before the
    /// other nodes [know](Self::adopt).
    pub(super) fn take_files(&mut self, found: Found) {
        if found.failure.is_some() && found.files.is_empty() {
            self.found = Arc::new(Found {
                files: self.found.files.clone(),
                failure: found.failure,
            });
            return;
        }
        let files = || {
            let files = found.files.values();
            files.filter_map(|file| file.key.as_ref().ok())
        };
        self.held
            .retain(|held| !files().any(|key| key.is_same_as(&held.key)));
        for held in &mut self.held {
            held.in_file = false;
        }
        for key in files() {
            if self.held.iter().all(|held| held.key.id != key.id) {
                self.held.push(Held {
                    key: key.clone(),
                    in_file: true,
                });
            }
        }
        self.found = Arc::new(found);
    }

    /// Goes by what the store has after this node's report.
    pub(super) fn adopt(&mut self, record: RingRecord, node: &str, heard: Heard) {
        let own = record.nodes.iter().find(|other| other.name == node);
        self.held.retain(|held| {
            let is_reported = own.is_some_and(|own| own.loaded.contains(&held.key.id));
            held.in_file || is_reported || is_used(&record, &held.key)
        });
        self.record = record;
        self.heard = Some(heard);
    }

    /// The keys that this node stands in for, the newest last.
    pub(super) fn reported(&self) -> Vec<(&str, &str)> {
        self.held
            .iter()
            .filter(|held| held.in_file || is_used(&self.record, &held.key))
            .map(|held| held.key.names())
            .collect()
    }

    /// The keys by what the record knows them by.
    fn names(&self) -> Vec<(&str, &str)> {
        self.held.iter().map(|held| held.key.names()).collect()
    }

    pub(super) fn decide(&self) -> Decision {
        rules::decide(&self.record, &self.names())
    }

    pub(super) fn keys_at(&self, places: &[usize]) -> Vec<LoadedKey> {
        let held = places.iter().filter_map(|at| self.held.get(*at));
        held.map(|held| held.key.clone()).collect()
    }

    /// How it is at `now`, when what was heard is good for `silence`.
    pub(super) fn health(&self, node: &str, silence: Duration, now: Timestamp) -> RingHealth {
        let decision = self.decide();
        let signing = decision
            .signing
            .filter(|_| self.heard.is_some_and(|heard| heard.is_good(silence, now)))
            .and_then(|at| self.held.get(at))
            .map(|held| held.key.id.clone());
        RingHealth {
            node: node.to_owned(),
            problems: self.problems(&decision, signing.is_some(), now).collect(),
            signing,
            keys: self
                .record
                .keys
                .iter()
                .map(|key| RingKey {
                    id: key.id.clone(),
                    stage: RingStage::of(&self.record, key),
                })
                .collect(),
        }
    }

    fn problems<'a>(
        &'a self,
        decision: &'a Decision,
        signs: bool,
        now: Timestamp,
    ) -> impl Iterator<Item = RingProblem> + 'a {
        let silent = self.heard.is_none_or(|heard| heard.lease <= now);
        let conflicts = self.held.iter().filter_map(|held| {
            let key = self.record.key(&held.key.id)?;
            let key = (key.check != held.key.check).then(|| key.id.clone())?;
            Some(RingProblem::Conflict { key })
        });
        let missing = decision.missing.iter().filter(|id| {
            let mut held = self.held.iter();
            !held.any(|held| held.key.id == **id)
        });
        let gone = self
            .held
            .iter()
            .filter(|held| !held.in_file && is_used(&self.record, &held.key));
        let files = self.found.files.iter().filter_map(|(name, file)| {
            let reason = match &file.key {
                Err(reason) => reason.clone(),
                Ok(key) => {
                    let twin = self.held.iter().find(|held| held.key.id == key.id)?;
                    (!twin.key.is_same_as(key)).then(|| {
                        format!(
                            "there is another key with its id `{}`: use a new id",
                            key.id
                        )
                    })?
                }
            };
            let name = name.clone();
            Some(RingProblem::File { name, reason })
        });
        let directory = self.found.failure.clone().map(RingProblem::Directory);
        silent
            .then_some(RingProblem::Silent)
            .into_iter()
            .chain((!signs).then_some(RingProblem::NothingSigns))
            .chain(missing.map(|key| RingProblem::Missing { key: key.clone() }))
            .chain(conflicts)
            .chain(gone.map(|held| RingProblem::FileGone {
                key: held.key.id.clone(),
            }))
            .chain(directory)
            .chain(files)
    }
}

/// Whether tokens may be about that the key signed.
fn is_used(record: &RingRecord, key: &LoadedKey) -> bool {
    let known = record.key(&key.id);
    known.is_some_and(|known| known.check == key.check && !known.is_new() && !known.is_over())
}

impl Heard {
    /// Whether what was heard may still be gone by. A clock that was turned back
    /// says nothing about how old it is.
    pub(super) fn is_good(self, silence: Duration, now: Timestamp) -> bool {
        now.saturating_duration_since(self.at) < silence
            && self.at.saturating_duration_since(now) < silence
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{
        super::{
            directory::FoundFile,
            record::{KeyRecord, NodeRecord, Time},
        },
        *,
    };
    use crate::jose::{Algorithm, SigningKey};

    fn found(names: &[&str]) -> Found {
        let files = names.iter().map(|name| {
            let secret = [name.as_bytes()[0]; 32];
            let key = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
            let file = FoundFile {
                digest: [0; 32],
                key: LoadedKey::new(key, name),
            };
            ((*name).to_owned(), file)
        });
        Found {
            files: files.collect::<BTreeMap<_, _>>(),
            failure: None,
        }
    }

    fn reported(state: &State) -> Vec<&str> {
        state.reported().into_iter().map(|(id, _)| id).collect()
    }

    /// Other nodes may let it sign for as long as they take this one to have it.
    #[test]
    fn a_key_is_kept_until_the_others_know_that_its_file_is_gone() {
        let heard = Heard {
            at: Timestamp::from_secs(0),
            lease: Timestamp::from_secs(60),
        };
        let mut state = State::default();
        state.take_files(found(&["a", "b"]));
        let record = |loaded: &[&str]| RingRecord {
            keys: vec![KeyRecord::new("b", &state.held[1].key.check)],
            nodes: vec![NodeRecord {
                name: "here".to_owned(),
                until: Time(heard.lease),
                wait: 0,
                loaded: loaded.iter().map(|id| (*id).to_owned()).collect(),
            }],
            ..RingRecord::default()
        };
        let [before, after] = [record(&["a", "b"]), record(&["a"])];
        state.take_files(found(&["a"]));
        assert_eq!(reported(&state), ["a"]);
        // What was reported before the file went arrives late.
        state.adopt(before, "here", heard);
        assert_eq!(state.held.len(), 2);
        assert_eq!(state.decide().verifying.len(), 2);
        state.adopt(after, "here", heard);
        assert_eq!(state.held.len(), 1);
    }

    #[test]
    fn a_directory_that_cannot_be_read_changes_nothing() {
        let mut state = State::default();
        state.take_files(found(&["a"]));
        state.take_files(Found {
            files: BTreeMap::new(),
            failure: Some("gone".to_owned()),
        });
        assert_eq!(reported(&state), ["a"]);
        let problems = state.health("here", Duration::ZERO, Timestamp::from_secs(0));
        let gone = RingProblem::Directory("gone".to_owned());
        assert!(problems.problems.contains(&gone));
    }
}
