//! How many refreshes each session store takes, what a session costs, and how
//! fast a revocation reaches another node.
//!
//! ```sh
//! cargo run --release -p stores-bench                  # every store there is
//! cargo run --release -p stores-bench -- sqlite redis  # these two
//! ```
//!
//! The servers are those of the tests: `PORTCULLIS_TEST_POSTGRES` and
//! `PORTCULLIS_TEST_REDIS`. A refresh is what an endpoint does without its HTTP:
//! the access token is signed, the refresh token is exchanged in the store and
//! its successor made.

mod measure;
mod places;

use std::{env, error::Error, time::Duration};

use self::{
    measure::{bytes_per_session, refreshes, revocations},
    places::Place,
};

/// How many clients refresh at once, each its own session.
const CLIENTS: [usize; 3] = [1, 16, 64];

/// For how long they do.
const SPAN: Duration = Duration::from_secs(5);

/// How many sessions are weighed.
const SESSIONS: u32 = 5_000;

/// How many revocations are timed.
const REVOCATIONS: u32 = 40;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> Result<()> {
    let wanted: Vec<_> = env::args().skip(1).collect();
    println!("| store | clients | refreshes/s | median | 99th percentile |");
    println!("|---|---|---|---|---|");
    let mut places = Vec::new();
    for name in ["memory", "sqlite", "postgres", "redis"] {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let Some(place) = Place::new(name).await? else {
            continue;
        };
        // First, before anything is freed that new sessions could take.
        let bytes = bytes_per_session(&place, SESSIONS).await?;
        for clients in CLIENTS {
            let rate = refreshes(&place, clients, SPAN).await?;
            println!(
                "| {name} | {clients} | {:.0} | {:.2} ms | {:.2} ms |",
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

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
