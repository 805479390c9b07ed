//! What the snapshot of revocations costs each request.

use std::time::Duration;

use portcullis::{
    issue::{TokenIssuer, TokenShape},
    jose::Algorithm,
    session::{
        DynSessionStore, MemoryStore, OpenSession, Revocation, RevocationReason, Revocations,
        SessionId, Sessions, refresh::RefreshKeys,
    },
    subject::Subject,
    time::{Clock, SharedClock},
    verify::{TokenCache, Verifier},
};
use portcullis_testing::keys;

use super::verification;
use crate::{measure::Case, web::finish};

/// A remembered token of a session, of which no snapshot is asked.
pub fn unasked(name: &str) -> Case {
    let sessions = sessions(0);
    let verifier = sessions.issuer().verifier().cache(cache());
    check(name, &sessions, verifier.build().expect("it is complete"))
}

/// The same, of which a snapshot is asked that has this many revocations.
pub fn asked(name: &str, revoked: usize) -> Case {
    let sessions = sessions(revoked);
    let verifier = sessions.verifier().cache(cache());
    check(name, &sessions, verifier.build().expect("it is complete"))
}

fn check(name: &str, sessions: &Sessions, verifier: Verifier) -> Case {
    let ticket = finish(sessions.begin_login()).expect("the store is there");
    let alice = Subject::new("users", "5ba552d67c8b4e0fa1d6b3a5f4c2e918");
    let pair = finish(sessions.open(ticket, &OpenSession::login(&alice))).expect("it opens");
    verification::accepted(name, verifier, pair.access.token().expose())
}

fn cache() -> TokenCache {
    TokenCache::new().with_shared_secrets()
}

/// An API whose snapshot has `revoked` sessions of as many subjects, as many single
/// tokens, and as many log-outs everywhere.
fn sessions(revoked: usize) -> Sessions {
    let clock = SharedClock::default();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let longest = Duration::from_secs(3600);
    let revocations = Revocations::new(store, clock.clone(), longest).sole_writer();
    finish(revocations.sync()).expect("the store is there");
    let at = clock.now();
    for number in 0..revoked {
        let subject = Subject::new("users", format!("somebody-{number}"));
        revocations.apply(Revocation::Session {
            id: SessionId::random().expect("there is randomness"),
            subject: subject.clone(),
            at,
            reason: RevocationReason::Logout,
        });
        revocations.apply(Revocation::Token {
            id: format!("token-{number}"),
            subject: subject.clone(),
            at,
            until: at.saturating_add(longest),
        });
        revocations.apply(Revocation::Subject { subject, at });
    }
    let issuer = TokenIssuer::builder(keys::signing(Algorithm::HS256))
        .shape(TokenShape::session())
        .build()
        .expect("it is complete");
    Sessions::builder(revocations, issuer)
        .refresh_keys(RefreshKeys::generate().expect("there is randomness"))
        .build()
        .expect("it is complete")
}
