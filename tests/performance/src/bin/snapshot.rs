//! What a snapshot with very many revocations takes: `snapshot 1000000`.
//!
//! A table in markdown: how many bytes each takes, how long everything takes to be read,
//! and how long a request's look-up takes meanwhile.

use std::{
    alloc::System,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use performance::web::finish;
use portcullis::{
    issue::{AccessToken, TokenIssuer, TokenShape},
    jose::Algorithm,
    session::{DynSessionStore, MemoryStore, Revocations, SessionStore},
    subject::Subject,
    time::{Clock, SharedClock},
    verify::{Status, TokenStatus, Verified},
};
use portcullis_testing::keys;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const LONGEST: Duration = Duration::from_secs(3600);

/// How many good tokens are looked up in turn.
const TOKENS: usize = 20_000;

fn main() {
    let count = std::env::args().nth(1);
    let count = count.map_or(1_000_000, |count| count.parse().expect("a number"));
    let clock = SharedClock::default();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let tokens = tokens();
    let until = clock.now().saturating_add(LONGEST);
    for number in 0..count {
        let subject = Subject::new("users", format!("somebody-{number}"));
        let id = format!("token-{number}");
        finish(store.revoke_token(&subject, &id, until)).expect("the store is there");
    }
    println!(
        "| revocations | bytes each | read in | asked about | look-ups in that time | median | p99 | p99.9 | longest |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (name, limit) in [("one by one", usize::MAX), ("hints", 0)] {
        let revocations = Revocations::new(store.clone(), clock.clone(), LONGEST)
            .sole_writer()
            .with_limit(limit);
        let region = Region::new(ALLOCATOR);
        let read = looked_up_while(&revocations, &tokens, || {
            finish(revocations.sync()).expect("the store is there");
        });
        let change = region.change();
        let latencies = read.latencies.capacity() * size_of::<u32>();
        let bytes = change.bytes_allocated - change.bytes_deallocated - latencies;
        let asked = tokens.iter().map(|token| revocations.status(token));
        let asked = asked.filter(|status| matches!(status, Status::Pending(_)));
        let asked = asked.count() as f64 / TOKENS as f64 * 100.0;
        row(&format!("{count}, {name}"), bytes / count, asked, read);
        let again = looked_up_while(&revocations, &tokens, || {
            finish(revocations.sync_thoroughly()).expect("the store is there");
        });
        row("the same, read again", bytes / count, asked, again);
        let quiet = looked_up_while(&revocations, &tokens, || {
            thread::sleep(Duration::from_secs(1));
        });
        row("the same, while nobody reads", bytes / count, asked, quiet);
    }
}

fn row(name: &str, bytes: usize, asked: f64, read: Read) {
    let mut latencies = read.latencies;
    latencies.sort_unstable();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize];
    println!(
        "| {name} | {bytes} | {} ms | {asked:.2} % | {} | {} ns | {} ns | {} ns | {} µs |",
        read.took.as_millis(),
        latencies.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0) / 1000,
    );
}

struct Read {
    took: Duration,
    /// Of each look-up, in nanoseconds.
    latencies: Vec<u32>,
}

/// Looks tokens up on another thread for as long as `work` goes on.
fn looked_up_while(revocations: &Revocations, tokens: &[Verified], work: impl FnOnce()) -> Read {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            // As many as there can be, so that none of it is allocated meanwhile.
            let mut latencies = Vec::with_capacity(1 << 25);
            for token in tokens.iter().cycle().take(latencies.capacity()) {
                let start = Instant::now();
                let status = revocations.status(token);
                latencies.push(u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX));
                drop(status);
                if over.load(Relaxed) {
                    break;
                }
            }
            latencies
        });
        let start = Instant::now();
        work();
        let took = start.elapsed();
        over.store(true, Relaxed);
        let latencies = reader.join().expect("it reads");
        Read { took, latencies }
    })
}

/// Good tokens without a session, of as many subjects.
fn tokens() -> Vec<Verified> {
    let issuer = TokenIssuer::builder(keys::signing(Algorithm::HS256))
        .shape(TokenShape::session())
        .build()
        .expect("it is complete");
    let verifier = issuer.verifier().build().expect("it is complete");
    let tokens = (0..TOKENS).map(|number| {
        let subject = Subject::new("users", format!("user-{number}"));
        let issued = issuer.access(&AccessToken::new(&subject)).expect("signs");
        let token = verifier.verify_now(issued.token().expose().as_bytes());
        token.expect("it is good")
    });
    tokens.collect()
}
