//! Who waits for a change of the snapshot.
//!
//! Woken is only whom a change may concern, so that a log-out costs nothing for
//! the many connections of others. Requests do not come here.

use std::{
    collections::BTreeMap,
    future::Future,
    hash::{BuildHasher, RandomState},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    session::Revocation,
    subject::{NO_REALM, Subject},
    verify::Verified,
};

/// Those who wait, by what they wait for.
#[derive(Default)]
pub(super) struct Waiters {
    hasher: RandomState,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// By hash of a [`Name`], and number of the waiting.
    waiting: BTreeMap<(u64, u64), Arc<Waiting>>,
    next: u64,
}

/// What a token can be revoked by.
#[derive(Hash)]
enum Name<'a> {
    Session(&'a str),
    SessionElsewhere { issuer: &'a str, id: &'a str },
    Token { realm: &'a str, id: &'a str },
    ApplicationToken(&'a str),
    Subject(&'a Subject),
}

/// Names by their hashes. Two that are the same wake somebody in vain.
pub(super) struct Changed(Vec<u64>);

impl Waiters {
    /// Resolves when something has changed about `token` since this was called.
    pub(super) fn wait(self: &Arc<Self>, token: &Verified) -> Change {
        let subject = token.subject();
        let session = token.session_id();
        let token_id = token.token_id();
        let foreign = token.issuer().filter(|_| !token.is_of_own_issuer());
        let names = [
            session.map(Name::Session),
            (foreign.zip(session)).map(|(issuer, id)| Name::SessionElsewhere { issuer, id }),
            token_id.map(|id| Name::Token {
                realm: token.subject_realm(),
                id,
            }),
            token_id
                .filter(|_| token.is_application())
                .map(Name::ApplicationToken),
            subject.as_ref().map(Name::Subject),
        ];
        let names: Vec<_> = names.iter().flatten().map(|name| self.hash(name)).collect();
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

    /// What `revocations` change.
    pub(super) fn changed_by<'r>(
        &self,
        revocations: impl IntoIterator<Item = &'r Revocation>,
    ) -> Changed {
        let names = revocations.into_iter().flat_map(|revocation| {
            let (name, subject) = match revocation {
                Revocation::ApplicationToken { id, .. } => (Name::ApplicationToken(id), None),
                // A log-out reaches other tokens of the subject by its own entry.
                Revocation::Session { id, .. } => (Name::Session(id.as_str()), None),
                // Many of one subject become a point in time, which reaches all.
                Revocation::Token { id, subject, .. } => (of_token(subject, id), Some(subject)),
                Revocation::Subject { subject, .. } => (Name::Subject(subject), None),
                // It is for everyone.
                Revocation::Realm { .. } => return [None, None],
            };
            [Some(name), subject.map(Name::Subject)]
        });
        Changed(names.flatten().map(|name| self.hash(&name)).collect())
    }

    /// Wakes those whom a change concerns, once it is in the snapshot; or everyone.
    /// No lock may be held.
    pub(super) fn wake(&self, changed: Changed, everyone: bool) {
        let table = self.table();
        let woken: Vec<_> = if everyone {
            table.waiting.values().cloned().collect()
        } else {
            let of = |name| table.waiting.range((name, 0)..=(name, u64::MAX));
            let found = changed.0.into_iter().flat_map(of);
            found.map(|(_, waiting)| waiting.clone()).collect()
        };
        drop(table);
        woken.iter().for_each(|waiting| waiting.wake());
    }

    fn hash(&self, name: &Name<'_>) -> u64 {
        self.hasher.hash_one(name)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.table().waiting.len()
    }
}

/// See [`RevokedTokens`](super::tokens::RevokedTokens).
fn of_token<'a>(subject: &'a Subject, id: &'a str) -> Name<'a> {
    match subject.realm().strip_prefix(NO_REALM) {
        Some(issuer) => Name::SessionElsewhere { issuer, id },
        None => {
            let realm = subject.realm();
            Name::Token { realm, id }
        }
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
    names: Vec<u64>,
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
        session::{DynSessionStore, MemoryStore, RevocationReason, Revocations, SessionId},
        time::{Clock, SharedClock, Timestamp},
        verify::{Status, TokenStatus},
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
        let changes = [(); 3].map(|()| waiters.wait(&token));
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
            (per_subject, subjects) in (1..4_usize, 1..4_usize),
        ) {
            let clock = Hand(Arc::new(AtomicI64::new(START)));
            let revocations = snapshot(&clock).with_limits(per_subject, subjects);
            revocations.write().heard = Some(clock.now());
            let tokens = tokens();
            for event in events {
                clock.0.fetch_add(event.3, Relaxed);
                let waiting: Vec<_> = tokens
                    .iter()
                    .map(|token| {
                        let change = revocations.waiters.wait(token);
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
