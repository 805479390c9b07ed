//! Times every row and writes the tables in markdown. The first argument is
//! the file that `allocations` wrote, the second how many rounds to run.

use std::{collections::HashMap, fs, time::Duration};

use performance::{
    fixture::{ALGORITHMS, Fixture},
    measure::Times,
    tables::{self, Reading, Table},
};

/// Short enough to fit between two interruptions.
const SLICE: Duration = Duration::from_micros(400);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("name the file of allocations")?;
    let rounds = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let allocations = fs::read_to_string(file)?;

    let mut pages: Vec<Page> = Vec::new();
    let mut names = Vec::new();
    for algorithm in ALGORITHMS {
        let fixture = Fixture::new(algorithm);
        names.push(fixture.name());
        for table in tables::all(&fixture) {
            measure(table, fixture.name(), rounds, &mut pages);
        }
    }
    names.push("-");
    for table in tables::others() {
        measure(table, "-", rounds, &mut pages);
    }

    for page in &pages {
        page.write(&names, &Allocations::parse(&allocations));
    }
    for line in allocations
        .lines()
        .filter(|line| line.contains("\tbytes of"))
    {
        let cells: Vec<_> = line.split('\t').skip(2).collect();
        println!("\n{}: {}", cells[0], cells[1]);
    }
    Ok(())
}

/// A table of all algorithms.
struct Page {
    title: &'static str,
    rows: Vec<(String, HashMap<&'static str, String>)>,
}

fn measure(mut table: Table, algorithm: &'static str, rounds: usize, pages: &mut Vec<Page>) {
    let times = Times::measure(&mut table.cases, rounds, SLICE);
    let page = match pages.iter_mut().position(|page| page.title == table.title) {
        Some(index) => &mut pages[index],
        None => {
            pages.push(Page {
                title: table.title,
                rows: Vec::new(),
            });
            let last = pages.len() - 1;
            &mut pages[last]
        }
    };
    for (index, case) in table.cases.iter().enumerate() {
        let cell = match table.reading {
            _ if index == 0 => format!("{:.0}", times.of(index)),
            Reading::Absolute => format!("{:.0} ({:.2})", times.of(index), times.ratio(index, 0)),
            Reading::Over => format!("{:+.0}", times.over(index, 0)),
        };
        match page.rows.iter_mut().find(|row| row.0 == case.name) {
            Some(row) => {
                row.1.insert(algorithm, cell);
            }
            None => page
                .rows
                .push((case.name.clone(), [(algorithm, cell)].into())),
        }
    }
}

struct Allocations<'a>(HashMap<(&'a str, &'a str, &'a str), &'a str>);

impl<'a> Allocations<'a> {
    fn parse(text: &'a str) -> Self {
        let cells = text.lines().filter_map(|line| {
            let mut cells = line.split('\t');
            let key = (cells.next()?, cells.next()?, cells.next()?);
            Some((key, cells.next()?))
        });
        Self(cells.collect())
    }
}

impl Page {
    fn write(&self, names: &[&'static str], allocations: &Allocations<'_>) {
        let columns: Vec<_> = names
            .iter()
            .filter(|name| self.rows.iter().any(|row| row.1.contains_key(*name)))
            .collect();
        println!("\n### {}\n", self.title);
        print!("| |");
        columns
            .iter()
            .for_each(|name| print!(" {} |", name.replace('-', "ns")));
        println!(" allocations |");
        println!("|---|{}---:|", "---:|".repeat(columns.len()));
        for (row, cells) in &self.rows {
            print!("| {row} |");
            for name in &columns {
                print!(" {} |", cells.get(**name).map_or("", String::as_str));
            }
            let counts = columns
                .iter()
                .filter_map(|name| allocations.0.get(&(self.title, **name, row.as_str())));
            let mut counts: Vec<_> = counts.copied().collect();
            counts.dedup();
            println!(" {} |", counts.join(" / "));
        }
    }
}
