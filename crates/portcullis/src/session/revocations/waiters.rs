//! Who waits for a change of the snapshot.
//!
//! Woken is only whom a change may concern, so that a log-out costs nothing for
//! the many connections of others. Requests do not come here.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::name::{Name, TokenNames};

/// Those who wait, by what they wait for.
#[derive(Default)]
pub(super) struct Waiters(Mutex<Table>);

#[derive(Default)]
struct Table {
    /// By what a token can be revoked by, and number of the waiting.
    waiting: BTreeMap<(Name, u64), Arc<Waiting>>,
    next: u64,
}

impl Waiters {
    /// Resolves when something has changed about a token since this was called.
    pub(super) fn wait(self: &Arc<Self>, token: TokenNames<'_>) -> Change {
        let names = [
            token.session(),
            token.session_elsewhere(),
            token.token(),
            token.application_token(),
            token.subject(),
        ];
        let names: Vec<_> = names.into_iter().flatten().collect();
        let waiting = Arc::<Waiting>::default();
        let mut table = self.table();
        let number = table.next;
        table.next = number.wrapping_add(1);
        for name in &names {
            table.waiting.insert((*name, number), waiting.clone());
        }
        drop(table);
        Change {
            waiters: self.clone(),
            names,
            number,
            waiting,
        }
    }

    /// Wakes those whom a change of `names` concerns, once it is in the snapshot; or
    /// everyone. No lock may be held.
    pub(super) fn wake(&self, names: impl IntoIterator<Item = Name>, everyone: bool) {
        let table = self.table();
        if table.waiting.is_empty() {
            return;
        }
        let woken: Vec<_> = if everyone {
            table.waiting.values().cloned().collect()
        } else {
            let of = |name| table.waiting.range((name, 0)..=(name, u64::MAX));
            let found = names.into_iter().flat_map(of);
            found.map(|(_, waiting)| waiting.clone()).collect()
        };
        drop(table);
        woken.iter().for_each(|waiting| waiting.wake());
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.table().waiting.len()
    }
}

#[derive(Default)]
struct Waiting(Mutex<State>);

#[derive(Default)]
struct State {
    is_over: bool,
    waker: Option<Waker>,
}

impl Waiting {
    fn wake(&self) {
        let mut state = self.state();
        state.is_over = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wait for a change; whoever drops it waits no longer.
pub(super) struct Change {
    waiters: Arc<Waiters>,
    names: Vec<Name>,
    number: u64,
    waiting: Arc<Waiting>,
}

impl Future for Change {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.waiting.state();
        if state.is_over {
            return Poll::Ready(());
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => state.waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        let mut table = self.waiters.table();
        for name in &self.names {
            table.waiting.remove(&(*name, self.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::AtomicI64, sync::atomic::Ordering::Relaxed, task::Waker, time::Duration,
    };

    use proptest::prelude::*;

    use super::*;
    use crate::{
        session::{
            DynSessionStore, MemoryStore, Revocation, RevocationReason, Revocations, SessionId,
        },
        subject::Subject,
        time::{Clock, SharedClock, Timestamp},
        verify::{Status, TokenStatus, Verified},
    };

    #[derive(Clone)]
    struct Hand(Arc<AtomicI64>);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Relaxed))
        }
    }

    const START: i64 = 1_000_000_000;

    fn snapshot(clock: &Hand) -> Revocations {
        let clock = SharedClock::new(clock.clone());
        let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
        let longest = Duration::from_secs(900);
        Revocations::new(store, clock, longest).sole_writer()
    }

    fn is_over(change: &mut Change) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(change).poll(&mut context).is_ready()
    }

    #[test]
    fn whoever_waits_no_longer_leaves_nothing_behind() {
        let revocations = snapshot(&Hand(Arc::new(AtomicI64::new(START))));
        let token = Verified::for_test(r#"{"sub":"s","sid":"i","jti":"j","iss":"x"}"#);
        let waiters = &revocations.waiters;
        let names = revocations.shared.names.of_token(&token);
        let changes = [(); 3].map(|()| waiters.wait(names));
        assert_eq!(waiters.len(), 3 * 5);
        drop(changes);
        assert_eq!(waiters.len(), 0);
    }

    const NAMES: [&str; 3] = [
        "936da01f-9abd-4d9d-80c7-02af85c822a8",
        "0b6d7e0f-5c59-4f4a-8f53-4f5e3b2a7c11",
        "f2b7c1f0-0a0e-4c67-9a5e-6a5f0c6c9d22",
    ];

    /// What is revoked: a kind, names, and how much later than the last.
    type Event = (u8, usize, usize, i64);

    fn revocation((kind, id, subject, _): Event, at: Timestamp) -> Revocation {
        let realm = ["users", "others", "\u{1}https://issuer.example"][kind as usize % 3];
        let subject = Subject::new(realm, NAMES[subject]);
        let id = NAMES[id];
        match kind {
            0 | 1 => Revocation::Session {
                id: SessionId::parse(id).unwrap(),
                subject,
                at,
                reason: RevocationReason::Logout,
            },
            2..=5 => Revocation::Token {
                id: id.to_owned(),
                subject,
                at,
                until: at.saturating_add(Duration::from_secs(60)),
            },
            6 | 7 => Revocation::Subject { subject, at },
            _ => Revocation::ApplicationToken {
                id: id.to_owned(),
                at,
            },
        }
    }

    /// Tokens with and without each claim, of own and other issuers.
    fn tokens() -> Vec<Verified> {
        let mut tokens = Vec::new();
        for (number, name) in NAMES.iter().enumerate() {
            for claims in [
                format!(r#""jti":"{name}""#),
                format!(r#""sid":"{name}""#),
                format!(r#""sid":"{name}","iss":"https://issuer.example""#),
                r#""iss":"https://issuer.example""#.to_owned(),
            ] {
                let subject = NAMES[(number + 1) % 3];
                let issued_at = START / 1000;
                let all = format!(
                    r#"{{"sub":"{subject}","iat":{issued_at},"exp":{},{claims}}}"#,
                    issued_at + 900
                );
                tokens.push(Verified::for_test(&all));
                tokens.push(Verified::for_test(&all).of_own_issuer());
                tokens.push(Verified::for_test(&all).in_realm("others"));
                let application = all.replace("\"exp\"", "\"x\"");
                tokens.push(Verified::for_test(&application));
            }
        }
        tokens
    }

    fn shown(status: &Status) -> String {
        format!("{status:?}")
    }

    proptest! {
        /// Whoever waits hears of every change of a status for the worse, however
        /// small the tables are.
        #[test]
        fn nothing_changes_unheard(
            events in proptest::collection::vec((0..9_u8, 0..3_usize, 0..3_usize, 0..3_000_i64), 1..30),
            limit in 0..4_usize,
        ) {
            let clock = Hand(Arc::new(AtomicI64::new(START)));
            let revocations = snapshot(&clock).with_limit(limit);
            revocations.shared.heard.store(START, Relaxed);
            let tokens = tokens();
            for event in events {
                clock.0.fetch_add(event.3, Relaxed);
                let waiting: Vec<_> = tokens
                    .iter()
                    .map(|token| {
                        let names = revocations.shared.names.of_token(token);
                        let change = revocations.waiters.wait(names);
                        (token, change, shown(&revocations.status(token)))
                    })
                    .collect();
                revocations.apply(revocation(event, clock.now()));
                for (token, mut change, before) in waiting {
                    let after = shown(&revocations.status(token));
                    prop_assert!(
                        before == after || after != "Revoked" || is_over(&mut change),
                        "{token:?}: {before}, {after}"
                    );
                }
            }
        }
    }
}
