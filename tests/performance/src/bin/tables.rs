//! Times every row and writes the tables in markdown. The first argument is
//! the file that `allocations` wrote, the second how many rounds to run.

use std::{fs, time::Duration};

use performance::{
    fixture::{ALGORITHMS, Fixture},
    measure::Rounds,
    page::Page,
    tables::{self, Reading, Table},
};

/// Short enough to fit between two interruptions.
const SLICE: Duration = Duration::from_micros(400);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("name the file of allocations")?;
    let rounds = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let allocations = fs::read_to_string(file)?;

    let mut pages = Vec::new();
    for algorithm in ALGORITHMS {
        let fixture = Fixture::new(algorithm);
        for table in tables::all(&fixture) {
            let page = Page::of(&mut pages, table.title);
            measure(table, fixture.name(), rounds, page);
        }
    }
    for table in tables::others() {
        let page = Page::of(&mut pages, table.title);
        measure(table, "ns", rounds, page);
    }

    let mut notes = Vec::new();
    for line in allocations.lines() {
        let cells: Vec<_> = line.split('\t').collect();
        let [title, _, row, count] = cells[..] else {
            return Err(format!("not a line of allocations: {line}").into());
        };
        if row.starts_with("bytes of") {
            notes.push(format!("{row}: {count}"));
        } else {
            Page::of(&mut pages, title).append(row, "allocations", count);
        }
    }
    for page in pages {
        println!("{page}");
    }
    println!("{}", notes.join("\n"));
    Ok(())
}

fn measure(mut table: Table, column: &str, rounds: usize, page: &mut Page) {
    let times = Rounds::time(&mut table.cases, rounds, SLICE);
    for (index, case) in table.cases.iter().enumerate() {
        let cell = match table.reading {
            _ if index == 0 => format!("{:.0}", times.of(index)),
            Reading::Absolute => format!("{:.0} ({:.2})", times.of(index), times.ratio(index, 0)),
            Reading::Over => format!("{:+.0}", times.over(index, 0)),
        };
        page.set(&case.name, column, cell);
    }
}
