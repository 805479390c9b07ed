//! Interleaved rounds: every case runs in every round, so that the machine's
//! noise falls on all alike.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Something that is measured; one call is one operation.
pub struct Case {
    pub name: String,
    /// What a request is answered with.
    pub status: Option<u16>,
    operation: Box<dyn FnMut()>,
}

impl Case {
    pub fn new<T>(name: impl Into<String>, mut operation: impl FnMut() -> T + 'static) -> Self {
        Self {
            name: name.into(),
            status: None,
            operation: Box::new(move || {
                black_box(operation());
            }),
        }
    }

    pub fn answered(self, status: Option<u16>) -> Self {
        Self { status, ..self }
    }

    pub fn run(&mut self) {
        (self.operation)();
    }

    fn time(&mut self, iterations: u32) -> f64 {
        let start = Instant::now();
        for _ in 0..iterations {
            self.run();
        }
        start.elapsed().as_nanos() as f64 / f64::from(iterations)
    }

    /// How often it runs in `slice`.
    fn calibrate(&mut self, slice: Duration) -> u32 {
        let mut iterations = 1;
        loop {
            let spent = self.time(iterations) * f64::from(iterations);
            if spent >= slice.as_nanos() as f64 || iterations >= 1 << 24 {
                return iterations;
            }
            iterations *= 2;
        }
    }
}

/// Nanoseconds per operation of each case in each round.
pub struct Times(Vec<Vec<f64>>);

impl Times {
    /// Runs all `cases` in each of `rounds` rounds, each for about `slice`.
    pub fn measure(cases: &mut [Case], rounds: usize, slice: Duration) -> Self {
        let iterations: Vec<_> = cases.iter_mut().map(|case| case.calibrate(slice)).collect();
        let mut times = vec![Vec::with_capacity(rounds); cases.len()];
        for round in 0..rounds {
            for turn in 0..cases.len() {
                // Another one begins each round.
                let index = (round + turn) % cases.len();
                times[index].push(cases[index].time(iterations[index]));
            }
        }
        Self(times)
    }

    /// The median of a case.
    pub fn of(&self, case: usize) -> f64 {
        median(self.0[case].clone())
    }

    /// The median of what a case costs over `base` in the same round.
    pub fn over(&self, case: usize, base: usize) -> f64 {
        self.paired(case, base, |case, base| case - base)
    }

    /// The median of how many times `base` a case costs in the same round.
    pub fn ratio(&self, case: usize, base: usize) -> f64 {
        self.paired(case, base, |case, base| case / base)
    }

    fn paired(&self, case: usize, base: usize, compare: impl Fn(f64, f64) -> f64) -> f64 {
        let rounds = self.0[case].iter().zip(&self.0[base]);
        median(rounds.map(|(case, base)| compare(*case, *base)).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
