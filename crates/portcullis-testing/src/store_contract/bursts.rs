//! What unmodified clients do: several calls at once, each of which refreshes
//! upon its 401 with the token that is there at that moment, without a lock, and
//! keeps what it is answered.

use std::{collections::BTreeMap, time::Duration};

use portcullis::session::{RotationOutcome, SessionRecord, SessionStore};

use super::bench::{Bench, Dice, GRACE, at_once, attempt};

/// Where tokens do not rest, a quarter of them is lost.
const SESSIONS: usize = 1000;

/// How many calls a client makes at once.
const CALLS: [u64; 3] = [4, 8, 16];

/// How many clients at most ask the store at once, before and after the bursts.
const AT_ONCE: usize = 20;

/// Within how many milliseconds all bursts begin.
const SPREAD: u64 = 1000;

/// None of a thousand sessions is lost, with 10 to 60 ms each way, whatever
/// overtakes what.
pub async fn clients_without_a_lock_are_not_logged_out(bench: &Bench) {
    let mut clients = clients(bench, SESSIONS).await;
    let mut dice = Dice::new(1);
    let mut events = Events::default();
    for (client, calls) in (0..clients.len()).zip(CALLS.into_iter().cycle()) {
        let start = dice.roll(SPREAD);
        for _ in 0..calls {
            // The call itself, and its 401.
            let refused = start + dice.roll(5) + way(&mut dice) + way(&mut dice);
            events.at(refused, Event::Unauthorized { client });
        }
    }
    let start = bench.now();
    let mut lost = BTreeMap::new();
    while let Some((now, due)) = events.0.pop_first() {
        bench
            .clock
            .set(start.saturating_add(Duration::from_millis(now)));
        let mut arriving = Vec::new();
        for event in due {
            match event {
                Event::Unauthorized { client } => {
                    let generation = clients[client].token;
                    let sent = Event::Refresh { client, generation };
                    events.at(now + way(&mut dice), sent);
                }
                Event::Refresh { client, generation } => arriving.push((client, generation)),
                Event::Answer { client, generation } => clients[client].take(generation),
            }
        }
        let outcomes = at_once(arriving.into_iter().map(|(client, generation)| {
            let attempt = attempt(&clients[client].session, generation);
            let store = bench.store.clone();
            async move {
                let outcome = store.rotate(&attempt).await.expect("the store rotates");
                (client, generation, outcome)
            }
        }));
        for (client, presented, outcome) in outcomes.await {
            match outcome.successor() {
                Some(next) => {
                    let generation = next.generation;
                    events.at(now + way(&mut dice), Event::Answer { client, generation });
                }
                None => drop(lost.entry(client).or_insert((presented, outcome))),
            }
        }
    }
    assert!(
        lost.is_empty(),
        "{} of {SESSIONS} lost: {lost:?}",
        lost.len()
    );
    go_on(bench, &clients).await;
}

/// After the burst each client has a token that it can go on with.
async fn go_on(bench: &Bench, clients: &[Client]) {
    bench.pass(GRACE);
    for some in clients.chunks(AT_ONCE) {
        let outcomes = at_once(some.iter().map(|client| {
            let (store, attempt) = (bench.store.clone(), attempt(&client.session, client.token));
            async move { store.rotate(&attempt).await.expect("the store rotates") }
        }));
        for outcome in outcomes.await {
            assert!(
                matches!(&outcome, RotationOutcome::Rotated(next) if next.generation == 2),
                "{outcome:?}"
            );
        }
    }
}

/// How long a message is on its way, in milliseconds.
fn way(dice: &mut Dice) -> u64 {
    10 + dice.roll(51)
}

enum Event {
    /// A call is told that its access token has expired.
    Unauthorized { client: usize },
    /// A refresh reaches the server.
    Refresh { client: usize, generation: u64 },
    /// Its answer reaches the client.
    Answer { client: usize, generation: u64 },
}

/// What happens when, in milliseconds.
#[derive(Default)]
struct Events(BTreeMap<u64, Vec<Event>>);

impl Events {
    fn at(&mut self, time: u64, event: Event) {
        self.0.entry(time).or_default().push(event);
    }
}

struct Client {
    session: SessionRecord,
    /// The generation of the refresh token that it has.
    token: u64,
    /// Whether the last answer counts, whatever it is, or the first one.
    takes_the_last: bool,
}

impl Client {
    fn take(&mut self, generation: u64) {
        if self.takes_the_last || self.token == 0 {
            self.token = generation;
        }
    }
}

async fn clients(bench: &Bench, count: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..count / AT_ONCE {
        let opened = at_once((0..AT_ONCE).map(|_| {
            let bench = bench.clone();
            async move { bench.open().await }
        }));
        for session in opened.await {
            clients.push(Client {
                session,
                token: 0,
                takes_the_last: clients.len() % 2 == 0,
            });
        }
    }
    clients
}
