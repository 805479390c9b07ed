//! How many refreshes each session store takes, beside what the store itself can do; what
//! a session costs; how fast a revocation reaches another node; logins; and what it costs
//! to forget very many sessions.
//!
//! ```sh
//! cargo run --release -p stores-bench                          # everything
//! cargo run --release -p stores-bench -- sqlite redis          # of these two
//! cargo run --release -p stores-bench -- --figure beside --rows 1000 postgres
//! ```
//!
//! The servers are those of the tests: `PORTCULLIS_TEST_POSTGRES` and
//! `PORTCULLIS_TEST_REDIS`.
//!
//! * **refreshes**: what an endpoint does without its HTTP: the access token is signed, the
//!   refresh token is exchanged in the store and its successor made.
//! * **beside**: generations advanced in the store alone, each of a session chosen at
//!   random; in turns with the store's own rate of changing one row as wide by its key.
//!   Grace 0, so that nothing rests. Of some rounds the medians, and the ratio of each.
//!   How much of a processor each takes, here and on a server of this machine that has
//!   nothing else to do, and how much of its log (WAL, or the append-only file).
//! * **logins**: tickets, whose numbers come from one row or key, and sessions.
//! * **purge**: sessions that are over go batch by batch, without a pause, while others are
//!   refreshed.

mod beside;
mod load;
mod logins;
mod measure;
mod meter;
mod places;
mod purge;
mod rows;

use std::{error::Error, time::Duration};

use clap::{Parser, ValueEnum};

use self::{
    beside::Rounds,
    measure::{bytes_per_session, refreshes, revocations},
    places::Place,
};

/// How many clients refresh at once, each its own session.
const CLIENTS: [usize; 3] = [1, 16, 64];

/// How many sessions are weighed.
const SESSIONS: u32 = 5_000;

/// How many revocations are timed.
const REVOCATIONS: u32 = 40;

type Failure = Box<dyn Error + Send + Sync>;
type Result<T, E = Failure> = std::result::Result<T, E>;

/// Measures session stores.
#[derive(Debug, Parser)]
struct Arguments {
    /// The stores: memory, sqlite, postgres, redis; all of them unless some are named
    #[arg(value_parser = NAMES)]
    store: Vec<String>,

    /// What is measured; everything unless something is named
    #[arg(long, value_delimiter = ',')]
    figure: Vec<Figure>,

    /// How many sessions there are beside the store's own rate
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 1_000_000])]
    rows: Vec<u64>,

    /// How many sessions are forgotten
    #[arg(long, default_value_t = 1_000_000)]
    purged: u64,

    /// How many clients there are beside the store's own rate, at logins and purges
    #[arg(long, default_value_t = 16)]
    clients: u64,

    /// How often both are measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// For how many seconds each time
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Figure {
    Refreshes,
    Beside,
    Logins,
    Purge,
}

const NAMES: [&str; 4] = ["memory", "sqlite", "postgres", "redis"];

impl Arguments {
    fn stores(&self) -> impl Iterator<Item = &'static str> {
        let is_wanted = |name: &&str| self.store.is_empty() || self.store.iter().any(|w| w == name);
        NAMES.into_iter().filter(is_wanted)
    }

    fn wants(&self, figure: Figure) -> bool {
        self.figure.is_empty() || self.figure.contains(&figure)
    }

    fn span(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.wants(Figure::Refreshes) {
        all_refreshes(&arguments).await?;
    }
    if arguments.wants(Figure::Beside) {
        all_beside(&arguments).await?;
    }
    if arguments.wants(Figure::Logins) {
        all_logins(&arguments).await?;
    }
    if arguments.wants(Figure::Purge) {
        all_purges(&arguments).await?;
    }
    Ok(())
}

async fn all_refreshes(arguments: &Arguments) -> Result<()> {
    println!("| store | clients | refreshes/s | median | 99th percentile |");
    println!("|---|---|---|---|---|");
    let mut places = Vec::new();
    for name in arguments.stores() {
        let Some(place) = Place::new(name).await? else {
            continue;
        };
        // First, before anything is freed that new sessions could take.
        let bytes = bytes_per_session(&place, SESSIONS).await?;
        for clients in CLIENTS {
            let rate = refreshes(&place, clients, arguments.span()).await?;
            println!(
                "| {} | {clients} | {:.0} | {:.2} ms | {:.2} ms |",
                place.name(),
                rate.per_second,
                millis(rate.median),
                millis(rate.percentile_99)
            );
        }
        places.push((place, bytes));
    }
    println!("\n| store | bytes per session | a revocation arrives: median | at most |");
    println!("|---|---|---|---|");
    for (place, bytes) in places {
        let name = place.name();
        match revocations(&place, REVOCATIONS).await? {
            Some((median, most)) => {
                let (median, most) = (millis(median), millis(most));
                println!("| {name} | {bytes} | {median:.1} ms | {most:.1} ms |");
            }
            None => println!("| {name} | {bytes} | | |"),
        }
        place.remove().await?;
    }
    Ok(())
}

async fn all_beside(arguments: &Arguments) -> Result<()> {
    let rounds = Rounds {
        clients: arguments.clients,
        rounds: arguments.rounds,
        span: arguments.span(),
    };
    println!("\nThe store's own rate:");
    for command in beside::commands(rounds) {
        println!("* {command}");
    }
    println!(
        "\n| store | rows | bytes of each | clients | generations/s | its own rate | ratio | a generation \
         takes: here + on the server, of its log | and its own |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for name in arguments.stores().filter(|&name| name != "memory") {
        for &rows in &arguments.rows {
            if let Some(place) = Place::new(name).await? {
                beside::beside(&place, rows, rounds).await?;
                place.remove().await?;
            }
        }
    }
    Ok(())
}

async fn all_logins(arguments: &Arguments) -> Result<()> {
    println!("\n| store | clients | tickets/s | logins/s | 99th percentile |");
    println!("|---|---|---|---|---|");
    for name in arguments.stores() {
        if let Some(place) = Place::new(name).await? {
            let (clients, span) = (arguments.clients, arguments.span());
            let (tickets, logins) = logins::logins(&place, clients, span).await?;
            println!(
                "| {} | {clients} | {:.0} | {:.0} | {:.2} ms |",
                place.name(),
                tickets.per_second,
                logins.per_second,
                millis(logins.percentile_99)
            );
            place.remove().await?;
        }
    }
    Ok(())
}

async fn all_purges(arguments: &Arguments) -> Result<()> {
    println!(
        "\n| store | rows forgotten | in | longest batch | refreshes/s before | and meanwhile | \
         99th percentile before | and meanwhile |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for name in arguments.stores() {
        let Some(place) = Place::new(name).await? else {
            continue;
        };
        let (rows, clients) = (arguments.purged, arguments.clients);
        if let Some(purged) = purge::purge(&place, rows, clients, arguments.span()).await? {
            println!(
                "| {} | {} | {:.1} s | {:.0} ms | {:.0} | {:.0} | {:.2} ms | {:.2} ms |",
                place.name(),
                purged.rows,
                purged.took.as_secs_f64(),
                millis(purged.longest),
                purged.before.per_second,
                purged.meanwhile.per_second,
                millis(purged.before.percentile_99),
                millis(purged.meanwhile.percentile_99)
            );
        }
        place.remove().await?;
    }
    Ok(())
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
