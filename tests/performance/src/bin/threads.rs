//! Measures what two threads do at once and writes the table in markdown. The
//! argument is how many rounds to run.

use std::time::Duration;

use performance::{
    fixture::{ALGORITHMS, Fixture},
    measure::{Rounds, turns},
    page::Page,
    threads,
};

/// Long beside the time it takes to wake a thread.
const SLICE: Duration = Duration::from_millis(4);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds = std::env::args().nth(1);
    let rounds = rounds.map_or(Ok(200), |text| text.parse())?;
    let mut page = Page::new("Two threads at once");
    for algorithm in ALGORITHMS {
        let fixture = Fixture::new(algorithm);
        let rows = threads::rows(&fixture);
        let iterations: Vec<_> = rows.iter().map(|row| row.calibrate(SLICE)).collect();
        let mut ratios = Rounds::new(rows.len());
        for row in turns(rows.len(), rounds) {
            ratios.push(row, rows[row].speed_up(iterations[row]));
        }
        for (index, row) in rows.iter().enumerate() {
            let cell = format!("{:.2}", ratios.of(index));
            page.set(row.name, fixture.name(), cell);
        }
    }
    println!("{page}");
    Ok(())
}
