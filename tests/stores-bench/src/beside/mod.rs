//! Generations advanced, beside the rate at which the store does as little as can be: one
//! row of the same width changed by its key.

mod postgres;
mod redis;
mod sqlite;

use std::{sync::Arc, time::Duration};

use portcullis::session::DynSessionStore;

use crate::{
    Result,
    load::{Rate, choose, drive, median, settle},
    meter::{Meter, Spent},
    places::Place,
    rows::Rows,
};

/// How it is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) clients: u64,
    pub(crate) rounds: usize,
    pub(crate) span: Duration,
}

/// What the store's own rate is measured with.
pub(crate) fn commands(rounds: Rounds) -> [String; 3] {
    [
        postgres::command(rounds),
        sqlite::command(),
        redis::command(),
    ]
}

/// What does as little as can be.
enum Bare {
    Postgres(postgres::Bare),
    Sqlite(sqlite::Bare),
    Redis(redis::Bare),
}

impl Bare {
    async fn rate(&self, rounds: Rounds, rows: u64, round: usize) -> Result<f64> {
        match self {
            Self::Postgres(bare) => bare.rate(rounds, rows).await,
            Self::Sqlite(bare) => bare.rate(rounds, rows, round).await,
            Self::Redis(bare) => bare.rate(rounds, rows, round).await,
        }
    }
}

/// Fills a place with sessions and measures both, in turns.
pub(crate) async fn beside(place: &Place, count: u64, rounds: Rounds) -> Result<()> {
    // Makes what a store without sessions has.
    place.store(1).await?;
    let empty = place.size().await?;
    let rows = Arc::new(Rows::fill(place, count).await?);
    let bytes = place.size().await?.saturating_sub(empty) / count;
    let bare = match place {
        Place::Memory(_) => return Ok(()),
        Place::Postgres { .. } => Bare::Postgres(postgres::Bare::new(place).await?),
        Place::Sqlite(_) => Bare::Sqlite(sqlite::Bare::new(place).await?),
        Place::Redis { .. } => Bare::Redis(redis::Bare::new(place, count).await?),
    };
    let (mut own, mut others, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut own_spent, mut others_spent) = (Vec::new(), Vec::new());
    let seconds = rounds.span.as_secs_f64();
    // Connected, and its statements prepared, before it is timed.
    let store = place.store(u32::try_from(rounds.clients)?).await?;
    let warming = Rounds {
        span: Duration::from_millis(500),
        ..rounds
    };
    advance(&store, &rows, warming, rounds.rounds).await?;
    for round in 0..rounds.rounds {
        let (mut ours, mut theirs) = (0.0, 0.0);
        // Each goes first as often as the other.
        for is_own in [round % 2 == 0, round % 2 == 1] {
            settle().await;
            let begun = Meter::read(place).await?;
            let rate = match is_own {
                true => advance(&store, &rows, rounds, round).await?.per_second,
                false => bare.rate(rounds, rows.count(), round).await?,
            };
            let spent = Meter::read(place).await?.since(begun, rate * seconds);
            if is_own {
                ours = rate;
                own_spent.push(spent);
            } else {
                theirs = rate;
                others_spent.push(spent);
            }
        }
        own.push(ours);
        others.push(theirs);
        ratios.push(ours / theirs);
    }
    let spread = |numbers: &[f64]| {
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let most = numbers.iter().copied().fold(0.0, f64::max);
        format!("{least:.2} to {most:.2}")
    };
    println!(
        "| {} | {count} | {bytes} | {} | {:.0} | {:.0} | {:.2} ({}) | {} | {} |",
        place.name(),
        rounds.clients,
        median(own),
        median(others),
        median(ratios.clone()),
        spread(&ratios),
        spent(&own_spent),
        spent(&others_spent),
    );
    Ok(())
}

/// The medians: here, on the server, and of its log.
fn spent(rounds: &[Spent]) -> String {
    let middle = |of: fn(&Spent) -> f64| median(rounds.iter().map(of).collect());
    format!(
        "{:.0} µs + {:.0} µs, {:.0} B",
        middle(|spent| spent.client),
        middle(|spent| spent.server),
        middle(|spent| spent.log)
    )
}

/// Generations advanced per second, each of a session chosen at random.
async fn advance(
    store: &DynSessionStore,
    rows: &Arc<Rows>,
    how: Rounds,
    round: usize,
) -> Result<Rate> {
    let (store, rows) = (store.clone(), rows.clone());
    // Another order in each round.
    let first = round as u64 * 1_000_003;
    drive(how.clients, how.span, move |client, turn| {
        let (store, rows) = (store.clone(), rows.clone());
        async move {
            let number = choose(client, how.clients, first + turn, rows.count());
            rows.advance(&store, number).await
        }
    })
    .await
}
