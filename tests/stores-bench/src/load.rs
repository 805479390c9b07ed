//! Clients that do one thing as often as they can.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use crate::{Failure, Result};

/// How fast it went.
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) median: Duration,
    pub(crate) percentile_99: Duration,
}

/// Lets each client call `act` with its own number and how often it has called, for so
/// long.
pub(crate) async fn drive<F>(
    clients: u64,
    span: Duration,
    act: impl Fn(u64, u64) -> F + Clone + Send + 'static,
) -> Result<Rate>
where
    F: Future<Output = Result<()>> + Send,
{
    let start = Instant::now();
    drive_until(clients, move || start.elapsed() >= span, act).await
}

/// The same, until something is over.
pub(crate) async fn drive_until<F>(
    clients: u64,
    is_over: impl Fn() -> bool + Clone + Send + 'static,
    act: impl Fn(u64, u64) -> F + Clone + Send + 'static,
) -> Result<Rate>
where
    F: Future<Output = Result<()>> + Send,
{
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for client in 0..clients {
        let (act, is_over) = (act.clone(), is_over.clone());
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while !is_over() {
                let asked = Instant::now();
                act(client, latencies.len() as u64).await?;
                latencies.push(asked.elapsed());
            }
            Ok::<_, Failure>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(task) = tasks.join_next().await {
        latencies.extend(task??);
    }
    let elapsed = start.elapsed();
    latencies.sort_unstable();
    Ok(Rate {
        per_second: latencies.len() as f64 / elapsed.as_secs_f64(),
        median: part(&latencies, 50),
        percentile_99: part(&latencies, 99),
    })
}

/// So many percent of them took no longer.
fn part(latencies: &[Duration], percent: usize) -> Duration {
    let at = latencies.len() * percent / 100;
    latencies.get(at).copied().unwrap_or_default()
}

/// A row of so many, as if chosen at random, that belongs to one client alone.
pub(crate) fn choose(client: u64, clients: u64, turn: u64, rows: u64) -> u64 {
    let own = (rows / clients).max(1);
    // SplitMix64's finish.
    let mut z = (turn + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ client;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    client + clients * ((z ^ (z >> 31)) % own) + 1
}

/// The middle one.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Lets what was written settle, so that the next measurement does not pay for it.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(500)).await;
}
