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

    // By its name callgrind tells what is measured from what is set up.
    #[inline(never)]
    pub fn run(&mut self) {
        (self.operation)();
    }

    /// Nanoseconds of one of `iterations` operations.
    pub fn time(&mut self, iterations: u32) -> f64 {
        let start = Instant::now();
        for _ in 0..iterations {
            self.run();
        }
        start.elapsed().as_nanos() as f64 / f64::from(iterations)
    }

    /// How often it runs in `slice`.
    pub fn calibrate(&mut self, slice: Duration) -> u32 {
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

/// The index of each of `rows` once a round, another one first each time.
pub fn turns(rows: usize, rounds: usize) -> impl Iterator<Item = usize> {
    (0..rounds).flat_map(move |round| (0..rows).map(move |turn| (round + turn) % rows))
}

/// What was measured of each row in each round.
pub struct Rounds(Vec<Vec<f64>>);

impl Rounds {
    pub fn new(rows: usize) -> Self {
        Self(vec![Vec::new(); rows])
    }

    /// Nanoseconds per operation of all `cases`, each running for about
    /// `slice` in each of `rounds` rounds.
    pub fn time(cases: &mut [Case], rounds: usize, slice: Duration) -> Self {
        let iterations: Vec<_> = cases.iter_mut().map(|case| case.calibrate(slice)).collect();
        let mut times = Self::new(cases.len());
        for row in turns(cases.len(), rounds) {
            times.push(row, cases[row].time(iterations[row]));
        }
        times
    }

    pub fn push(&mut self, row: usize, value: f64) {
        self.0[row].push(value);
    }

    /// The median of a row.
    pub fn of(&self, row: usize) -> f64 {
        median(self.0[row].clone())
    }

    /// The median of what a row is over `base` in the same round.
    pub fn over(&self, row: usize, base: usize) -> f64 {
        self.paired(row, base, |row, base| row - base)
    }

    /// The median of how many times `base` a row is in the same round.
    pub fn ratio(&self, row: usize, base: usize) -> f64 {
        self.paired(row, base, |row, base| row / base)
    }

    fn paired(&self, row: usize, base: usize, compare: impl Fn(f64, f64) -> f64) -> f64 {
        let rounds = self.0[row].iter().zip(&self.0[base]);
        median(rounds.map(|(row, base)| compare(*row, *base)).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
