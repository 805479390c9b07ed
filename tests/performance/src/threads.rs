//! What two threads do at once, beside what one does.

use std::{sync::Barrier, thread, time::Duration};

use portcullis::verify::Verifier;

use crate::{
    cases,
    fixture::Fixture,
    measure::Case,
    web::{self, Sent},
};

/// A row: what is shared, and what each thread does with it.
pub struct Shared {
    pub name: &'static str,
    case: Box<dyn Fn(usize) -> Case + Sync>,
}

/// The rows. Nothing can be better than the first, where nothing is shared.
pub fn rows(fixture: &Fixture) -> Vec<Shared> {
    let verifier = fixture.verifier();
    let cached = fixture.cached();
    let same = [&fixture.token, &fixture.token];
    let two = [&fixture.token, &fixture.other];
    let primitive = fixture.clone();
    vec![
        Shared::new("the primitive alone", move |_| {
            cases::primitive::verify(&primitive)
        }),
        Shared::verifier("portcullis, the same token", &verifier, same),
        Shared::verifier("portcullis, two tokens", &verifier, two),
        Shared::axum("portcullis, layer and claims", &verifier, fixture),
        Shared::verifier("portcullis, cached, the same token", &cached, same),
        Shared::verifier("portcullis, cached, two tokens", &cached, two),
        Shared::axum("portcullis, layer and claims, cached", &cached, fixture),
    ]
}

impl Shared {
    fn new(name: &'static str, case: impl Fn(usize) -> Case + Sync + 'static) -> Self {
        Self {
            name,
            case: Box::new(case),
        }
    }

    /// One verifier, and a token for each thread.
    fn verifier(name: &'static str, verifier: &Verifier, tokens: [&String; 2]) -> Self {
        let verifier = verifier.clone();
        let tokens = tokens.map(String::clone);
        Self::new(name, move |thread| {
            cases::verification::accepted(name, verifier.clone(), &tokens[thread])
        })
    }

    /// One application, as each connection gets it.
    fn axum(name: &'static str, verifier: &Verifier, fixture: &Fixture) -> Self {
        let router = cases::axum::layer(verifier.clone());
        let sent = Sent::good(fixture);
        Self::new(name, move |_| web::case(name, router.clone(), sent.clone()))
    }

    /// How often one thread runs it in `slice`.
    pub fn calibrate(&self, slice: Duration) -> u32 {
        (self.case)(0).calibrate(slice)
    }

    /// How many times the work of one thread two do in the same time, each
    /// its `iterations`.
    pub fn speed_up(&self, iterations: u32) -> f64 {
        2.0 * self.time(1, iterations) / self.time(2, iterations)
    }

    /// Nanoseconds per operation of the slowest of `threads` threads.
    fn time(&self, threads: usize, iterations: u32) -> f64 {
        let start = Barrier::new(threads);
        let run = |thread| {
            let mut case = (self.case)(thread);
            case.run();
            start.wait();
            case.time(iterations)
        };
        thread::scope(|scope| {
            let threads = (0..threads).map(|thread| scope.spawn(move || run(thread)));
            let threads: Vec<_> = threads.collect();
            let times = threads.into_iter().map(|thread| thread.join());
            times.fold(0.0_f64, |slowest, time| {
                slowest.max(time.expect("a measurement does not panic"))
            })
        })
    }
}
