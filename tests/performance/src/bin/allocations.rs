//! Counts the allocations of every row: `title`, `algorithm`, `row`, count and
//! bytes, separated by tabs.

use std::alloc::System;

use performance::{
    cases,
    fixture::{ALGORITHMS, Fixture},
    measure::Case,
    tables,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TIMES: usize = 64;
const SESSIONS: usize = 20_000;

fn main() {
    for algorithm in ALGORITHMS {
        let fixture = Fixture::new(algorithm);
        for table in tables::all(&fixture) {
            for mut case in table.cases {
                let count = allocations(&mut case);
                println!(
                    "{}\t{}\t{}\t{count}",
                    table.title,
                    fixture.name(),
                    case.name
                );
            }
        }
    }
    for table in tables::others() {
        for mut case in table.cases {
            let count = allocations(&mut case);
            println!("{}\t-\t{}\t{count}", table.title, case.name);
        }
    }
    let region = Region::new(ALLOCATOR);
    let sessions = cases::sessions::fill(SESSIONS);
    let change = region.change();
    let live = change
        .bytes_allocated
        .saturating_sub(change.bytes_deallocated)
        / SESSIONS;
    println!("Sessions\t-\tbytes of a session in the memory store\t{live}");
    drop(sessions);
}

/// Allocations and reallocations of one operation.
fn allocations(case: &mut Case) -> usize {
    (0..TIMES).for_each(|_| case.run());
    let region = Region::new(ALLOCATOR);
    (0..TIMES).for_each(|_| case.run());
    let change = region.change();
    (change.allocations + change.reallocations).div_ceil(TIMES)
}
