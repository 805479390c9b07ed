//! Verifiers that are combined, replaced and let go in any order.

use proptest::prelude::*;

use super::{
    replace::{accepts, of, token_of},
    *,
};

/// What a verifier is made of: by this, what it accepts is plain to see.
#[derive(Clone)]
enum Made {
    /// Of this key, for the issuer of this name.
    Alone(u8),
    Of(Vec<usize>),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Combine,
    Replace,
    /// By one that nobody else has.
    Renew,
    Drop,
}

/// All that there ever was; without a handle if nobody has it any more.
#[derive(Default)]
struct Model(Vec<(Made, Option<Verifier>)>, u8);

impl Model {
    fn add(&mut self, made: Made, verifier: Verifier) {
        self.0.push((made, Some(verifier)));
    }

    fn fresh(&mut self) -> (Made, Verifier) {
        self.1 += 1;
        (Made::Alone(self.1), of(self.1, &self.1.to_string()))
    }

    fn accepted_by(&self, made: &Made) -> Vec<u8> {
        match made {
            Made::Alone(byte) => vec![*byte],
            Made::Of(members) => {
                let members = members.iter();
                members.flat_map(|it| self.accepted(*it)).collect()
            }
        }
    }

    fn accepted(&self, verifier: usize) -> Vec<u8> {
        self.accepted_by(&self.0[verifier].0)
    }

    fn is_in(&self, verifier: usize, made: &Made) -> bool {
        match made {
            Made::Alone(_) => false,
            Made::Of(members) => {
                let mut members = members.iter();
                members.any(|it| *it == verifier || self.is_in(verifier, &self.0[*it].0))
            }
        }
    }

    /// Whether no combination that somebody has takes a token in two ways.
    fn is_good(&self) -> bool {
        let mut had = self.0.iter().filter(|(_, handle)| handle.is_some());
        had.all(|(made, _)| {
            let mut accepted = self.accepted_by(made);
            accepted.sort_unstable();
            accepted.windows(2).all(|pair| pair[0] != pair[1])
        })
    }

    /// `None` if it is an error, which must change nothing.
    fn replace(&mut self, verifier: usize, new: Made) -> Option<()> {
        let is_itself = self.is_in(verifier, &new);
        let old = std::mem::replace(&mut self.0[verifier].0, new);
        if is_itself || !self.is_good() {
            self.0[verifier].0 = old;
            return None;
        }
        Some(())
    }

    fn step(&mut self, step: Step, one: usize, other: usize) {
        let handle = |it: usize| self.0[it].1.clone();
        let (Some(own), Some(theirs)) = (handle(one), handle(other)) else {
            return;
        };
        match step {
            Step::Combine => {
                let made = Made::Of(vec![one, other]);
                if let Ok(both) = Verifier::combine([own, theirs]) {
                    self.add(made, both);
                    assert!(self.is_good());
                } else {
                    self.add(made, of(0, "none"));
                    assert!(!self.is_good());
                    self.0.pop();
                }
            }
            Step::Replace => {
                let is_good = self.replace(one, self.0[other].0.clone()).is_some();
                assert_eq!(own.replace(theirs).is_ok(), is_good);
            }
            Step::Renew => {
                let (made, new) = self.fresh();
                assert!(self.replace(one, made).is_some());
                own.replace(new).unwrap();
            }
            Step::Drop => self.0[one].1 = None,
        }
    }

    fn look(&self) {
        for (made, verifier) in &self.0 {
            let Some(verifier) = verifier else { continue };
            let accepted = self.accepted_by(made);
            for byte in 1..=self.1 {
                let token = token_of(byte, &byte.to_string());
                assert_eq!(accepts(verifier, &token), accepted.contains(&byte));
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Combine),
        2 => Just(Step::Replace),
        2 => Just(Step::Renew),
        1 => Just(Step::Drop),
    ]
}

proptest! {
    /// Whatever is combined of what, and whoever is let go.
    #[test]
    fn everybody_trusts_what_they_are_made_of(
        steps in proptest::collection::vec((step(), 0..100_usize, 0..100_usize), 1..16),
    ) {
        let mut model = Model::default();
        for _ in 0..4 {
            let (made, verifier) = model.fresh();
            model.add(made, verifier);
        }
        for (step, one, other) in steps {
            let count = model.0.len();
            model.step(step, one % count, other % count);
        }
        model.look();
    }
}
